mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "cpu" {
  command = plan

  assert {
    condition = { for setting in local.worker_pool.template[0].containers[0].env : setting.name => setting.value } == {
      BACKEND                  = "gcp"
      PROJECT_ID               = "perkie-test"
      GCS_BUCKET_ORIGINAL      = "perkie-test-headshot-originals"
      GCS_BUCKET_OUTPUT        = "perkie-test-headshot-outputs"
      PUBSUB_TOPIC             = "headshot-tasks"
      PUBSUB_SUBSCRIPTION      = "headshot-tasks"
      PUBSUB_DEAD_LETTER_TOPIC = "headshot-dead-letters"
      FIRESTORE_DATABASE       = "headshot"
      FIRESTORE_COLLECTION     = "headshots"
      HOST                     = "0.0.0.0"
      WORKER_CONCURRENCY       = "4"
      GLIBC_TUNABLES           = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=67108864:glibc.malloc.top_pad=67108864:glibc.malloc.trim_threshold=1000000000"
    }
    error_message = "The worker's settings are these and no others."
  }

  assert {
    condition     = [local.worker_pool.name, local.worker_pool.location, local.worker_pool.launch_stage] == ["headshot-worker", "europe-west1", "BETA"]
    error_message = "The worker pool is in the region, under its name."
  }

  assert {
    condition     = local.worker_pool.deletion_protection == false
    error_message = "A pool holds nothing, and the switch to the autoscaler and back replaces it."
  }

  assert {
    condition     = local.worker_pool.template[0].containers[0].image == var.worker_image && strcontains(local.worker_pool.template[0].containers[0].image, "@sha256:")
    error_message = "The worker's image is named by digest."
  }

  assert {
    condition     = local.worker_pool.template[0].service_account == "headshot-worker@perkie-test.iam.gserviceaccount.com"
    error_message = "The worker must not run as the project's default account, which may do anything."
  }

  assert {
    condition     = local.worker_pool.scaling[0].manual_instance_count == 1
    error_message = "There is a worker."
  }

  assert {
    condition     = local.worker_pool.template[0].containers[0].resources[0].limits == tomap({ cpu = "4", memory = "6Gi" })
    error_message = "The worker has the cores and the memory that its concurrency needs."
  }

  assert {
    condition = [for probe in local.worker_pool.template[0].containers[0].startup_probe :
      [probe.http_get[0].path, probe.http_get[0].port, probe.period_seconds, probe.timeout_seconds, probe.failure_threshold]
    ] == [["/readyz", 8081, 10, 6, 24]]
    error_message = "A revision that cannot reach what it needs must not replace one that can."
  }

  assert {
    condition = [for probe in local.worker_pool.template[0].containers[0].liveness_probe :
      [probe.http_get[0].path, probe.http_get[0].port, probe.period_seconds, probe.timeout_seconds, probe.failure_threshold]
    ] == [["/livez", 8081, 15, 5, 4]]
    error_message = "A stuck worker is restarted, and an outage elsewhere restarts nobody."
  }

  assert {
    condition     = length(local.worker_pool.template[0].node_selector) == 0
    error_message = "GPU or no GPU, as asked for."
  }

  assert {
    condition     = length(local.worker_pool.template[0].containers) == 1 && length(google_cloud_run_v2_worker_pool.autoscaled) == 0
    error_message = "One pool with one container."
  }

  assert {
    condition     = length(local.worker_pool.template[0].volumes) == 0 && length(local.worker_pool.template[0].containers[0].volume_mounts) == 0
    error_message = "Without keys there is no file of them."
  }
}

run "keys" {
  command = plan

  variables {
    api_keys = true
  }

  assert {
    condition     = { for setting in local.worker_pool.template[0].containers[0].env : setting.name => setting.value if setting.name == "API_KEYS_FILE" } == { API_KEYS_FILE = "/keys/keys.json" }
    error_message = "The worker takes the secrets of webhooks from the file of keys."
  }

  assert {
    condition = [for volume in local.worker_pool.template[0].volumes :
      [volume.name, volume.secret[0].secret, volume.secret[0].items[0].version, volume.secret[0].items[0].path]
    ] == [["keys", "headshot-api-keys", "latest", "keys.json"]]
    error_message = "The latest file of keys is there to be mounted."
  }

  assert {
    condition     = [for mount in local.worker_pool.template[0].containers[0].volume_mounts : [mount.name, mount.mount_path]] == [["keys", "/keys"]]
    error_message = "The file of keys is where the program looks for it."
  }
}

