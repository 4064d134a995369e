mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "what_is_watched" {
  command = plan

  assert {
    condition = { for metric in [
      google_logging_metric.jobs_done, google_logging_metric.jobs_refused, google_logging_metric.jobs_failed, google_logging_metric.job_seconds,
      google_logging_metric.api_milliseconds,
      ] : metric.name => replace(metric.filter, "\"", "'") } == {
      "headshot/jobs_done"        = "resource.type='cloud_run_worker_pool' AND jsonPayload.service='headshot-worker' AND jsonPayload.message='finished: preview and print are ready'"
      "headshot/jobs_refused"     = "resource.type='cloud_run_worker_pool' AND jsonPayload.service='headshot-worker' AND jsonPayload.message='finished: the photo was refused'"
      "headshot/jobs_failed"      = "resource.type='cloud_run_worker_pool' AND jsonPayload.service='headshot-worker' AND severity=ERROR AND jsonPayload.message:'the job is given up'"
      "headshot/job_seconds"      = "resource.type='cloud_run_worker_pool' AND jsonPayload.service='headshot-worker' AND jsonPayload.message='finished: preview and print are ready'"
      "headshot/api_milliseconds" = "resource.type='cloud_run_revision' AND jsonPayload.service='headshot-api' AND jsonPayload.message='answered'"
    }
    error_message = "Each metric counts its lines."
  }

  assert {
    condition = { for metric in [
      google_logging_metric.jobs_done, google_logging_metric.jobs_refused, google_logging_metric.jobs_failed, google_logging_metric.job_seconds,
      google_logging_metric.api_milliseconds,
      ] : metric.name => [metric.metric_descriptor[0].metric_kind, metric.metric_descriptor[0].value_type, metric.metric_descriptor[0].unit] } == {
      "headshot/jobs_done"        = ["DELTA", "INT64", "1"]
      "headshot/jobs_refused"     = ["DELTA", "INT64", "1"]
      "headshot/jobs_failed"      = ["DELTA", "INT64", "1"]
      "headshot/job_seconds"      = ["DELTA", "DISTRIBUTION", "s"]
      "headshot/api_milliseconds" = ["DELTA", "DISTRIBUTION", "ms"]
    }
    error_message = "Counts are counts, durations are distributions."
  }

  assert {
    condition = { for metric in [google_logging_metric.job_seconds, google_logging_metric.api_milliseconds] : metric.name => [
      metric.value_extractor, metric.bucket_options[0].exponential_buckets[0].scale, metric.bucket_options[0].exponential_buckets[0].growth_factor,
      metric.bucket_options[0].exponential_buckets[0].num_finite_buckets,
      ] } == {
      "headshot/job_seconds"      = ["EXTRACT(jsonPayload.seconds)", 0.1, 1.4, 24]
      "headshot/api_milliseconds" = ["EXTRACT(jsonPayload.duration_ms)", 1, 1.5, 32]
    }
    error_message = "Durations are read from their fields."
  }

  assert {
    condition = (
      google_logging_metric.api_milliseconds.label_extractors == tomap({ route = "EXTRACT(jsonPayload.route)", method = "EXTRACT(jsonPayload.method)" })
      && toset([for label in google_logging_metric.api_milliseconds.metric_descriptor[0].labels : "${label.key} ${label.value_type}"]) == toset(["route STRING", "method STRING"])
    )
    error_message = "Latency is kept by route and method."
  }

  assert {
    condition = (
      google_monitoring_uptime_check_config.api.period == "60s"
      && google_monitoring_uptime_check_config.api.timeout == "10s"
      && google_monitoring_uptime_check_config.api.http_check[0].path == "/health"
      && google_monitoring_uptime_check_config.api.http_check[0].port == 443
      && google_monitoring_uptime_check_config.api.http_check[0].use_ssl
      && google_monitoring_uptime_check_config.api.http_check[0].validate_ssl
      && google_monitoring_uptime_check_config.api.http_check[0].accepted_response_status_codes[0].status_class == "STATUS_CLASS_2XX"
      && [for matcher in google_monitoring_uptime_check_config.api.content_matchers : [matcher.content, matcher.matcher]] == [["\"status\":\"ok\"", "CONTAINS_STRING"]]
    )
    error_message = "/health is asked for every minute, over TLS, and must say that it is well."
  }

  assert {
    condition = (
      google_monitoring_uptime_check_config.api.monitored_resource[0].type == "uptime_url"
      && google_monitoring_uptime_check_config.api.monitored_resource[0].labels == tomap({ project_id = "perkie-test", host = "headshot-api-123456789012.europe-west1.run.app" })
    )
    error_message = "It is our API that is asked."
  }

  assert {
    condition     = google_monitoring_uptime_check_config.api.http_check[0].service_agent_authentication[0].type == "OIDC_TOKEN"
    error_message = "An API that is not public wants a token."
  }

  assert {
    condition = [for tile in jsondecode(google_monitoring_dashboard.service.dashboard_json).mosaicLayout.tiles : tile.widget.title] == [
      "Requests", "Slowest twentieth of requests, by route", "Instances of the API",
      "Age of the oldest task", "Tasks", "Instances of the worker",
      "Worker: CPU and memory in use", "Jobs that ended", "How long a job takes",
    ]
    error_message = "The dashboard follows a photo from the API to its pictures."
  }

  assert {
    condition = [for tile in jsondecode(google_monitoring_dashboard.service.dashboard_json).mosaicLayout.tiles : [tile.xPos, tile.yPos, tile.width, tile.height]] == [
      [0, 0, 16, 16], [16, 0, 16, 16], [32, 0, 16, 16],
      [0, 16, 16, 16], [16, 16, 16, 16], [32, 16, 16, 16],
      [0, 32, 16, 16], [16, 32, 16, 16], [32, 32, 16, 16],
    ]
    error_message = "Three charts in a row."
  }

  assert {
    condition = (
      jsondecode(google_monitoring_dashboard.service.dashboard_json).displayName == "Perkie Headshot (headshot)"
      && jsondecode(google_monitoring_dashboard.service.dashboard_json).mosaicLayout.columns == 48
      && alltrue([for tile in jsondecode(google_monitoring_dashboard.service.dashboard_json).mosaicLayout.tiles : tile.widget.xyChart.yAxis.label != "" && tile.widget.xyChart.yAxis.scale == "LINEAR"])
    )
    error_message = "The dashboard has a name and its axes have units."
  }

  assert {
    condition = [for series in flatten([for tile in jsondecode(google_monitoring_dashboard.service.dashboard_json).mosaicLayout.tiles : tile.widget.xyChart.dataSets]) : join(" ", [
      series.plotType, series.legendTemplate, regex("metric.type=\"[a-z]+[.]googleapis[.]com/([^\"]+)\"", series.timeSeriesQuery.timeSeriesFilter.filter)[0],
      series.timeSeriesQuery.timeSeriesFilter.aggregation.alignmentPeriod, series.timeSeriesQuery.timeSeriesFilter.aggregation.perSeriesAligner,
      series.timeSeriesQuery.timeSeriesFilter.aggregation.crossSeriesReducer, join(",", series.timeSeriesQuery.timeSeriesFilter.aggregation.groupByFields),
      ])] == [
      "LINE $${metric.labels.response_code_class} request_count 60s ALIGN_RATE REDUCE_SUM metric.label.response_code_class",
      "LINE $${metric.labels.route} user/headshot/api_milliseconds 60s ALIGN_DELTA REDUCE_PERCENTILE_95 metric.label.route",
      "LINE $${metric.labels.state} container/instance_count 60s ALIGN_MAX REDUCE_SUM metric.label.state",
      "LINE oldest subscription/oldest_unacked_message_age 60s ALIGN_MAX REDUCE_MAX ",
      "LINE waiting subscription/num_undelivered_messages 60s ALIGN_MAX REDUCE_SUM ",
      "LINE dead letters subscription/num_undelivered_messages 60s ALIGN_MAX REDUCE_SUM ",
      "LINE workers container/instance_count 60s ALIGN_MAX REDUCE_SUM ",
      "LINE cpu container/cpu/utilizations 60s ALIGN_DELTA REDUCE_PERCENTILE_95 ",
      "LINE memory container/memory/utilizations 60s ALIGN_DELTA REDUCE_PERCENTILE_95 ",
      "LINE done user/headshot/jobs_done 60s ALIGN_RATE REDUCE_SUM ",
      "LINE refused user/headshot/jobs_refused 60s ALIGN_RATE REDUCE_SUM ",
      "LINE failed user/headshot/jobs_failed 60s ALIGN_RATE REDUCE_SUM ",
      "LINE half of them user/headshot/job_seconds 60s ALIGN_DELTA REDUCE_PERCENTILE_50 ",
      "LINE all but a twentieth user/headshot/job_seconds 60s ALIGN_DELTA REDUCE_PERCENTILE_95 ",
    ]
    error_message = "Each chart shows its metrics."
  }

  assert {
    condition     = length(regexall("subscription_id=..headshot-dead-letters", google_monitoring_dashboard.service.dashboard_json)) == 1 && length(regexall("subscription_id=..headshot-tasks", google_monitoring_dashboard.service.dashboard_json)) == 2
    error_message = "Tasks and dead letters are told apart."
  }

  assert {
    condition     = length(google_billing_budget.monthly) == 0
    error_message = "A budget needs a billing account."
  }
}

