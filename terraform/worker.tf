# The worker. Terraform says how many there are; worker_autoscaled.tf is the same one where an autoscaler does.

locals {
  # Another name with the autoscaler, so that the one is there before the other goes.
  worker_pool_name = var.autoscaler == null ? "${var.name}-worker" : "${var.name}-worker-scaled"

  # 4 cores and 16 GiB are the least that come with an L4.
  worker_limits = var.worker_gpu ? {
    cpu              = "4"
    memory           = "16Gi"
    "nvidia.com/gpu" = "1"
    } : {
    cpu    = tostring(var.worker_cpu)
    memory = "${var.worker_memory_gib}Gi"
  }

  # Whichever of the two there is.
  worker_pool = one(concat(google_cloud_run_v2_worker_pool.worker, google_cloud_run_v2_worker_pool.autoscaled))
}

resource "google_cloud_run_v2_worker_pool" "worker" {
  count = var.autoscaler == null ? 1 : 0

  name         = local.worker_pool_name
  location     = var.region
  launch_stage = var.worker_launch_stage

  # Nothing is in it that the queue would not bring back.
  deletion_protection = false

  # Without a mode: a number of instances means a manual one, and Cloud Run's API has dropped the field for worker pools.
  scaling {
    manual_instance_count = var.worker_instances
  }

  template {
    service_account = google_service_account.worker.email

    # One zone's worth of GPUs is enough: a task that comes back finds another worker.
    gpu_zonal_redundancy_disabled = var.worker_gpu ? true : null

    dynamic "node_selector" {
      for_each = var.worker_gpu ? ["nvidia-l4"] : []
      content {
        accelerator = node_selector.value
      }
    }

    containers {
      name  = "worker"
      image = var.worker_image

      resources {
        limits = local.worker_limits
      }

      # The model is loaded by then. A revision that cannot read its outputs or records does not replace one that can. Other grants
      # show in the smoke test.
      startup_probe {
        period_seconds    = 10
        timeout_seconds   = 6
        failure_threshold = 24
        http_get {
          path = "/readyz"
          port = local.worker_port
        }
      }

      # Fails only where a restart helps: a stuck render or a stuck loop, never an outage elsewhere.
      liveness_probe {
        period_seconds    = 15
        timeout_seconds   = 5
        failure_threshold = 4
        http_get {
          path = "/livez"
          port = local.worker_port
        }
      }

      # The same file as the API's, for the secrets that webhooks are signed with. One that was changed counts within a minute.
      dynamic "volume_mounts" {
        for_each = google_secret_manager_secret.api_keys
        content {
          name       = "keys"
          mount_path = local.keys_folder
        }
      }

      dynamic "env" {
        for_each = local.worker_settings
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

  depends_on = [
    google_firestore_index.sweep,
    google_project_iam_member.worker_records,
    google_pubsub_subscription_iam_member.worker_pulls,
    google_pubsub_topic_iam_member.worker_publishes,
    google_pubsub_topic_iam_member.worker_sets_aside,
    google_secret_manager_secret_iam_member.otlp_headers,
    google_secret_manager_secret_iam_member.worker_reads_keys,
    google_storage_bucket_iam_member.worker_reads_models,
    google_storage_bucket_iam_member.worker_reads_originals,
    google_storage_bucket_iam_member.worker_reads_outputs,
    google_storage_bucket_iam_member.worker_replaces_outputs,
    google_storage_bucket_iam_member.worker_writes_outputs,
  ]
}
