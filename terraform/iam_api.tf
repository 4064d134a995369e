# What headshot-api may do, each with the call that needs it. Nothing on the project but Firestore, which knows no smaller
# place, and there only this database.

# Stores what customers send. A link that takes a photo is signed with this right, too.
resource "google_storage_bucket_iam_member" "api_writes_originals" {
  bucket = google_storage_bucket.originals.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.api.member
}

# A photo that was put with a link is looked at when it is submitted, like one that comes with its request
# (crates/api/src/jobs/submit/direct_upload.rs). Listing, which comes with the role, tells one that has not
# been put yet (404) from a forbidden one (403).
resource "google_storage_bucket_iam_member" "api_reads_originals" {
  bucket = google_storage_bucket.originals.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.api.member
}

# A photo whose record could not be written is taken away again, since the customer is told that nothing was kept
# (crates/api/src/jobs/create.rs). Soft delete covers a mistake.
resource "google_storage_bucket_iam_member" "api_removes_originals" {
  bucket = google_storage_bucket.originals.name
  role   = google_project_iam_custom_role.remover.name
  member = google_service_account.api.member
}

# A signed link may do what its signer may do. Listing, which comes with the role, is what tells a missing object (404) from a
# forbidden one (403); /readyz asks for one that is missing (crates/backend/src/gcp/storage/blobs.rs).
resource "google_storage_bucket_iam_member" "api_reads_outputs" {
  bucket = google_storage_bucket.outputs.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.api.member
}

# A job that is erased (DELETE /headshot/{id}, crates/api/src/jobs/erase.rs) takes its pictures along.
resource "google_storage_bucket_iam_member" "api_removes_outputs" {
  bucket = google_storage_bucket.outputs.name
  role   = google_project_iam_custom_role.remover.name
  member = google_service_account.api.member
}

# Links are signed by the account itself, without a key.
resource "google_service_account_iam_member" "api_signs" {
  service_account_id = google_service_account.api.name
  role               = google_project_iam_custom_role.signer.name
  member             = google_service_account.api.member
}

resource "google_pubsub_topic_iam_member" "api_publishes" {
  topic  = google_pubsub_topic.tasks.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.api.member
}

resource "google_project_iam_member" "api_records" {
  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.api.member

  condition {
    title      = "only ${var.name}"
    expression = local.only_our_database
  }
}

# Only where the collector beside it sends its traces.
resource "google_project_iam_member" "api_traces" {
  count = local.collector_image == null ? 0 : 1

  project = var.project_id
  role    = "roles/cloudtrace.agent"
  member  = google_service_account.api.member
}

# The shop's pages call the API from their visitors' browsers, which have no Google account. An organisation may forbid this
# binding (constraints/iam.allowedPolicyMemberDomains); README.md says what then.
resource "google_cloud_run_v2_service_iam_member" "public" {
  count = var.api_public ? 1 : 0

  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_service_iam_member" "invokers" {
  for_each = var.api_invokers

  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.invoker"
  member   = each.key
}

# The uptime check brings this account's token while the API is not public.
resource "google_cloud_run_v2_service_iam_member" "uptime_check" {
  count = var.api_public ? 0 : 1

  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.invoker"
  member   = local.monitoring_agent
}

locals {
  only_our_database = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.records.name}\""
}
