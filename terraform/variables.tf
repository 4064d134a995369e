# --- where -------------------------------------------------------------------------------------------------------------

variable "project_id" {
  description = "The project that everything is made in. It exists already and has a billing account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is the id of a project, such as perkie-prod: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of programs, buckets and images. With worker_gpu it must be one of gpu_regions."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region is a region such as europe-west1, neither a zone nor a multi-region."
  }
  validation {
    condition     = !var.worker_gpu || contains(var.gpu_regions, var.region)
    error_message = "worker_gpu needs a region where Cloud Run has L4 GPUs (gpu_regions): ${join(", ", var.gpu_regions)}."
  }
}

variable "firestore_location" {
  description = "Where job records are kept: a region or a multi-region such as eur3. Null: the region. It can never be changed."
  type        = string
  default     = null

  validation {
    condition     = var.firestore_location == null || can(regex("^(eur3|nam5|nam7|[a-z]+-[a-z]+[0-9]{1,2})$", var.firestore_location))
    error_message = "firestore_location is a region, eur3, nam5 or nam7."
  }
}

variable "name" {
  description = "What all names begin with. Another name makes a second, separate installation in the same project."
  type        = string
  default     = "headshot"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,14}[a-z0-9]$", var.name))
    error_message = "name has 4 to 16 lower-case letters, digits and hyphens: service accounts and buckets are called after it."
  }
}

# --- the two programs --------------------------------------------------------------------------------------------------

variable "api_image" {
  description = "Image of headshot-api, by digest: REGION-docker.pkg.dev/PROJECT/headshot/headshot-api@sha256:…"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9.-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$", var.api_image))
    error_message = "api_image must end in @sha256: and 64 hex digits. A tag can be moved, and then nobody knows what runs."
  }
}

variable "worker_image" {
  description = "Image of headshot-worker, by digest. With worker_gpu the one that was built for CUDA."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9.-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$", var.worker_image))
    error_message = "worker_image must end in @sha256: and 64 hex digits. A tag can be moved, and then nobody knows what runs."
  }
}

variable "api_public" {
  description = "Whether anybody on the internet may call the API. Browsers of the shop need it; a shop server that calls with a token does not."
  type        = bool
  default     = false
}

variable "api_invokers" {
  description = "Who may call the API while it is not public, such as serviceAccount:shop@PROJECT.iam.gserviceaccount.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.api_invokers : can(regex("^(user|group|serviceAccount):[^@]+@[^@]+$", member))])
    error_message = "api_invokers are user:, group: or serviceAccount: with an e-mail address. For everybody there is api_public."
  }
}

variable "api_keys" {
  description = "Whether callers need a key or a token. The file of keys, which has the secrets of webhooks as well, is the secret NAME-api-keys, made by `headshot-api keys`."
  type        = bool
  default     = false
}

variable "api_anonymous" {
  description = "Whether callers without a key are served as well. Where the API is public and there are no keys, this has to be said."
  type        = bool
  default     = false

  validation {
    condition     = var.api_anonymous || var.api_keys || !var.api_public
    error_message = "With api_public and without api_keys anybody could send photos. If that is meant, set api_anonymous."
  }
}

variable "api_id_token_audience" {
  description = "Audience of the Google-signed ID tokens that the service accounts in the file of keys may bring. Null: keys alone count."
  type        = string
  default     = null

  validation {
    condition     = var.api_id_token_audience == null || (var.api_keys && can(regex("^https://", var.api_id_token_audience)))
    error_message = "api_id_token_audience begins with https:// and needs api_keys."
  }
}

variable "api_max_backlog" {
  description = "Photos are refused for a while when so many jobs wait. 0: never. A CPU worker of 4 cores renders 2000 in some twenty minutes."
  type        = number
  default     = 2000

  validation {
    condition     = var.api_max_backlog >= 0 && floor(var.api_max_backlog) == var.api_max_backlog
    error_message = "api_max_backlog is a whole number."
  }
}

variable "allowed_origins" {
  description = "Origins whose pages may call the API and read finished pictures, such as https://shop.example, or capacitor://localhost for an app. Never *."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.allowed_origins : can(regex("^(https|capacitor|ionic|tauri)://[a-z0-9.-]+(:[0-9]+)?$", origin))])
    error_message = "allowed_origins are https:// (of an app's web view capacitor://, ionic:// or tauri://) and a host, without a path, a slash at the end, or *."
  }
}

variable "api_min_instances" {
  description = "Instances of the API that are always there. 0 is cheaper and lets the first customer wait for a start."
  type        = number
  default     = 1

  validation {
    condition     = contains(range(0, 101), var.api_min_instances)
    error_message = "api_min_instances is a whole number from 0 to 100."
  }
}

