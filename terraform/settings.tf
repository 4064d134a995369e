# The environment of the two programs. A test holds these names against their `--help` (tests/tests/terraform.rs), and what is
# left out has the right default: docs/settings.md.

locals {
  collection = "headshots"
  api_port   = 8080

  # The worker's own default (infra/check-images compares them): Cloud Run keeps the name PORT to itself.
  worker_port = 8081

  # Cloud Run refuses requests of more than 32 MiB over HTTP/1. Below that the API answers itself, and says what is wrong. A form
  # may hold 256 KiB beside its photo.
  largest_upload = 32 * 1024 * 1024 - 256 * 1024

  # Requests that Cloud Run gives to one instance of the API. It starts another at 60 % of them. That must
  # come before the API refuses uploads: they use so little CPU that nothing else would start an instance.
  # An upload holds a few pieces of 64 KiB, by calculation less than 0.5 MB of the 512 MiB. 200 at once have
  # not been measured.
  api_concurrency = 320
  api_uploads     = 200

  api_settings = merge(
    {
      BACKEND                = "gcp"
      PROJECT_ID             = var.project_id
      GCS_BUCKET_ORIGINAL    = google_storage_bucket.originals.name
      GCS_BUCKET_OUTPUT      = google_storage_bucket.outputs.name
      PUBSUB_TOPIC           = google_pubsub_topic.tasks.name
      FIRESTORE_DATABASE     = google_firestore_database.records.name
      FIRESTORE_COLLECTION   = local.collection
      ALLOWED_ORIGINS        = join(",", var.allowed_origins)
      MAX_UPLOAD_BYTES       = tostring(local.largest_upload)
      MAX_CONCURRENT_UPLOADS = tostring(local.api_uploads)
      RECORD_TTL_DAYS        = tostring(var.output_days)
    },
    local.access_settings,
    local.trace_settings,
  )

  # Who may call (docs/security.md). Where Cloud Run itself lets in nobody but api_invokers, keys are not needed; where anybody may
  # call, no key is a decision that has to be said.
  access_settings = {
    for name, value in {
      API_KEYS_FILE     = var.api_keys ? local.keys_path : null
      ALLOW_ANONYMOUS   = var.api_anonymous || (!var.api_keys && !var.api_public) ? "true" : null
      ID_TOKEN_AUDIENCE = var.api_id_token_audience
      MAX_BACKLOG       = tostring(var.api_max_backlog)
    } : name => value if value != null
  }

  keys_folder = "/keys"
  keys_file   = "keys.json"
  keys_path   = "${local.keys_folder}/${local.keys_file}"

  worker_settings = merge(
    {
      BACKEND                  = "gcp"
      PROJECT_ID               = var.project_id
      GCS_BUCKET_ORIGINAL      = google_storage_bucket.originals.name
      GCS_BUCKET_OUTPUT        = google_storage_bucket.outputs.name
      PUBSUB_TOPIC             = google_pubsub_topic.tasks.name
      PUBSUB_SUBSCRIPTION      = google_pubsub_subscription.tasks.name
      PUBSUB_DEAD_LETTER_TOPIC = google_pubsub_topic.dead_letters.name
      FIRESTORE_DATABASE       = google_firestore_database.records.name
      FIRESTORE_COLLECTION     = local.collection

      # Probes come from outside of the container; by default the worker listens to itself alone.
      HOST = "0.0.0.0"

      # By default a core stays free for the API, which here is somewhere else.
      WORKER_CONCURRENCY = tostring(var.worker_gpu ? 4 : var.worker_cpu)

      # infra/worker.tunables, which a test holds this against: memory that was used once is kept instead of cleared again.
      GLIBC_TUNABLES = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=67108864:glibc.malloc.top_pad=67108864:glibc.malloc.trim_threshold=1000000000"
    },
    local.gpu_settings,
    local.model_settings,
    local.webhook_settings,
    local.trace_settings,
  )

  gpu_settings = {
    for name, value in {
      ORT_CUDA          = "1"
      ORT_CUDA_FALLBACK = var.worker_gpu_fallback
    } : name => value if var.worker_gpu
  }

  model_settings = {
    for name, value in {
      MATTING_MODEL_GCS     = try("gs://${google_storage_bucket.models.name}/${var.matting_model.object}#sha256=${var.matting_model.sha256}", null)
      MATTING_MODEL_PROFILE = try(var.matting_model.profile, null)
    } : name => value if value != null
  }

  webhook_settings = {
    for name, value in {
      API_KEYS_FILE = local.keys_path
    } : name => value if var.api_keys
  }

  collector_image = try(var.telemetry.collector_image, null)

  trace_settings = {
    for name, value in {
      OTEL_EXPORTER_OTLP_ENDPOINT = local.collector_image == null ? try(var.telemetry.endpoint, null) : "http://127.0.0.1:4318"
      OTEL_TRACES_SAMPLER         = "parentbased_traceidratio"
      OTEL_TRACES_SAMPLER_ARG     = try(tostring(var.telemetry.sample_ratio), null)
    } : name => value if var.telemetry != null
  }

  otlp_headers_secret = try(var.telemetry.headers_secret, false)

  # Settings whose values are secrets: the program gets them, Terraform never sees them.
  secret_settings = {
    for name, secret in {
      OTEL_EXPORTER_OTLP_HEADERS = one(google_secret_manager_secret.otlp_headers[*].secret_id)
    } : name => secret if local.otlp_headers_secret
  }
}
