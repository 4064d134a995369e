mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "api" {
  command = plan

  variables {
    allowed_origins = ["https://shop.example", "https://www.shop.example"]
  }

  assert {
    condition = { for setting in google_cloud_run_v2_service.api.template[0].containers[0].env : setting.name => setting.value } == {
      BACKEND                = "gcp"
      PROJECT_ID             = "perkie-test"
      GCS_BUCKET_ORIGINAL    = "perkie-test-headshot-originals"
      GCS_BUCKET_OUTPUT      = "perkie-test-headshot-outputs"
      PUBSUB_TOPIC           = "headshot-tasks"
      FIRESTORE_DATABASE     = "headshot"
      FIRESTORE_COLLECTION   = "headshots"
      ALLOWED_ORIGINS        = "https://shop.example,https://www.shop.example"
      MAX_UPLOAD_BYTES       = "33292288"
      MAX_CONCURRENT_UPLOADS = "200"
      RECORD_TTL_DAYS        = "90"
      ALLOW_ANONYMOUS        = "true"
      MAX_BACKLOG            = "2000"
    }
    error_message = "The API's settings are these and no others."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.api.name == "headshot-api"
      && google_cloud_run_v2_service.api.location == "europe-west1"
      && google_cloud_run_v2_service.api.ingress == "INGRESS_TRAFFIC_ALL"
    )
    error_message = "The API is in the region, and browsers reach it."
  }

  assert {
    condition     = google_cloud_run_v2_service.api.deletion_protection
    error_message = "The API must be protected from deletion."
  }

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].image == var.api_image && strcontains(google_cloud_run_v2_service.api.template[0].containers[0].image, "@sha256:")
    error_message = "The API's image is named by digest."
  }

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].service_account == "headshot-api@perkie-test.iam.gserviceaccount.com"
    error_message = "The API must not run as the project's default account, which may do anything."
  }

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].timeout == "330s"
    error_message = "The slowest upload and the wait for its picture must fit into a request."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.api.template[0].max_instance_request_concurrency * 0.6 < local.api_uploads
      && local.api_uploads < google_cloud_run_v2_service.api.template[0].max_instance_request_concurrency
    )
    error_message = "Another instance is started before an upload is refused, and Cloud Run lets in so many uploads."
  }

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].scaling[0].min_instance_count == 1 && google_cloud_run_v2_service.api.template[0].scaling[0].max_instance_count == 10
    error_message = "From 1 to 10 instances of the API."
  }

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].containers[0].ports[0].container_port == 8080
    error_message = "Cloud Run tells the program its port by this."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.api.template[0].containers[0].resources[0].limits == tomap({ cpu = "1", memory = "512Mi" })
      && google_cloud_run_v2_service.api.template[0].containers[0].resources[0].cpu_idle
      && google_cloud_run_v2_service.api.template[0].containers[0].resources[0].startup_cpu_boost
    )
    error_message = "One core, 512 MiB, billed by request."
  }

  assert {
    condition = [for probe in google_cloud_run_v2_service.api.template[0].containers[0].startup_probe :
      [probe.http_get[0].path, probe.http_get[0].port, probe.period_seconds, probe.timeout_seconds, probe.failure_threshold]
    ] == [["/readyz?without=queue", 8080, 5, 5, 36]]
    error_message = "A revision that cannot reach what it needs must not get customers."
  }

  assert {
    condition = [for probe in google_cloud_run_v2_service.api.template[0].containers[0].liveness_probe :
      [probe.http_get[0].path, probe.http_get[0].port, probe.period_seconds, probe.timeout_seconds, probe.failure_threshold]
    ] == [["/healthz", 8080, 15, 5, 4]]
    error_message = "A stuck process is restarted, and an outage elsewhere restarts nobody."
  }

  assert {
    condition     = [for traffic in google_cloud_run_v2_service.api.traffic : [traffic.type, traffic.percent]] == [["TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", 100]]
    error_message = "Everybody gets the latest revision."
  }

  assert {
    condition     = length(google_cloud_run_v2_service.api.template[0].containers) == 1
    error_message = "Without telemetry there is no collector."
  }

  assert {
    condition = (
      length(google_secret_manager_secret.api_keys) == 0
      && length(google_secret_manager_secret_iam_member.api_keys) == 0 && length(google_secret_manager_secret_iam_member.worker_reads_keys) == 0
      && length(google_cloud_run_v2_service.api.template[0].volumes) == 0
      && length(google_cloud_run_v2_service.api.template[0].containers[0].volume_mounts) == 0
    )
    error_message = "Without keys there is no secret of them."
  }
}

run "keys" {
  command = plan

  variables {
    api_public            = true
    api_keys              = true
    api_id_token_audience = "https://headshot.example"
    api_max_backlog       = 0
  }

  assert {
    condition = { for name, value in local.api_settings : name => value if contains(["API_KEYS_FILE", "ALLOW_ANONYMOUS", "ID_TOKEN_AUDIENCE", "MAX_BACKLOG"], name) } == {
      API_KEYS_FILE     = "/keys/keys.json"
      ID_TOKEN_AUDIENCE = "https://headshot.example"
      MAX_BACKLOG       = "0"
    }
    error_message = "With keys, nobody is served without one."
  }

  assert {
    condition = [for volume in google_cloud_run_v2_service.api.template[0].volumes :
      [volume.name, volume.secret[0].secret, volume.secret[0].items[0].version, volume.secret[0].items[0].path]
    ] == [["keys", "headshot-api-keys", "latest", "keys.json"]]
    error_message = "The latest file of keys is there to be mounted."
  }

  assert {
    condition     = [for mount in google_cloud_run_v2_service.api.template[0].containers[0].volume_mounts : [mount.name, mount.mount_path]] == [["keys", "/keys"]]
    error_message = "The file of keys is where the program looks for it."
  }

  assert {
    condition     = [for secret in google_secret_manager_secret.api_keys : [secret.secret_id, secret.replication[0].user_managed[0].replicas[0].location]] == [["headshot-api-keys", "europe-west1"]]
    error_message = "The secret stays in the region."
  }

  assert {
    condition = [for grant in concat(google_secret_manager_secret_iam_member.api_keys, google_secret_manager_secret_iam_member.worker_reads_keys) : [grant.secret_id, grant.role, grant.member]] == [
      ["headshot-api-keys", "roles/secretmanager.secretAccessor", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"],
      ["headshot-api-keys", "roles/secretmanager.secretAccessor", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
    ]
    error_message = "The API looks callers up in it, and the worker signs webhooks with what is in it."
  }
}

run "keys_and_anybody" {
  command = plan

  variables {
    api_keys      = true
    api_anonymous = true
  }

  assert {
    condition     = local.api_settings.ALLOW_ANONYMOUS == "true" && local.api_settings.API_KEYS_FILE == "/keys/keys.json"
    error_message = "Both may be wanted: keys for the shop's server, and its pages without."
  }
}

run "keys_for_invokers_alone" {
  command = plan

  variables {
    api_keys = true
  }

  assert {
    condition     = !contains(keys(local.api_settings), "ALLOW_ANONYMOUS")
    error_message = "Where there are keys, nobody is served without one, public or not."
  }
}

run "sizes" {
  command = plan

  variables {
    api_min_instances = 0
    api_max_instances = 3
  }

  assert {
    condition     = google_cloud_run_v2_service.api.template[0].scaling[0].min_instance_count == 0 && google_cloud_run_v2_service.api.template[0].scaling[0].max_instance_count == 3
    error_message = "The variables must reach the service."
  }
}
