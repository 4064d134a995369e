# What only the programs know, from the lines that they log. A test looks for these messages in the programs' source
# (tests/tests/terraform.rs): a filter that matches nothing looks just like a service in which nothing happens.

locals {
  worker_log = "resource.type=\"cloud_run_worker_pool\" AND jsonPayload.service=\"headshot-worker\""
  api_log    = "resource.type=\"cloud_run_revision\" AND jsonPayload.service=\"headshot-api\""
}

resource "google_logging_metric" "jobs_done" {
  name        = "${var.name}/jobs_done"
  description = "Jobs whose pictures are ready"
  filter      = "${local.worker_log} AND jsonPayload.message=\"finished: preview and print are ready\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.enabled]
}

# The customer was told why; nothing is broken.
resource "google_logging_metric" "jobs_refused" {
  name        = "${var.name}/jobs_refused"
  description = "Photos that cannot become a headshot"
  filter      = "${local.worker_log} AND jsonPayload.message=\"finished: the photo was refused\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.enabled]
}

# Both of a worker that gave a job up and of a sweep that found one given up. The colon means: contains.
resource "google_logging_metric" "jobs_failed" {
  name        = "${var.name}/jobs_failed"
  description = "Jobs that were given up"
  filter      = "${local.worker_log} AND severity=ERROR AND jsonPayload.message:\"the job is given up\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.enabled]
}

resource "google_logging_metric" "job_seconds" {
  name            = "${var.name}/job_seconds"
  description     = "How long a job took from its claim to its pictures"
  filter          = "${local.worker_log} AND jsonPayload.message=\"finished: preview and print are ready\""
  value_extractor = "EXTRACT(jsonPayload.seconds)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }

  # 0.1 s to 5 min.
  bucket_options {
    exponential_buckets {
      scale              = 0.1
      growth_factor      = 1.4
      num_finite_buckets = 24
    }
  }

  depends_on = [google_project_service.enabled]
}

# Cloud Run's own latency mixes all routes, and POST /headshot waits for the worker on purpose.
resource "google_logging_metric" "api_milliseconds" {
  name            = "${var.name}/api_milliseconds"
  description     = "How long the API took to answer, by route"
  filter          = "${local.api_log} AND jsonPayload.message=\"answered\""
  value_extractor = "EXTRACT(jsonPayload.duration_ms)"

  label_extractors = {
    route  = "EXTRACT(jsonPayload.route)"
    method = "EXTRACT(jsonPayload.method)"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "ms"

    labels {
      key        = "route"
      value_type = "STRING"
    }
    labels {
      key        = "method"
      value_type = "STRING"
    }
  }

  # 1 ms to 7 min.
  bucket_options {
    exponential_buckets {
      scale              = 1
      growth_factor      = 1.5
      num_finite_buckets = 32
    }
  }

  depends_on = [google_project_service.enabled]
}
