mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "off" {
  command = plan

  assert {
    condition     = length([for name in concat(keys(local.api_settings), keys(local.worker_settings)) : name if startswith(name, "OTEL_")]) == 0
    error_message = "Without telemetry nothing is sent anywhere."
  }

  assert {
    condition     = length(google_secret_manager_secret.otlp_headers) == 0 && length(google_secret_manager_secret_iam_member.otlp_headers) == 0 && length(google_project_iam_member.api_traces) == 0
    error_message = "Without telemetry there is no secret and no right to write traces."
  }
}

run "beside" {
  command = plan

  variables {
    telemetry = {
      collector_image = "us-docker.pkg.dev/cloud-ops-agents-artifacts/google-cloud-opentelemetry-collector/otelcol-google@sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
    }
  }

  assert {
    condition = alltrue([for settings in [local.api_settings, local.worker_settings] : (
      { for name, value in settings : name => value if startswith(name, "OTEL_") } == {
        OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
        OTEL_TRACES_SAMPLER         = "parentbased_traceidratio"
        OTEL_TRACES_SAMPLER_ARG     = "0.1"
      }
    )])
    error_message = "Both programs send a tenth of their traces to the collector beside them."
  }

  assert {
    condition = alltrue([for program in [google_cloud_run_v2_service.api, local.worker_pool] : (
      length(program.template[0].containers) == 2
      && program.template[0].containers[1].name == "collector"
      && program.template[0].containers[1].image == var.telemetry.collector_image
      && program.template[0].containers[1].resources[0].limits == tomap({ cpu = "1", memory = "512Mi" })
    )])
    error_message = "A collector runs beside each program."
  }

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].name == "api" && local.worker_pool.template[0].containers[0].name == "worker"
    error_message = "The containers can be told apart."
  }

  assert {
    condition = [for grant in google_project_iam_member.api_traces : [grant.project, grant.role, grant.member]] == [
      ["perkie-test", "roles/cloudtrace.agent", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"]
    ]
    error_message = "The API's collector writes traces with the API's account."
  }

  assert {
    condition     = length(google_secret_manager_secret.otlp_headers) == 0
    error_message = "A collector of one's own asks for no token."
  }
}

run "beside_an_autoscaled_worker" {
  command = plan

  variables {
    telemetry = {
      collector_image = "us-docker.pkg.dev/cloud-ops-agents-artifacts/google-cloud-opentelemetry-collector/otelcol-google@sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
    }
    autoscaler = {
      image          = "us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
      base_image     = "us-central1-docker.pkg.dev/serverless-runtimes/google-24/runtimes/java25"
      config_version = "projects/perkie-test/locations/global/parameters/headshot-autoscaler/versions/1"
    }
  }

  assert {
    condition = (
      [for container in local.worker_pool.template[0].containers : container.name] == ["worker", "collector"]
      && local.worker_pool.template[0].containers[1].image == var.telemetry.collector_image
      && local.worker_pool.template[0].containers[1].resources[0].limits == tomap({ cpu = "1", memory = "512Mi" })
    )
    error_message = "A collector runs beside an autoscaled worker as well."
  }
}

run "elsewhere" {
  command = plan

  variables {
    telemetry = {
      endpoint       = "https://traces.example"
      headers_secret = true
      sample_ratio   = 0.5
    }
  }

  assert {
    condition = (
      local.api_settings.OTEL_EXPORTER_OTLP_ENDPOINT == "https://traces.example" && local.api_settings.OTEL_TRACES_SAMPLER_ARG == "0.5"
      && local.worker_settings.OTEL_EXPORTER_OTLP_ENDPOINT == "https://traces.example" && local.worker_settings.OTEL_TRACES_SAMPLER_ARG == "0.5"
    )
    error_message = "Both programs send their traces to the collector that was named."
  }

  assert {
    condition = alltrue([for program in [google_cloud_run_v2_service.api, local.worker_pool] : (
      [for setting in program.template[0].containers[0].env : [setting.name, setting.value_source[0].secret_key_ref[0].secret, setting.value_source[0].secret_key_ref[0].version] if length(setting.value_source) > 0]
      == [["OTEL_EXPORTER_OTLP_HEADERS", "headshot-otlp-headers", "latest"]]
    )])
    error_message = "Both programs get the collector's token from the secret."
  }

  assert {
    condition = (
      google_secret_manager_secret.otlp_headers[0].secret_id == "headshot-otlp-headers"
      && google_secret_manager_secret.otlp_headers[0].replication[0].user_managed[0].replicas[0].location == "europe-west1"
    )
    error_message = "The secret stays in the region."
  }

  assert {
    condition = { for who, grant in google_secret_manager_secret_iam_member.otlp_headers : who => [grant.secret_id, grant.role, grant.member] } == {
      api    = ["projects/perkie-test/secrets/headshot-otlp-headers", "roles/secretmanager.secretAccessor", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"]
      worker = ["projects/perkie-test/secrets/headshot-otlp-headers", "roles/secretmanager.secretAccessor", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"]
    }
    error_message = "Both programs, and nobody else, read the token."
  }

  assert {
    condition     = length(google_cloud_run_v2_service.api.template[0].containers) == 1 && length(google_project_iam_member.api_traces) == 0
    error_message = "With a collector elsewhere there is none beside the program."
  }
}

run "elsewhere_from_an_autoscaled_worker" {
  command = plan

  variables {
    telemetry = {
      endpoint       = "https://traces.example"
      headers_secret = true
    }
    autoscaler = {
      image          = "us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
      base_image     = "us-central1-docker.pkg.dev/serverless-runtimes/google-24/runtimes/java25"
      config_version = "projects/perkie-test/locations/global/parameters/headshot-autoscaler/versions/1"
    }
  }

  assert {
    condition = (
      [for setting in local.worker_pool.template[0].containers[0].env : [setting.name, setting.value_source[0].secret_key_ref[0].secret, setting.value_source[0].secret_key_ref[0].version] if length(setting.value_source) > 0]
      == [["OTEL_EXPORTER_OTLP_HEADERS", "headshot-otlp-headers", "latest"]]
    )
    error_message = "An autoscaled worker gets the collector's token as well."
  }
}
