# What nobody can ask for. Each run asks for several such things at once, and each of them must be refused.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "first" {
  command = plan

  variables {
    # a project by number
    project_id = "123456789012"
    # a zone
    region = "europe-west1-b"
    # a multi region of storage
    firestore_location = "EU"
    # a name too short
    name = "pet"
    # an api by tag
    api_image = "europe-west1-docker.pkg.dev/perkie-test/headshot/headshot-api:latest"
    # a worker by tag
    worker_image = "europe-west1-docker.pkg.dev/perkie-test/headshot/headshot-worker:latest"
    # everybody as an invoker
    api_invokers = ["allUsers"]
    # anybody, by accident
    api_public = true
    # an audience that is no address, and without keys
    api_id_token_audience = "headshot"
    # half a job
    api_max_backlog = 0.5
    # every origin
    allowed_origins = ["*"]
    # half an instance of the api
    api_min_instances = 0.5
    # fewer than no workers
    worker_instances = -1
    # three cores
    worker_cpu = 3
    # another fallback
    worker_gpu_fallback = "tpu"
    # another launch stage
    worker_launch_stage = "PREVIEW"
    # a model by url
    matting_model = { object = "gs://models/m.onnx", sha256 = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" }
    # an autoscaler by tag
    autoscaler = {
      image          = "us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler:1.0"
      base_image     = "x"
      config_version = "projects/p/locations/global/parameters/n/versions/1"
    }
    # photos for no time
    original_days = 0
    # pictures for ever
    output_days = 0
    # soft delete for a day
    soft_delete_days = 1
    # no address
    alert_emails = ["oncall"]
    # docs without a slash
    docs_url = "https://git.example/perkie"
    # no time at all
    api_p95_ms = 0
    # every job may fail
    failed_ratio = 1
    # no billing account
    billing_account = "mine"
    # half a coin
    monthly_budget = 0.5
    # two collectors
    telemetry = { collector_image = "docker.example/p/r/i@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", endpoint = "https://traces.example" }
    # everybody pushes
    image_writers = ["allUsers"]
  }

  expect_failures = [
    var.project_id,
    var.region,
    var.firestore_location,
    var.name,
    var.api_image,
    var.worker_image,
    var.api_invokers,
    var.api_anonymous,
    var.api_id_token_audience,
    var.api_max_backlog,
    var.allowed_origins,
    var.api_min_instances,
    var.worker_instances,
    var.worker_cpu,
    var.worker_gpu_fallback,
    var.worker_launch_stage,
    var.matting_model,
    var.autoscaler,
    var.original_days,
    var.output_days,
    var.soft_delete_days,
    var.alert_emails,
    var.docs_url,
    var.api_p95_ms,
    var.failed_ratio,
    var.billing_account,
    var.monthly_budget,
    var.telemetry,
    var.image_writers,
  ]
}

run "second" {
  command = plan

  variables {
    # a gpu where there are none
    region     = "europe-north1"
    worker_gpu = true
    # an api by half a digest
    api_image = "europe-west1-docker.pkg.dev/perkie-test/headshot/headshot-api@sha256:aaaa"
    # tokens without anybody whose they could be
    api_id_token_audience = "https://headshot.example"
    # fewer than no jobs
    api_max_backlog = -1
    # an origin with a path
    allowed_origins = ["https://shop.example/"]
    # a model without a checksum
    matting_model = { object = "m.onnx", sha256 = "" }
    # an autoscaler without a version
    autoscaler = {
      image          = "docker.example/p/r/i@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      base_image     = "x"
      config_version = "headshot-autoscaler"
    }
    # a collector by tag
    telemetry = { collector_image = "docker.example/otelcol:latest" }
  }

  expect_failures = [
    var.region,
    var.api_image,
    var.api_id_token_audience,
    var.api_max_backlog,
    var.allowed_origins,
    var.matting_model,
    var.autoscaler,
    var.telemetry,
  ]
}

run "third" {
  command = plan

  variables {
    # an audience that is no address
    api_keys              = true
    api_id_token_audience = "headshot"
    # an origin without tls
    allowed_origins = ["http://shop.example"]
    # fewer than the least
    api_min_instances = 5
    api_max_instances = 4
    # an autoscaler down to nobody
    autoscaler = {
      image          = "docker.example/p/r/i@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      base_image     = "x"
      config_version = "projects/p/locations/global/parameters/n/versions/1"
      min_instances  = 0
    }
    # a collector without tls
    telemetry = { endpoint = "http://traces.example" }
  }

  expect_failures = [
    var.api_id_token_audience,
    var.allowed_origins,
    var.api_max_instances,
    var.autoscaler,
    var.telemetry,
  ]
}

run "fourth" {
  command = plan

  variables {
    # no instance of the api
    api_min_instances = 0
    api_max_instances = 0
    # one core, and the memory of the default, which is for four
    worker_cpu = 1
    # a token for oneself
    telemetry = { collector_image = "docker.example/p/r/i@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", headers_secret = true }
  }

  expect_failures = [
    var.api_max_instances,
    var.worker_memory_gib,
    var.telemetry,
  ]
}

run "fifth" {
  command = plan

  variables {
    # too little memory
    worker_cpu = 8
    # more than all traces
    telemetry = { endpoint = "https://traces.example", sample_ratio = 2 }
  }

  expect_failures = [
    var.worker_memory_gib,
    var.telemetry,
  ]
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
