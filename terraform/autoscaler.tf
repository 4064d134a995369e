# Optional: Google's external-metrics autoscaler (CREMA), a Cloud Run service that reads the length of the queue from Cloud
# Monitoring and sets the worker pool's number of instances. Its configuration is a version in Parameter Manager, for which the
# provider that this was checked with has no resource: `terraform output -raw autoscaler_config` says what to put there.

resource "google_service_account" "autoscaler" {
  count = var.autoscaler == null ? 0 : 1

  account_id   = "${var.name}-autoscaler"
  display_name = "Sets the number of workers"

  depends_on = [google_project_service.enabled]
}

# To change the number of instances is to deploy a revision: that needs the pool, and the right to act as its account.
resource "google_cloud_run_v2_worker_pool_iam_member" "autoscaler" {
  count = var.autoscaler == null ? 0 : 1

  name     = local.worker_pool.name
  location = local.worker_pool.location
  role     = "roles/run.developer"
  member   = google_service_account.autoscaler[0].member
}

resource "google_service_account_iam_member" "autoscaler" {
  count = var.autoscaler == null ? 0 : 1

  service_account_id = google_service_account.worker.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.autoscaler[0].member
}

# The length of the queue is a metric, and its own configuration a parameter. Both roles only read.
resource "google_project_iam_member" "autoscaler" {
  for_each = var.autoscaler == null ? [] : toset(["roles/monitoring.viewer", "roles/parametermanager.parameterViewer"])

  project = var.project_id
  role    = each.key
  member  = google_service_account.autoscaler[0].member
}

resource "google_cloud_run_v2_service" "autoscaler" {
  count = var.autoscaler == null ? 0 : 1

  name     = "${var.name}-autoscaler"
  location = var.region

  # Nobody calls it.
  ingress = "INGRESS_TRAFFIC_INTERNAL_ONLY"

  # It keeps nothing.
  deletion_protection = false

  # Exactly one: two would set each other's numbers back.
  scaling {
    scaling_mode          = "MANUAL"
    manual_instance_count = 1
  }

  template {
    service_account = google_service_account.autoscaler[0].email

    containers {
      image          = var.autoscaler.image
      base_image_uri = var.autoscaler.base_image

      # It polls, so that it needs its CPU outside of requests.
      resources {
        cpu_idle = false
      }

      env {
        name  = "CREMA_CONFIG"
        value = var.autoscaler.config_version
      }
    }
  }

  depends_on = [google_project_iam_member.autoscaler]
}

locals {
  autoscaler_config = var.autoscaler == null ? null : yamlencode({
    apiVersion = "crema/v1"
    kind       = "CremaConfig"
    spec = {
      pollingInterval = 30
      triggerAuthentications = [{
        metadata = { name = "own-account" }
        spec     = { podIdentity = { provider = "gcp" } }
      }]
      scaledObjects = [{
        spec = {
          scaleTargetRef  = { name = "projects/${var.project_id}/locations/${var.region}/workerpools/${local.worker_pool_name}" }
          minReplicaCount = var.autoscaler.min_instances
          maxReplicaCount = var.autoscaler.max_instances
          triggers = [{
            type = "gcp-pubsub"
            name = "tasks"
            metadata = {
              subscriptionName = "projects/${var.project_id}/subscriptions/${google_pubsub_subscription.tasks.name}"
              mode             = "SubscriptionSize"
              value            = tostring(var.autoscaler.tasks_per_instance)
            }
            authenticationRef = { name = "own-account" }
          }]
        }
      }]
    }
  })
}
