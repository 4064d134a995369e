mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  autoscaler = {
    image          = "us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
    base_image     = "us-central1-docker.pkg.dev/serverless-runtimes/google-24/runtimes/java25"
    config_version = "projects/perkie-test/locations/global/parameters/headshot-autoscaler/versions/1"
  }
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
    condition     = output.images == { api = var.api_image, worker = var.worker_image }
    error_message = "What runs is said of this pool as well."
  }

  assert {
    condition     = [local.worker_pool.name, local.worker_pool.location, local.worker_pool.launch_stage] == ["headshot-worker-scaled", "europe-west1", "BETA"]
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
    condition     = length(local.worker_pool.template[0].containers) == 1 && length(google_cloud_run_v2_worker_pool.worker) == 0
    error_message = "One pool with one container."
  }

  assert {
    condition     = length(local.worker_pool.template[0].volumes) == 0 && length(local.worker_pool.template[0].containers[0].volume_mounts) == 0
    error_message = "Without keys there is no file of them."
  }

  assert {
    condition = [for grant in google_cloud_run_v2_worker_pool_iam_member.autoscaler : [grant.name, grant.location, grant.role, grant.member]] == [
      ["headshot-worker-scaled", "europe-west1", "roles/run.developer", "serviceAccount:headshot-autoscaler@perkie-test.iam.gserviceaccount.com"]
    ]
    error_message = "The autoscaler sets the pool's number of instances, and no other pool's."
  }

  assert {
    condition = [for grant in google_service_account_iam_member.autoscaler : [grant.service_account_id, grant.role, grant.member]] == [
      ["projects/perkie-test/serviceAccounts/headshot-worker@perkie-test.iam.gserviceaccount.com", "roles/iam.serviceAccountUser", "serviceAccount:headshot-autoscaler@perkie-test.iam.gserviceaccount.com"]
    ]
    error_message = "A new revision runs as the worker's account, which the autoscaler must be allowed to use."
  }

  assert {
    condition = [for grant in google_project_iam_member.autoscaler : [grant.project, grant.role, grant.member]] == [
      ["perkie-test", "roles/monitoring.viewer", "serviceAccount:headshot-autoscaler@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test", "roles/parametermanager.parameterViewer", "serviceAccount:headshot-autoscaler@perkie-test.iam.gserviceaccount.com"],
    ]
    error_message = "The autoscaler reads the queue's length and its own configuration."
  }

  assert {
    condition     = google_service_account.autoscaler[0].account_id == "headshot-autoscaler"
    error_message = "The autoscaler has an account of its own."
  }

  assert {
    condition = [for service in google_cloud_run_v2_service.autoscaler : [service.name, service.location, service.ingress, service.template[0].service_account, service.deletion_protection]] == [
      ["headshot-autoscaler", "europe-west1", "INGRESS_TRAFFIC_INTERNAL_ONLY", "headshot-autoscaler@perkie-test.iam.gserviceaccount.com", false]
    ]
    error_message = "Nobody outside can call the autoscaler, and it runs as its own account."
  }

  assert {
    condition     = google_cloud_run_v2_service.autoscaler[0].scaling[0].scaling_mode == "MANUAL" && google_cloud_run_v2_service.autoscaler[0].scaling[0].manual_instance_count == 1
    error_message = "There must be exactly one autoscaler."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.autoscaler[0].template[0].containers[0].image == var.autoscaler.image
      && google_cloud_run_v2_service.autoscaler[0].template[0].containers[0].base_image_uri == var.autoscaler.base_image
      && google_cloud_run_v2_service.autoscaler[0].template[0].containers[0].resources[0].cpu_idle == false
      && { for setting in google_cloud_run_v2_service.autoscaler[0].template[0].containers[0].env : setting.name => setting.value } == { CREMA_CONFIG = var.autoscaler.config_version }
    )
    error_message = "The autoscaler's container is as Google's instructions have it."
  }

  assert {
    condition = yamldecode(output.autoscaler_config) == {
      apiVersion = "crema/v1"
      kind       = "CremaConfig"
      spec = {
        pollingInterval        = 30
        triggerAuthentications = [{ metadata = { name = "own-account" }, spec = { podIdentity = { provider = "gcp" } } }]
        scaledObjects = [{ spec = {
          scaleTargetRef  = { name = "projects/perkie-test/locations/europe-west1/workerpools/headshot-worker-scaled" }
          minReplicaCount = 1
          maxReplicaCount = 10
          triggers = [{
            type              = "gcp-pubsub"
            name              = "tasks"
            metadata          = { subscriptionName = "projects/perkie-test/subscriptions/headshot-tasks", mode = "SubscriptionSize", value = "40" }
            authenticationRef = { name = "own-account" }
          }]
        } }]
      }
    }
    error_message = "The autoscaler's configuration names our pool and our queue."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.no_worker.conditions[0].condition_threshold[0].filter, "headshot-worker-scaled")
    error_message = "The alert follows the pool."
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
    condition     = output.images == { api = var.api_image, worker = var.worker_image }
    error_message = "What runs is said of this pool as well."
  }

  assert {
    condition     = [local.worker_pool.name, local.worker_pool.location, local.worker_pool.launch_stage] == ["headshot-worker-scaled", "europe-west1", "BETA"]
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

run "more_instances" {
  command = plan

  variables {
    autoscaler = {
      image              = "us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
      base_image         = "us-central1-docker.pkg.dev/serverless-runtimes/google-24/runtimes/java25"
      config_version     = "projects/perkie-test/locations/global/parameters/headshot-autoscaler/versions/1"
      min_instances      = 2
      max_instances      = 30
      tasks_per_instance = 20
    }
    worker_launch_stage = "GA"
  }

  assert {
    condition = (
      local.worker_pool.scaling[0].manual_instance_count == 2
      && yamldecode(output.autoscaler_config).spec.scaledObjects[0].spec.minReplicaCount == 2
      && yamldecode(output.autoscaler_config).spec.scaledObjects[0].spec.maxReplicaCount == 30
      && yamldecode(output.autoscaler_config).spec.scaledObjects[0].spec.triggers[0].metadata.value == "20"
      && local.worker_pool.launch_stage == "GA"
    )
    error_message = "The variables must reach pool and autoscaler."
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

# What Terraform ignores is in no plan, and the two pools must not drift apart.
run "source" {
  command = plan

  module {
    source = "./tests/source"
  }

  assert {
    condition     = strcontains(output.files["worker_autoscaled.tf"], "    ignore_changes = [scaling[0].manual_instance_count]\n")
    error_message = "Terraform must leave the number of instances to the autoscaler."
  }

  assert {
    condition     = !strcontains(output.files["worker.tf"], "ignore_changes")
    error_message = "Without an autoscaler Terraform sets the number of instances."
  }

  assert {
    condition = (
      regex("(?s)  template \\{.*?\n  \\}\n", output.files["worker.tf"])
      == regex("(?s)  template \\{.*?\n  \\}\n", output.files["worker_autoscaled.tf"])
    )
    error_message = "worker.tf and worker_autoscaled.tf must describe the same worker."
  }
}
