# What headshot-worker may do, each with the call that needs it.

resource "google_storage_bucket_iam_member" "worker_reads_originals" {
  bucket = google_storage_bucket.originals.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.worker.member
}

resource "google_storage_bucket_iam_member" "worker_writes_outputs" {
  bucket = google_storage_bucket.outputs.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.worker.member
}

# A second attempt finds the first one's picture: it reads its generation and replaces exactly that (put_while in
# crates/backend/src/gcp/storage/blobs.rs). Reading also serves the health check, as it does for the API.
resource "google_storage_bucket_iam_member" "worker_reads_outputs" {
  bucket = google_storage_bucket.outputs.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.worker.member
}

# To replace an object, Cloud Storage asks for the right to delete it.
resource "google_storage_bucket_iam_member" "worker_replaces_outputs" {
  bucket = google_storage_bucket.outputs.name
  role   = google_project_iam_custom_role.remover.name
  member = google_service_account.worker.member
}

# MATTING_MODEL_GCS
resource "google_storage_bucket_iam_member" "worker_reads_models" {
  bucket = google_storage_bucket.models.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.worker.member
}

resource "google_pubsub_subscription_iam_member" "worker_pulls" {
  subscription = google_pubsub_subscription.tasks.id
  role         = "roles/pubsub.subscriber"
  member       = google_service_account.worker.member
}

# The sweep publishes what a crash of the API left unpublished.
resource "google_pubsub_topic_iam_member" "worker_publishes" {
  topic  = google_pubsub_topic.tasks.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.worker.member
}

# A task that nobody can act on is set aside by the worker itself, with the reason (PUBSUB_DEAD_LETTER_TOPIC).
resource "google_pubsub_topic_iam_member" "worker_sets_aside" {
  topic  = google_pubsub_topic.dead_letters.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.worker.member
}

resource "google_project_iam_member" "worker_records" {
  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.worker.member

  condition {
    title      = "only ${var.name}"
    expression = local.only_our_database
  }
}

# Webhooks are signed with secrets that are in the file of keys (crates/worker/src/webhooks.rs). A secret can only be read as a
# whole, so the hashes of keys come with them; the worker makes no use of those.
resource "google_secret_manager_secret_iam_member" "worker_reads_keys" {
  count = var.api_keys ? 1 : 0

  secret_id = google_secret_manager_secret.api_keys[0].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.worker.member
}

# For a collector beside the worker. Both may write and not read.
resource "google_project_iam_member" "worker_metrics" {
  project = var.project_id
  role    = "roles/monitoring.metricWriter"
  member  = google_service_account.worker.member
}

resource "google_project_iam_member" "worker_traces" {
  project = var.project_id
  role    = "roles/cloudtrace.agent"
  member  = google_service_account.worker.member
}

# --- Pub/Sub itself ----------------------------------------------------------------------------------------------------
# To move a dead letter is to publish it there and to acknowledge it here, and Pub/Sub does both with its own account.
# Without these two grants the policy is silently without effect.

resource "google_pubsub_topic_iam_member" "pubsub_sets_aside" {
  topic  = google_pubsub_topic.dead_letters.id
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "pubsub_acknowledges" {
  subscription = google_pubsub_subscription.tasks.id
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
