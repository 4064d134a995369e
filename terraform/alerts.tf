# Each alert says what it means and where its runbook is: docs/runbooks.md.

locals {
  runbooks = "${var.docs_url}docs/runbooks.md"
  channels = [for email in sort(var.alert_emails) : google_monitoring_notification_channel.email[email].name]

  api_resource    = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${google_cloud_run_v2_service.api.name}\""
  worker_resource = "resource.type=\"cloud_run_worker_pool\" AND resource.labels.worker_pool_name=\"${local.worker_pool_name}\""
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.enabled]
}

# Customers wait. The worker acknowledges a photo within seconds, so minutes mean that it does not keep up or does not work.
resource "google_monitoring_alert_policy" "oldest_unacked" {
  display_name          = "${var.name}: a photo waits for more than 5 minutes"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "oldest unacknowledged task > 300 s"
    condition_threshold {
      filter          = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.tasks.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = 300
      duration        = "60s"
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The oldest task has waited for more than 5 minutes. Runbook: ${local.runbooks}#oldest-unacked"
  }
}

# Each one is a photo that somebody sent and nobody will look at again.
resource "google_monitoring_alert_policy" "dead_letters" {
  display_name          = "${var.name}: dead letters"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels

  conditions {
    display_name = "dead letters > 0"
    condition_threshold {
      filter          = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.dead_letters.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "A task was given up. The attribute reason of the message says why; it is kept for 7 days. Runbook: ${local.runbooks}#dead-letters"
  }
}

# 503, the API's word for a service that is away, counts as well.
resource "google_monitoring_alert_policy" "api_errors" {
  display_name          = "${var.name}: more than 1 % of requests fail"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "5xx / all > 1 %"
    condition_threshold {
      filter          = "${local.api_resource} AND metric.type=\"run.googleapis.com/request_count\" AND metric.labels.response_code_class=\"5xx\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0.01
      duration        = "300s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
      denominator_filter = "${local.api_resource} AND metric.type=\"run.googleapis.com/request_count\""
      denominator_aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "More than 1 % of all requests were answered 5xx for 5 minutes. Runbook: ${local.runbooks}#api-errors"
  }
}

# The route that customers' pages poll, and the one whose time depends on neither their connection nor the worker.
resource "google_monitoring_alert_policy" "api_latency" {
  display_name          = "${var.name}: the API is slow"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels

  conditions {
    display_name = "p95 of GET /headshot/{id} > ${var.api_p95_ms} ms"
    condition_threshold {
      filter          = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.api_milliseconds.name}\" AND metric.labels.route=\"/headshot/{id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.api_p95_ms
      duration        = "600s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_PERCENTILE_95"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "A twentieth of GET /headshot/{id} took longer than ${var.api_p95_ms} ms for 10 minutes. Runbook: ${local.runbooks}#api-latency"
  }
}

# Once the last instance is gone, its metric goes as well rather than to zero, hence two conditions.
resource "google_monitoring_alert_policy" "no_worker" {
  display_name          = "${var.name}: no worker is running"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "instances < 1"
    condition_threshold {
      filter          = "${local.worker_resource} AND metric.type=\"run.googleapis.com/container/instance_count\""
      comparison      = "COMPARISON_LT"
      threshold_value = 1
      duration        = "300s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_MAX"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  conditions {
    display_name = "no word of any worker"
    condition_absent {
      filter   = "${local.worker_resource} AND metric.type=\"run.googleapis.com/container/instance_count\""
      duration = "300s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_MAX"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "No worker for 5 minutes. Photos are taken all the same and wait. Runbook: ${local.runbooks}#no-worker"
  }
}

# Photos that were given up after all attempts, for each one that became a headshot. Refused photos do not count. Where nothing at all
# is done there is no ratio: dead letters, and photos that wait, have alerts of their own.
resource "google_monitoring_alert_policy" "failed_jobs" {
  display_name          = "${var.name}: jobs fail"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels

  conditions {
    display_name = "failed / done > ${var.failed_ratio}"
    condition_threshold {
      filter          = "resource.type=\"cloud_run_worker_pool\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.jobs_failed.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.failed_ratio
      duration        = "0s"
      aggregations {
        alignment_period     = "1800s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
      denominator_filter = "resource.type=\"cloud_run_worker_pool\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.jobs_done.name}\""
      denominator_aggregations {
        alignment_period     = "1800s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Of the last half hour's jobs too many were given up. Runbook: ${local.runbooks}#failed-jobs"
  }
}

# Two continents at least, so that one with a bad line wakes nobody.
resource "google_monitoring_alert_policy" "uptime" {
  display_name          = "${var.name}: the API does not answer"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "/health fails from more than one place"
    condition_threshold {
      filter          = "resource.type=\"uptime_url\" AND metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.api.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "60s"
      aggregations {
        alignment_period     = "1200s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "/health does not answer from more than one place. Runbook: ${local.runbooks}#uptime"
  }
}