variable "api_max_instances" {
  description = "The most instances of the API, which bounds what an attack can cost."
  type        = number
  default     = 10

  validation {
    condition     = contains(range(1, 101), var.api_max_instances) && var.api_max_instances >= var.api_min_instances
    error_message = "api_max_instances is a whole number from 1 to 100, and not less than api_min_instances."
  }
}

variable "worker_instances" {
  description = "Instances of the worker, all of them always on. Only without an autoscaler. 0 stops rendering, and the sweep with it."
  type        = number
  default     = 1

  validation {
    condition     = contains(range(0, 101), var.worker_instances)
    error_message = "worker_instances is a whole number from 0 to 100."
  }
}

variable "worker_cpu" {
  description = "Cores of a CPU worker, and photos that it renders at the same time."
  type        = number
  default     = 4

  validation {
    condition     = contains([1, 2, 4, 6, 8], var.worker_cpu)
    error_message = "worker_cpu is 1, 2, 4, 6 or 8: what Cloud Run offers."
  }
}

variable "worker_memory_gib" {
  description = "Memory of a CPU worker in GiB. An AVIF of 100 megapixels, the most that is taken, needs 1, the model and the rest another 1."
  type        = number
  default     = 6

  validation {
    condition     = contains(range(1, 33), var.worker_memory_gib) && var.worker_memory_gib >= 1 + var.worker_cpu
    error_message = "worker_memory_gib is a whole number up to 32, and at least 1 and 1 per core (worker_cpu): less ends in killed workers."
  }
  validation {
    # The validation of worker_cpu sees to other numbers of cores.
    condition     = var.worker_memory_gib <= lookup({ 1 = 4, 2 = 8, 4 = 16, 6 = 24, 8 = 32 }, var.worker_cpu, 32)
    error_message = "Cloud Run gives at most 4 GiB to 1 core, 8 to 2, 16 to 4, 24 to 6, 32 to 8."
  }
}

variable "worker_gpu" {
  description = "Whether the worker has an NVIDIA L4. At low volume the CPU is several times cheaper."
  type        = bool
  default     = false
}

variable "worker_gpu_fallback" {
  description = "What a worker does that finds its GPU unusable: refuse to start, or serve on the cpu and say so."
  type        = string
  default     = "refuse"

  validation {
    condition     = contains(["refuse", "cpu"], var.worker_gpu_fallback)
    error_message = "worker_gpu_fallback is refuse or cpu."
  }
}

variable "gpu_regions" {
  description = "Regions where Cloud Run has L4 GPUs for everybody. Google adds some; asia-south1 is by invitation."
  type        = set(string)
  default     = ["asia-southeast1", "europe-west1", "europe-west4", "us-central1"]
}

variable "worker_launch_stage" {
  description = "Launch stage of the worker pool. BETA allows what Cloud Run offers in preview and is accepted for the rest too."
  type        = string
  default     = "BETA"

  validation {
    condition     = contains(["ALPHA", "BETA", "GA"], var.worker_launch_stage)
    error_message = "worker_launch_stage is ALPHA, BETA or GA."
  }
}

variable "matting_model" {
  description = "Another matting model, an object of the models bucket, with its checksum and, if it does not describe itself, a profile. Null: the built-in one."
  type = object({
    object  = string
    sha256  = string
    profile = optional(string)
  })
  default = null

  validation {
    condition = (
      var.matting_model == null
      || can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]$", var.matting_model.object)) && can(regex("^[0-9a-f]{64}$", var.matting_model.sha256))
    )
    error_message = "matting_model needs the object's name without gs://, such as pets/matte-3.onnx, and its SHA-256 in 64 hex digits."
  }
}

variable "autoscaler" {
  description = "Google's external-metrics autoscaler (CREMA) for the worker pool; see README.md. Null: worker_instances decides."
  type = object({
    image              = string # by digest
    base_image         = string # the runtime that its image is put on, as Google's instructions name it
    config_version     = string # projects/P/locations/global/parameters/N/versions/V
    min_instances      = optional(number, 1)
    max_instances      = optional(number, 10)
    tasks_per_instance = optional(number, 40)
  })
  default = null

  validation {
    condition     = var.autoscaler == null || can(regex("^[a-z0-9.-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$", var.autoscaler.image))
    error_message = "autoscaler.image must end in @sha256: and 64 hex digits."
  }
  validation {
    condition     = var.autoscaler == null || can(regex("^projects/[^/]+/locations/[^/]+/parameters/[^/]+/versions/[^/]+$", var.autoscaler.config_version))
    error_message = "autoscaler.config_version is the whole name of a version in Parameter Manager."
  }
  validation {
    condition = (
      var.autoscaler == null
      || try(contains(range(1, 101), var.autoscaler.min_instances) && contains(range(1, 101), var.autoscaler.max_instances) && var.autoscaler.max_instances >= var.autoscaler.min_instances, false)
    )
    error_message = "autoscaler needs 1 to 100 instances: without a worker nobody sweeps, and what a crash left unpublished would wait."
  }
}

