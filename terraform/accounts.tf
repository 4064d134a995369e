# One account a program. Neither has a key: Cloud Run lends it to the program.

resource "google_service_account" "api" {
  account_id   = "${var.name}-api"
  display_name = "headshot-api: takes photos, publishes tasks, signs links"

  depends_on = [google_project_service.enabled]
}

resource "google_service_account" "worker" {
  account_id   = "${var.name}-worker"
  display_name = "headshot-worker: renders"

  depends_on = [google_project_service.enabled]
}

# The predefined role that signs may also make tokens for the account, which nobody here needs.
resource "google_project_iam_custom_role" "signer" {
  role_id     = "${replace(var.name, "-", "_")}_signer"
  title       = "${var.name}: sign as oneself"
  permissions = ["iam.serviceAccounts.signBlob"]

  depends_on = [google_project_service.enabled]
}

# The predefined roles that delete also rewrite metadata, or come with the right to see the bucket's policy.
resource "google_project_iam_custom_role" "remover" {
  role_id     = "${replace(var.name, "-", "_")}_object_remover"
  title       = "${var.name}: delete objects"
  permissions = ["storage.objects.delete"]

  depends_on = [google_project_service.enabled]
}

locals {
  # The agents that act for Pub/Sub and Cloud Monitoring in this project. Google makes them; README.md says when.
  pubsub_agent     = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  monitoring_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
}
