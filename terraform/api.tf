resource "google_cloud_run_v2_service" "api" {
  name     = "${var.name}-api"
  location = var.region
  ingress  = "INGRESS_TRAFFIC_ALL"

  # Its address is in the shop's pages.
  deletion_protection = true

  template {
    service_account = google_service_account.api.email

    # An upload may take 300 s (UPLOAD_TIMEOUT), and POST /headshot waits another 25 for the worker (SYNC_WAIT).
    timeout = "330s"

    # Uploads, requests that wait for news, and event streams share these.
    max_instance_request_concurrency = local.api_concurrency

    scaling {
      min_instance_count = var.api_min_instances
      max_instance_count = var.api_max_instances
    }

    containers {
      name  = "api"
      image = var.api_image

      ports {
        container_port = local.api_port
      }

      resources {
        # Photos stream through, so that memory does not grow with them.
        limits = {
          cpu    = "1"
          memory = "512Mi"
        }
        # Billed by request. What a client that hung up leaves half done, the sweep and the bucket's lifecycle see to.
        cpu_idle          = true
        startup_cpu_boost = true
      }

      # A revision that cannot read its outputs or records never gets a customer. Other grants show in the smoke test. The queue is
      # left out: while Pub/Sub is away a new instance still shows what is done, and the sweep publishes what was taken meanwhile.
      startup_probe {
        period_seconds    = 5
        timeout_seconds   = 5
        failure_threshold = 36
        http_get {
          path = "/readyz?without=queue"
          port = local.api_port
        }
      }

      # Looks at nothing but the process, so that an outage elsewhere restarts nobody.
      liveness_probe {
        period_seconds    = 15
        timeout_seconds   = 5
        failure_threshold = 4
        http_get {
          path = "/healthz"
          port = local.api_port
        }
      }

      # A file, because a mounted secret is fetched anew when it is read: a key that is revoked is refused within a minute.
      dynamic "volume_mounts" {
        for_each = google_secret_manager_secret.api_keys
        content {
          name       = "keys"
          mount_path = local.keys_folder
        }
      }

      dynamic "env" {
        for_each = local.api_settings
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.secret_settings
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value
              version = "latest"
            }
          }
        }
      }
    }

    dynamic "volumes" {
      for_each = google_secret_manager_secret.api_keys
      content {
        name = "keys"
        secret {
          secret = volumes.value.secret_id
          items {
            version = "latest"
            path    = local.keys_file
          }
        }
      }
    }

    # The program does not wait for its collector, and does not mind when it is away (docs/telemetry.md).
    dynamic "containers" {
      for_each = local.collector_image[*]
      content {
        name  = "collector"
        image = containers.value
        resources {
          limits = {
            cpu    = "1"
            memory = "512Mi"
          }
        }
      }
    }
  }

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  # The first start already asks for everything.
  depends_on = [
    google_project_iam_member.api_records,
    google_pubsub_topic_iam_member.api_publishes,
    google_secret_manager_secret_iam_member.api_keys,
    google_secret_manager_secret_iam_member.otlp_headers,
    google_service_account_iam_member.api_signs,
    google_storage_bucket_iam_member.api_reads_outputs,
    google_storage_bucket_iam_member.api_writes_originals,
    google_storage_bucket_iam_member.api_reads_originals,
  ]
}
