mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  alert_emails = ["oncall@shop.example"]
  docs_url     = "https://git.example/perkie/blob/main/"
}

run "alerts" {
  command = plan

  assert {
    condition = { for name, alert in {
      oldest_unacked = google_monitoring_alert_policy.oldest_unacked
      dead_letters   = google_monitoring_alert_policy.dead_letters
      api_errors     = google_monitoring_alert_policy.api_errors
      api_latency    = google_monitoring_alert_policy.api_latency
      no_worker      = google_monitoring_alert_policy.no_worker
      failed_jobs    = google_monitoring_alert_policy.failed_jobs
      uptime         = google_monitoring_alert_policy.uptime
      } : name => [alert.combiner, alert.severity, length(alert.conditions)] } == {
      oldest_unacked = ["OR", "CRITICAL", 1]
      dead_letters   = ["OR", "ERROR", 1]
      api_errors     = ["OR", "CRITICAL", 1]
      api_latency    = ["OR", "WARNING", 1]
      no_worker      = ["OR", "CRITICAL", 2]
      failed_jobs    = ["OR", "ERROR", 1]
      uptime         = ["OR", "CRITICAL", 1]
    }
    error_message = "There are seven alerts, each with its severity."
  }

  assert {
    condition = alltrue([for anchor, alert in {
      oldest-unacked = google_monitoring_alert_policy.oldest_unacked
      dead-letters   = google_monitoring_alert_policy.dead_letters
      api-errors     = google_monitoring_alert_policy.api_errors
      api-latency    = google_monitoring_alert_policy.api_latency
      no-worker      = google_monitoring_alert_policy.no_worker
      failed-jobs    = google_monitoring_alert_policy.failed_jobs
      uptime         = google_monitoring_alert_policy.uptime
      } : (
      endswith(alert.documentation[0].content, " Runbook: https://git.example/perkie/blob/main/docs/runbooks.md#${anchor}")
      && alert.documentation[0].mime_type == "text/markdown"
    )])
    error_message = "Each alert names its runbook."
  }

  assert {
    condition = alltrue([for alert in [
      google_monitoring_alert_policy.oldest_unacked, google_monitoring_alert_policy.dead_letters, google_monitoring_alert_policy.api_errors,
      google_monitoring_alert_policy.api_latency, google_monitoring_alert_policy.no_worker, google_monitoring_alert_policy.failed_jobs,
      google_monitoring_alert_policy.uptime,
    ] : alert.notification_channels == tolist(["projects/perkie-test/notificationChannels/1"])])
    error_message = "Whoever is on call hears of each alert."
  }

  assert {
    condition = [for channel in google_monitoring_notification_channel.email : [channel.type, channel.labels.email_address, channel.display_name]] == [
      ["email", "oncall@shop.example", "oncall@shop.example"]
    ]
    error_message = "An address becomes a channel."
  }

  assert {
    condition = { for name, alert in {
      oldest_unacked = google_monitoring_alert_policy.oldest_unacked
      dead_letters   = google_monitoring_alert_policy.dead_letters
      api_errors     = google_monitoring_alert_policy.api_errors
      api_latency    = google_monitoring_alert_policy.api_latency
      no_worker      = google_monitoring_alert_policy.no_worker
      failed_jobs    = google_monitoring_alert_policy.failed_jobs
      uptime         = google_monitoring_alert_policy.uptime
      } : name => [for condition in [alert.conditions[0].condition_threshold[0]] : join(" ", [
        condition.comparison, condition.threshold_value, condition.duration,
        condition.aggregations[0].alignment_period, condition.aggregations[0].per_series_aligner
      ])][0] } == {
      oldest_unacked = "COMPARISON_GT 300 60s 60s ALIGN_MAX"
      dead_letters   = "COMPARISON_GT 0 0s 60s ALIGN_MAX"
      api_errors     = "COMPARISON_GT 0.01 300s 300s ALIGN_RATE"
      api_latency    = "COMPARISON_GT 1000 600s 300s ALIGN_DELTA"
      no_worker      = "COMPARISON_LT 1 300s 60s ALIGN_MAX"
      failed_jobs    = "COMPARISON_GT 0.02 0s 1800s ALIGN_DELTA"
      uptime         = "COMPARISON_GT 1 60s 1200s ALIGN_NEXT_OLDER"
    }
    error_message = "Each alert has its threshold and its patience."
  }

  assert {
    condition = { for name, alert in {
      api_errors  = google_monitoring_alert_policy.api_errors
      api_latency = google_monitoring_alert_policy.api_latency
      no_worker   = google_monitoring_alert_policy.no_worker
      failed_jobs = google_monitoring_alert_policy.failed_jobs
      uptime      = google_monitoring_alert_policy.uptime
      } : name => alert.conditions[0].condition_threshold[0].aggregations[0].cross_series_reducer } == {
      api_errors  = "REDUCE_SUM"
      api_latency = "REDUCE_PERCENTILE_95"
      no_worker   = "REDUCE_SUM"
      failed_jobs = "REDUCE_SUM"
      uptime      = "REDUCE_COUNT_FALSE"
    }
    error_message = "Instances, routes and places are taken together."
  }

  assert {
    condition = { for name, alert in {
      oldest_unacked = google_monitoring_alert_policy.oldest_unacked
      dead_letters   = google_monitoring_alert_policy.dead_letters
      api_errors     = google_monitoring_alert_policy.api_errors
      api_latency    = google_monitoring_alert_policy.api_latency
      no_worker      = google_monitoring_alert_policy.no_worker
      failed_jobs    = google_monitoring_alert_policy.failed_jobs
      uptime         = google_monitoring_alert_policy.uptime
      } : name => replace(alert.conditions[0].condition_threshold[0].filter, "\"", "'") } == {
      oldest_unacked = "resource.type='pubsub_subscription' AND resource.labels.subscription_id='headshot-tasks' AND metric.type='pubsub.googleapis.com/subscription/oldest_unacked_message_age'"
      dead_letters   = "resource.type='pubsub_subscription' AND resource.labels.subscription_id='headshot-dead-letters' AND metric.type='pubsub.googleapis.com/subscription/num_undelivered_messages'"
      api_errors     = "resource.type='cloud_run_revision' AND resource.labels.service_name='headshot-api' AND metric.type='run.googleapis.com/request_count' AND metric.labels.response_code_class='5xx'"
      api_latency    = "resource.type='cloud_run_revision' AND metric.type='logging.googleapis.com/user/headshot/api_milliseconds' AND metric.labels.route='/headshot/{id}'"
      no_worker      = "resource.type='cloud_run_worker_pool' AND resource.labels.worker_pool_name='headshot-worker' AND metric.type='run.googleapis.com/container/instance_count'"
      failed_jobs    = "resource.type='cloud_run_worker_pool' AND metric.type='logging.googleapis.com/user/headshot/jobs_failed'"
      uptime         = "resource.type='uptime_url' AND metric.type='monitoring.googleapis.com/uptime_check/check_passed' AND metric.labels.check_id='headshot-api-answers'"
    }
    error_message = "Each alert watches its own metric."
  }

  assert {
    condition = { for name, alert in {
      api_errors  = google_monitoring_alert_policy.api_errors
      failed_jobs = google_monitoring_alert_policy.failed_jobs
      } : name => [for condition in [alert.conditions[0].condition_threshold[0]] : join(" ", [
        replace(condition.denominator_filter, "\"", "'"),
        condition.denominator_aggregations[0].alignment_period, condition.denominator_aggregations[0].per_series_aligner,
        condition.denominator_aggregations[0].cross_series_reducer
      ])][0] } == {
      api_errors  = "resource.type='cloud_run_revision' AND resource.labels.service_name='headshot-api' AND metric.type='run.googleapis.com/request_count' 300s ALIGN_RATE REDUCE_SUM"
      failed_jobs = "resource.type='cloud_run_worker_pool' AND metric.type='logging.googleapis.com/user/headshot/jobs_done' 1800s ALIGN_DELTA REDUCE_SUM"
    }
    error_message = "A ratio needs what it is a part of, counted alike."
  }

  assert {
    condition = [for condition in [google_monitoring_alert_policy.no_worker.conditions[1].condition_absent[0]] : join(" ", [
      replace(condition.filter, "\"", "'"), condition.duration,
      condition.aggregations[0].alignment_period, condition.aggregations[0].per_series_aligner, condition.aggregations[0].cross_series_reducer
      ])] == [
      "resource.type='cloud_run_worker_pool' AND resource.labels.worker_pool_name='headshot-worker' AND metric.type='run.googleapis.com/container/instance_count' 300s 60s ALIGN_MAX REDUCE_SUM"
    ]
    error_message = "That no worker says anything is an alert as well."
  }
}

run "nobody_on_call" {
  command = plan

  variables {
    alert_emails = []
    docs_url     = ""
    api_p95_ms   = 250
    failed_ratio = 0.1
  }

  assert {
    condition     = length(google_monitoring_notification_channel.email) == 0 && length(google_monitoring_alert_policy.uptime.notification_channels) == 0
    error_message = "Without addresses there are alerts all the same."
  }

  assert {
    condition     = endswith(google_monitoring_alert_policy.uptime.documentation[0].content, " Runbook: docs/runbooks.md#uptime")
    error_message = "Without a URL, alerts name the path in the repository."
  }

  assert {
    condition = (
      google_monitoring_alert_policy.api_latency.conditions[0].condition_threshold[0].threshold_value == 250
      && google_monitoring_alert_policy.failed_jobs.conditions[0].condition_threshold[0].threshold_value == 0.1
    )
    error_message = "The variables must reach the alerts."
  }
}
