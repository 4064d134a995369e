output "api_url" {
  description = "Where the API answers."
  value       = google_cloud_run_v2_service.api.uri
}

output "image_repository" {
  description = "Where images are pushed: this, a slash, headshot-api or headshot-worker."
  value       = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "api_service" {
  description = "The API's Cloud Run service."
  value       = google_cloud_run_v2_service.api.name
}

output "worker_pool" {
  description = "The worker's Cloud Run worker pool."
  value       = local.worker_pool.name
}

output "region" {
  description = "Where both of them are."
  value       = var.region
}

output "images" {
  description = "What is running, by digest: what to go back to after the next release."
  # Of the resources and not of the variables: after an apply that failed, those say what was asked for.
  value = {
    api    = google_cloud_run_v2_service.api.template[0].containers[0].image
    worker = local.worker_pool.template[0].containers[0].image
  }
}

output "buckets" {
  description = "Photos, pictures, models."
  value = {
    originals = google_storage_bucket.originals.name
    outputs   = google_storage_bucket.outputs.name
    models    = google_storage_bucket.models.name
  }
}

output "queue" {
  description = "Topics and subscriptions, by their short names."
  value = {
    topic                    = google_pubsub_topic.tasks.name
    subscription             = google_pubsub_subscription.tasks.name
    dead_letter_topic        = google_pubsub_topic.dead_letters.name
    dead_letter_subscription = google_pubsub_subscription.dead_letters.name
  }
}

output "records" {
  description = "Firestore database and collection of the job records."
  value = {
    database   = google_firestore_database.records.name
    collection = local.collection
  }
}

output "accounts" {
  description = "What the programs run as."
  value = {
    api    = google_service_account.api.email
    worker = google_service_account.worker.email
  }
}

output "dashboard" {
  description = "The dashboard's name in Cloud Monitoring."
  value       = google_monitoring_dashboard.service.id
}

output "autoscaler_config" {
  description = "What belongs into Parameter Manager for the autoscaler; null without one."
  value       = local.autoscaler_config
}
