# One page for whoever is on call, in the order in which a photo passes: the API, the queue, the worker, what came of it.

locals {
  pubsub_series = {
    for name, parts in {
      oldest  = [google_pubsub_subscription.tasks.name, "oldest_unacked_message_age"]
      waiting = [google_pubsub_subscription.tasks.name, "num_undelivered_messages"]
      dead    = [google_pubsub_subscription.dead_letters.name, "num_undelivered_messages"]
    } : name => "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${parts[0]}\" AND metric.type=\"pubsub.googleapis.com/subscription/${parts[1]}\""
  }

  worker_metric = "resource.type=\"cloud_run_worker_pool\" AND metric.type=\"logging.googleapis.com/user/"

  # [title, unit, [[legend, filter, aligner, reducer, grouped by]…]]
  charts = [
    ["Requests", "1/s", [
      ["$${metric.labels.response_code_class}", "${local.api_resource} AND metric.type=\"run.googleapis.com/request_count\"", "ALIGN_RATE", "REDUCE_SUM", "metric.label.response_code_class"],
    ]],
    ["Slowest twentieth of requests, by route", "ms", [
      ["$${metric.labels.route}", "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.api_milliseconds.name}\"", "ALIGN_DELTA", "REDUCE_PERCENTILE_95", "metric.label.route"],
    ]],
    ["Instances of the API", "1", [
      ["$${metric.labels.state}", "${local.api_resource} AND metric.type=\"run.googleapis.com/container/instance_count\"", "ALIGN_MAX", "REDUCE_SUM", "metric.label.state"],
    ]],
    ["Age of the oldest task", "s", [
      ["oldest", local.pubsub_series.oldest, "ALIGN_MAX", "REDUCE_MAX", null],
    ]],
    ["Tasks", "1", [
      ["waiting", local.pubsub_series.waiting, "ALIGN_MAX", "REDUCE_SUM", null],
      ["dead letters", local.pubsub_series.dead, "ALIGN_MAX", "REDUCE_SUM", null],
    ]],
    ["Instances of the worker", "1", [
      ["workers", "${local.worker_resource} AND metric.type=\"run.googleapis.com/container/instance_count\"", "ALIGN_MAX", "REDUCE_SUM", null],
    ]],
    ["Worker: CPU and memory in use", "1", [
      ["cpu", "${local.worker_resource} AND metric.type=\"run.googleapis.com/container/cpu/utilizations\"", "ALIGN_DELTA", "REDUCE_PERCENTILE_95", null],
      ["memory", "${local.worker_resource} AND metric.type=\"run.googleapis.com/container/memory/utilizations\"", "ALIGN_DELTA", "REDUCE_PERCENTILE_95", null],
    ]],
    ["Jobs that ended", "1/s", [
      ["done", "${local.worker_metric}${google_logging_metric.jobs_done.name}\"", "ALIGN_RATE", "REDUCE_SUM", null],
      ["refused", "${local.worker_metric}${google_logging_metric.jobs_refused.name}\"", "ALIGN_RATE", "REDUCE_SUM", null],
      ["failed", "${local.worker_metric}${google_logging_metric.jobs_failed.name}\"", "ALIGN_RATE", "REDUCE_SUM", null],
    ]],
    ["How long a job takes", "s", [
      ["half of them", "${local.worker_metric}${google_logging_metric.job_seconds.name}\"", "ALIGN_DELTA", "REDUCE_PERCENTILE_50", null],
      ["all but a twentieth", "${local.worker_metric}${google_logging_metric.job_seconds.name}\"", "ALIGN_DELTA", "REDUCE_PERCENTILE_95", null],
    ]],
  ]
}

resource "google_monitoring_dashboard" "service" {
  dashboard_json = jsonencode({
    displayName = "Perkie Headshot (${var.name})"
    mosaicLayout = {
      columns = 48
      tiles = [for position, chart in local.charts : {
        xPos   = 16 * (position % 3)
        yPos   = 16 * floor(position / 3)
        width  = 16
        height = 16
        widget = {
          title = chart[0]
          xyChart = {
            yAxis = { label = chart[1], scale = "LINEAR" }
            dataSets = [for series in chart[2] : {
              plotType       = "LINE"
              legendTemplate = series[0]
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = series[1]
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = series[2]
                    crossSeriesReducer = series[3]
                    groupByFields      = compact([series[4]])
                  }
                }
              }
            }]
          }
        }
      }]
    }
  })

  depends_on = [google_project_service.enabled]
}