# --- how long things are kept ------------------------------------------------------------------------------------------

variable "original_days" {
  description = "Days after which customers' photos are deleted."
  type        = number
  default     = 30

  validation {
    condition     = contains(range(1, 366), var.original_days)
    error_message = "original_days is a whole number from 1 to 365. A job may wait for a day, so its photo has to last longer than that."
  }
}

variable "output_days" {
  description = "Days after which finished pictures and their records are deleted."
  type        = number
  default     = 90

  validation {
    condition     = contains(range(1, 366), var.output_days)
    error_message = "output_days is a whole number from 1 to 365."
  }
}

variable "soft_delete_days" {
  description = "Days for which deleted photos and pictures can be brought back. They are still stored then: an erasure is complete only after that. 0: at once."
  type        = number
  default     = 7

  validation {
    condition     = var.soft_delete_days == 0 || contains(range(7, 91), var.soft_delete_days)
    error_message = "soft_delete_days is 0, or 7 to 90: what Cloud Storage offers."
  }
}

# --- watching ----------------------------------------------------------------------------------------------------------

variable "alert_emails" {
  description = "Who is told of alerts. Empty: incidents are only seen in the console."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "alert_emails are e-mail addresses."
  }
}

variable "docs_url" {
  description = "What stands before docs/runbooks.md in alerts, such as https://git.example/perkie/blob/main/. Empty: the path in the repository."
  type        = string
  default     = ""

  validation {
    condition     = var.docs_url == "" || can(regex("^https://.+/$", var.docs_url))
    error_message = "docs_url begins with https:// and ends in /."
  }
}

variable "api_p95_ms" {
  description = "Alert when the slowest twentieth of GET /headshot/{id} takes longer than this, in milliseconds."
  type        = number
  default     = 1000

  validation {
    condition     = var.api_p95_ms > 0
    error_message = "api_p95_ms is a number of milliseconds."
  }
}

variable "failed_ratio" {
  description = "Alert when so many jobs end in failure for each one that is done. Refused photos are no failures."
  type        = number
  default     = 0.02

  validation {
    condition     = var.failed_ratio > 0 && var.failed_ratio < 1
    error_message = "failed_ratio is between 0 and 1."
  }
}

variable "billing_account" {
  description = "Billing account, for the budget. Null: no budget. Whoever applies needs roles/billing.costsManager on it."
  type        = string
  default     = null

  validation {
    condition     = var.billing_account == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account looks like 012345-6789AB-CDEF01."
  }
}

variable "monthly_budget" {
  description = "What the project may cost a month, in whole units of the billing account's currency. It warns and stops nothing."
  type        = number
  default     = 300

  validation {
    condition     = var.monthly_budget >= 1 && floor(var.monthly_budget) == var.monthly_budget
    error_message = "monthly_budget is a whole number."
  }
}

variable "telemetry" {
  # collector_image: a collector beside each program, by digest, which speaks to Cloud Trace with the program's account.
  # endpoint: a collector elsewhere, instead. headers_secret: its token is in the secret NAME-otlp-headers.
  # sample_ratio: the part of all traces that is kept.
  description = "Where traces go (docs/telemetry.md): a collector_image beside each program, or an endpoint elsewhere. Null: nowhere."
  type = object({
    collector_image = optional(string)
    endpoint        = optional(string)
    headers_secret  = optional(bool, false)
    sample_ratio    = optional(number, 0.1)
  })
  default = null

  validation {
    condition     = var.telemetry == null || try((var.telemetry.collector_image == null) != (var.telemetry.endpoint == null), false)
    error_message = "telemetry needs either a collector_image or an endpoint."
  }
  validation {
    condition     = try(var.telemetry.collector_image, null) == null || can(regex("^[a-z0-9.-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$", var.telemetry.collector_image))
    error_message = "telemetry.collector_image must end in @sha256: and 64 hex digits."
  }
  validation {
    condition     = try(var.telemetry.endpoint, null) == null || can(regex("^https://", var.telemetry.endpoint))
    error_message = "telemetry.endpoint begins with https://."
  }
  validation {
    condition     = try(!var.telemetry.headers_secret || var.telemetry.endpoint != null, true)
    error_message = "telemetry.headers_secret is for an endpoint elsewhere; the collector beside the program needs no token."
  }
  validation {
    condition     = try(var.telemetry.sample_ratio >= 0 && var.telemetry.sample_ratio <= 1, true)
    error_message = "telemetry.sample_ratio is between 0 and 1."
  }
}

# --- building ----------------------------------------------------------------------------------------------------------

variable "image_writers" {
  description = "Who may push images, such as the service account of the build."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.image_writers : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", member))])
    error_message = "image_writers are members such as serviceAccount:build@PROJECT.iam.gserviceaccount.com."
  }
}
