# What nobody can ask for.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "a_project_by_number" {
  command = plan

  variables {
    project_id = "123456789012"
  }

  expect_failures = [var.project_id]
}

run "a_zone" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
}

run "a_gpu_where_there_are_none" {
  command = plan

  variables {
    region     = "europe-north1"
    worker_gpu = true
  }

  expect_failures = [var.region]
}

run "a_multi_region_of_storage" {
  command = plan

  variables {
    firestore_location = "EU"
  }

  expect_failures = [var.firestore_location]
}

run "a_name_too_short" {
  command = plan

  variables {
    name = "pet"
  }

  expect_failures = [var.name]
}

run "an_api_by_tag" {
  command = plan

  variables {
    api_image = "europe-west1-docker.pkg.dev/perkie-test/headshot/headshot-api:latest"
  }

  expect_failures = [var.api_image]
}

run "an_api_by_half_a_digest" {
  command = plan

  variables {
    api_image = "europe-west1-docker.pkg.dev/perkie-test/headshot/headshot-api@sha256:aaaa"
  }

  expect_failures = [var.api_image]
}

run "a_worker_by_tag" {
  command = plan

  variables {
    worker_image = "europe-west1-docker.pkg.dev/perkie-test/headshot/headshot-worker:latest"
  }

  expect_failures = [var.worker_image]
}

run "everybody_as_an_invoker" {
  command = plan

  variables {
    api_invokers = ["allUsers"]
  }

  expect_failures = [var.api_invokers]
}

run "every_origin" {
  command = plan

  variables {
    allowed_origins = ["*"]
  }

  expect_failures = [var.allowed_origins]
}

run "an_origin_with_a_path" {
  command = plan

  variables {
    allowed_origins = ["https://shop.example/"]
  }

  expect_failures = [var.allowed_origins]
}

run "an_origin_without_tls" {
  command = plan

  variables {
    allowed_origins = ["http://shop.example"]
  }

  expect_failures = [var.allowed_origins]
}

run "half_an_instance_of_the_api" {
  command = plan

  variables {
    api_min_instances = 0.5
  }

  expect_failures = [var.api_min_instances]
}

run "fewer_than_the_least" {
  command = plan

  variables {
    api_min_instances = 5
    api_max_instances = 4
  }

  expect_failures = [var.api_max_instances]
}

run "no_instance_of_the_api" {
  command = plan

  variables {
    api_min_instances = 0
    api_max_instances = 0
  }

  expect_failures = [var.api_max_instances]
}

run "fewer_than_no_workers" {
  command = plan

  variables {
    worker_instances = -1
  }

  expect_failures = [var.worker_instances]
}

run "three_cores" {
  command = plan

  variables {
    worker_cpu = 3
  }

  expect_failures = [var.worker_cpu]
}

run "too_little_memory" {
  command = plan

  variables {
    worker_cpu = 8
  }

  expect_failures = [var.worker_memory_gib]
}

run "another_fallback" {
  command = plan

  variables {
    worker_gpu_fallback = "tpu"
  }

  expect_failures = [var.worker_gpu_fallback]
}

run "another_launch_stage" {
  command = plan

  variables {
    worker_launch_stage = "PREVIEW"
  }

  expect_failures = [var.worker_launch_stage]
}

run "a_model_by_url" {
  command = plan

  variables {
    matting_model = { object = "gs://models/m.onnx", sha256 = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" }
  }

  expect_failures = [var.matting_model]
}

run "a_model_without_a_checksum" {
  command = plan

  variables {
    matting_model = { object = "m.onnx", sha256 = "" }
  }

  expect_failures = [var.matting_model]
}

run "an_autoscaler_by_tag" {
  command = plan

  variables {
    autoscaler = {
      image          = "us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler:1.0"
      base_image     = "x"
      config_version = "projects/p/locations/global/parameters/n/versions/1"
    }
  }

  expect_failures = [var.autoscaler]
}

run "an_autoscaler_without_a_version" {
  command = plan

  variables {
    autoscaler = {
      image          = "docker.example/p/r/i@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      base_image     = "x"
      config_version = "headshot-autoscaler"
    }
  }

  expect_failures = [var.autoscaler]
}

run "an_autoscaler_down_to_nobody" {
  command = plan

  variables {
    autoscaler = {
      image          = "docker.example/p/r/i@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      base_image     = "x"
      config_version = "projects/p/locations/global/parameters/n/versions/1"
      min_instances  = 0
    }
  }

  expect_failures = [var.autoscaler]
}

run "photos_for_no_time" {
  command = plan

  variables {
    original_days = 0
  }

  expect_failures = [var.original_days]
}

run "pictures_for_ever" {
  command = plan

  variables {
    output_days = 0
  }

  expect_failures = [var.output_days]
}

run "soft_delete_for_a_day" {
  command = plan

  variables {
    soft_delete_days = 1
  }

  expect_failures = [var.soft_delete_days]
}

run "no_address" {
  command = plan

  variables {
    alert_emails = ["oncall"]
  }

  expect_failures = [var.alert_emails]
}

run "docs_without_a_slash" {
  command = plan

  variables {
    docs_url = "https://git.example/perkie"
  }

  expect_failures = [var.docs_url]
}

run "no_time_at_all" {
  command = plan

  variables {
    api_p95_ms = 0
  }

  expect_failures = [var.api_p95_ms]
}

run "every_job_may_fail" {
  command = plan

  variables {
    failed_ratio = 1
  }

  expect_failures = [var.failed_ratio]
}

run "no_billing_account" {
  command = plan

  variables {
    billing_account = "mine"
  }

  expect_failures = [var.billing_account]
}

run "half_a_coin" {
  command = plan

  variables {
    monthly_budget = 0.5
  }

  expect_failures = [var.monthly_budget]
}

run "two_collectors" {
  command = plan

  variables {
    telemetry = { collector_image = "docker.example/p/r/i@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", endpoint = "https://traces.example" }
  }

  expect_failures = [var.telemetry]
}

run "a_collector_by_tag" {
  command = plan

  variables {
    telemetry = { collector_image = "docker.example/otelcol:latest" }
  }

  expect_failures = [var.telemetry]
}

run "a_collector_without_tls" {
  command = plan

  variables {
    telemetry = { endpoint = "http://traces.example" }
  }

  expect_failures = [var.telemetry]
}

run "a_token_for_oneself" {
  command = plan

  variables {
    telemetry = { collector_image = "docker.example/p/r/i@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", headers_secret = true }
  }

  expect_failures = [var.telemetry]
}

run "more_than_all_traces" {
  command = plan

  variables {
    telemetry = { endpoint = "https://traces.example", sample_ratio = 2 }
  }

  expect_failures = [var.telemetry]
}

run "everybody_pushes" {
  command = plan

  variables {
    image_writers = ["allUsers"]
  }

  expect_failures = [var.image_writers]
}

run "a_gpu_in_a_region_that_was_added" {
  command = plan

  variables {
    region      = "europe-north1"
    worker_gpu  = true
    gpu_regions = ["europe-north1"]
  }

  assert {
    condition     = local.worker_pool.template[0].node_selector[0].accelerator == "nvidia-l4"
    error_message = "Google adds regions; nobody should have to change the module for that."
  }
}
