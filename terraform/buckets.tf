# All three are private whatever a later change says of an object (public access prevention, uniform access), and how long
# deleted objects linger is said here rather than left to Google's default.

resource "google_storage_bucket" "originals" {
  name                        = "${var.project_id}-${var.name}-originals"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # Also removes photos without a record, which a crash between the two leaves behind, and those that were put with a link and
  # never submitted.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = var.original_days
    }
  }

  # The shop's pages put large photos here, with links that the API signs. The names are the headers that a page has to send, and those
  # that tracers and HTTP clients add to every call.
  dynamic "cors" {
    for_each = length(var.allowed_origins) > 0 ? [var.allowed_origins] : []
    content {
      origin = cors.value
      method = ["PUT"]
      response_header = [
        "Content-Type", "x-goog-content-length-range", "x-goog-if-generation-match",
        "baggage", "sentry-trace", "traceparent", "tracestate", "x-requested-with",
      ]
      max_age_seconds = 3600
    }
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }

  depends_on = [google_project_service.enabled]
}

resource "google_storage_bucket" "outputs" {
  name                        = "${var.project_id}-${var.name}-outputs"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # Not before the record: a document that says `done` would have links that lead nowhere.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = var.output_days
    }
  }

  # The shop's pages draw finished pictures, which the browser asks permission for.
  dynamic "cors" {
    for_each = length(var.allowed_origins) > 0 ? [var.allowed_origins] : []
    content {
      origin          = cors.value
      method          = ["GET", "HEAD"]
      response_header = ["Content-Type", "Content-Length", "Content-Disposition"]
      max_age_seconds = 3600
    }
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }

  depends_on = [google_project_service.enabled]
}

# Other matting models (docs/other-models.md). No customer's data, so nothing expires.
resource "google_storage_bucket" "models" {
  name                        = "${var.project_id}-${var.name}-models"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # A model that was overwritten by mistake comes back.
  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  depends_on = [google_project_service.enabled]
}
