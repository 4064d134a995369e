# The service needs no secret: links are signed by IAM, and every Google API takes the account's own token. There can be two: the
# token of a trace collector elsewhere, and the file of keys. Their values are put in by hand (README.md), so that they are never in
# Terraform's state.

resource "google_secret_manager_secret" "otlp_headers" {
  count = local.otlp_headers_secret ? 1 : 0

  secret_id = "${var.name}-otlp-headers"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.enabled]
}

resource "google_secret_manager_secret_iam_member" "otlp_headers" {
  for_each = local.otlp_headers_secret ? {
    api    = google_service_account.api.member
    worker = google_service_account.worker.member
  } : {}

  secret_id = google_secret_manager_secret.otlp_headers[0].id
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value
}

# Hashes of keys, with which nobody can open anything, and secrets of webhooks as they are: whoever reads those can write to shops
# in our name. Whoever may write here can do everything. The worker's right to read is in iam_worker.tf.
resource "google_secret_manager_secret" "api_keys" {
  count = var.api_keys ? 1 : 0

  secret_id = "${var.name}-api-keys"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.enabled]
}

resource "google_secret_manager_secret_iam_member" "api_keys" {
  count = var.api_keys ? 1 : 0

  secret_id = google_secret_manager_secret.api_keys[0].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.api.member
}