run "uptime_of_a_public_api" {
  command = plan

  variables {
    api_public    = true
    api_anonymous = true
  }

  assert {
    condition     = length(google_monitoring_uptime_check_config.api.http_check[0].service_agent_authentication) == 0
    error_message = "A public API is asked as customers ask it."
  }
}

run "budget" {
  command = plan

  variables {
    billing_account = "012345-6789AB-CDEF01"
    monthly_budget  = 500
    alert_emails    = ["a@shop.example", "b@shop.example", "c@shop.example", "d@shop.example", "e@shop.example", "f@shop.example"]
  }

  assert {
    condition = (
      google_billing_budget.monthly[0].billing_account == "012345-6789AB-CDEF01"
      && google_billing_budget.monthly[0].budget_filter[0].projects == toset(["projects/123456789012"])
      && google_billing_budget.monthly[0].amount[0].specified_amount[0].units == "500"
    )
    error_message = "The budget is about this project."
  }

  assert {
    condition     = strcontains(google_billing_budget.monthly[0].display_name, "docs/runbooks.md#budget")
    error_message = "The budget names its runbook."
  }

  assert {
    condition     = [for rule in google_billing_budget.monthly[0].threshold_rules : rule.threshold_percent] == [0.5, 0.9, 1, 1] && google_billing_budget.monthly[0].threshold_rules[3].spend_basis == "FORECASTED_SPEND"
    error_message = "It warns at a half, nine tenths, all, and when all of it is foreseen."
  }

  assert {
    condition     = length(google_billing_budget.monthly[0].all_updates_rule[0].monitoring_notification_channels) == 5
    error_message = "Whoever is on call hears of it, five addresses at most."
  }
}

run "budget_without_addresses" {
  command = plan

  variables {
    billing_account = "012345-6789AB-CDEF01"
  }

  assert {
    condition     = length(google_billing_budget.monthly[0].all_updates_rule) == 0 && google_billing_budget.monthly[0].amount[0].specified_amount[0].units == "300"
    error_message = "Without addresses the billing account's administrators are told."
  }
}