run "gpu" {
  command = plan

  variables {
    worker_gpu = true
  }

  assert {
    condition = { for setting in local.worker_pool.template[0].containers[0].env : setting.name => setting.value } == {
      BACKEND                  = "gcp"
      PROJECT_ID               = "perkie-test"
      GCS_BUCKET_ORIGINAL      = "perkie-test-headshot-originals"
      GCS_BUCKET_OUTPUT        = "perkie-test-headshot-outputs"
      PUBSUB_TOPIC             = "headshot-tasks"
      PUBSUB_SUBSCRIPTION      = "headshot-tasks"
      PUBSUB_DEAD_LETTER_TOPIC = "headshot-dead-letters"
      FIRESTORE_DATABASE       = "headshot"
      FIRESTORE_COLLECTION     = "headshots"
      HOST                     = "0.0.0.0"
      WORKER_CONCURRENCY       = "4"
      GLIBC_TUNABLES           = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=67108864:glibc.malloc.top_pad=67108864:glibc.malloc.trim_threshold=1000000000"
      ORT_CUDA                 = "1"
      ORT_CUDA_FALLBACK        = "refuse"
    }
    error_message = "The worker's settings are these and no others."
  }

  assert {
    condition     = [local.worker_pool.name, local.worker_pool.location, local.worker_pool.launch_stage] == ["headshot-worker", "europe-west1", "BETA"]
    error_message = "The worker pool is in the region, under its name."
  }

  assert {
    condition     = local.worker_pool.deletion_protection == false
    error_message = "A pool holds nothing, and the switch to the autoscaler and back replaces it."
  }

  assert {
    condition     = local.worker_pool.template[0].containers[0].image == var.worker_image && strcontains(local.worker_pool.template[0].containers[0].image, "@sha256:")
    error_message = "The worker's image is named by digest."
  }

  assert {
    condition     = local.worker_pool.template[0].service_account == "headshot-worker@perkie-test.iam.gserviceaccount.com"
    error_message = "The worker must not run as the project's default account, which may do anything."
  }

  assert {
    condition     = local.worker_pool.scaling[0].manual_instance_count == 1
    error_message = "There is a worker."
  }

  assert {
    condition     = local.worker_pool.template[0].containers[0].resources[0].limits == tomap({ cpu = "4", memory = "16Gi", "nvidia.com/gpu" = "1" })
    error_message = "The worker has the cores and the memory that its concurrency needs."
  }

  assert {
    condition = [for probe in local.worker_pool.template[0].containers[0].startup_probe :
      [probe.http_get[0].path, probe.http_get[0].port, probe.period_seconds, probe.timeout_seconds, probe.failure_threshold]
    ] == [["/readyz", 8081, 10, 6, 24]]
    error_message = "A revision that cannot reach what it needs must not replace one that can."
  }

  assert {
    condition = [for probe in local.worker_pool.template[0].containers[0].liveness_probe :
      [probe.http_get[0].path, probe.http_get[0].port, probe.period_seconds, probe.timeout_seconds, probe.failure_threshold]
    ] == [["/livez", 8081, 15, 5, 4]]
    error_message = "A stuck worker is restarted, and an outage elsewhere restarts nobody."
  }

  assert {
    condition     = [for node in local.worker_pool.template[0].node_selector : node.accelerator] == ["nvidia-l4"] && local.worker_pool.template[0].gpu_zonal_redundancy_disabled
    error_message = "GPU or no GPU, as asked for."
  }
}

run "other_sizes" {
  command = plan

  variables {
    worker_cpu          = 8
    worker_memory_gib   = 9
    worker_instances    = 3
    worker_launch_stage = "GA"
  }

  assert {
    condition = (
      local.worker_pool.template[0].containers[0].resources[0].limits == tomap({ cpu = "8", memory = "9Gi" })
      && local.worker_settings.WORKER_CONCURRENCY == "8"
      && local.worker_pool.scaling[0].manual_instance_count == 3
      && local.worker_pool.launch_stage == "GA"
    )
    error_message = "The variables must reach the pool, and each core gets a photo."
  }
}

run "gpu_or_cpu" {
  command = plan

  variables {
    worker_gpu          = true
    worker_gpu_fallback = "cpu"
  }

  assert {
    condition     = local.worker_settings.ORT_CUDA_FALLBACK == "cpu"
    error_message = "The fallback must reach the worker."
  }
}

run "another_model" {
  command = plan

  variables {
    matting_model = {
      object  = "pets/download.onnx"
      sha256  = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
      profile = "rmbg"
    }
  }

  assert {
    condition = (
      local.worker_settings.MATTING_MODEL_GCS == "gs://perkie-test-headshot-models/pets/download.onnx#sha256=cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
      && local.worker_settings.MATTING_MODEL_PROFILE == "rmbg"
    )
    error_message = "Another model is named with its checksum and its profile."
  }
}

run "another_model_that_describes_itself" {
  command = plan

  variables {
    matting_model = {
      object = "pets/matte-3.onnx"
      sha256 = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
    }
  }

  assert {
    condition     = !contains(keys(local.worker_settings), "MATTING_MODEL_PROFILE") && contains(keys(local.worker_settings), "MATTING_MODEL_GCS")
    error_message = "Without a profile there is no such setting."
  }
}
