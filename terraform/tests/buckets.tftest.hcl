mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  allowed_origins = ["https://shop.example", "https://www.shop.example", "capacitor://localhost"]
}

run "buckets" {
  command = plan

  assert {
    condition = alltrue([for bucket in [google_storage_bucket.originals, google_storage_bucket.outputs, google_storage_bucket.models] : (
      bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced"
    )])
    error_message = "A bucket could be opened to the public."
  }

  assert {
    condition = alltrue([for bucket in [google_storage_bucket.originals, google_storage_bucket.outputs, google_storage_bucket.models] : (
      bucket.location == "europe-west1"
    )])
    error_message = "Photos stay in the region."
  }

  assert {
    condition = [google_storage_bucket.originals.name, google_storage_bucket.outputs.name, google_storage_bucket.models.name] == [
      "perkie-test-headshot-originals", "perkie-test-headshot-outputs", "perkie-test-headshot-models"
    ]
    error_message = "Buckets must be three different ones, whose names begin with the project's."
  }

  assert {
    condition = alltrue([for bucket, days in { originals = 30, outputs = 90 } : (
      [for rule in { originals = google_storage_bucket.originals, outputs = google_storage_bucket.outputs }[bucket].lifecycle_rule :
        [one(rule.action).type, one(rule.condition).age]
      ] == [["Delete", days]]
    )])
    error_message = "Originals are kept for 30 days, finished pictures for 90."
  }

  assert {
    condition     = length(google_storage_bucket.models.lifecycle_rule) == 0 && google_storage_bucket.models.versioning[0].enabled
    error_message = "Models do not expire, and an overwritten one comes back."
  }

  assert {
    condition = alltrue([for bucket in [google_storage_bucket.originals, google_storage_bucket.outputs, google_storage_bucket.models] : (
      bucket.soft_delete_policy[0].retention_duration_seconds == 7 * 86400
    )])
    error_message = "How long deleted objects linger must be said, and said to be 7 days."
  }

  assert {
    condition = (
      toset(google_storage_bucket.outputs.cors[0].origin) == toset(["https://shop.example", "https://www.shop.example", "capacitor://localhost"])
      && toset(google_storage_bucket.outputs.cors[0].method) == toset(["GET", "HEAD"])
      && contains(google_storage_bucket.outputs.cors[0].response_header, "Content-Type")
      && google_storage_bucket.outputs.cors[0].max_age_seconds == 3600
    )
    error_message = "The shop's pages, and no others, may read finished pictures."
  }

  assert {
    condition = (
      toset(google_storage_bucket.originals.cors[0].origin) == toset(["https://shop.example", "https://www.shop.example", "capacitor://localhost"])
      && toset(google_storage_bucket.originals.cors[0].method) == toset(["PUT"])
      && toset(google_storage_bucket.originals.cors[0].response_header) == toset(["Content-Type", "x-goog-content-length-range", "x-goog-if-generation-match", "baggage", "sentry-trace", "traceparent", "tracestate", "x-requested-with"])
      && google_storage_bucket.originals.cors[0].max_age_seconds == 3600
    )
    error_message = "The shop's pages, and no others, may put originals, with the headers that links are signed with and that tracers add, and may not read any."
  }

  assert {
    condition     = length(google_storage_bucket.models.cors) == 0
    error_message = "No page has anything to do with models."
  }
}

run "other_times" {
  command = plan

  variables {
    allowed_origins  = []
    original_days    = 7
    output_days      = 60
    soft_delete_days = 0
  }

  assert {
    condition = (
      google_storage_bucket.originals.lifecycle_rule[0].condition[0].age == 7
      && google_storage_bucket.outputs.lifecycle_rule[0].condition[0].age == 60
      && google_storage_bucket.originals.soft_delete_policy[0].retention_duration_seconds == 0
      && google_storage_bucket.outputs.soft_delete_policy[0].retention_duration_seconds == 0
      && local.api_settings.RECORD_TTL_DAYS == "60"
    )
    error_message = "The variables must reach buckets, and records must go with their pictures."
  }

  assert {
    condition     = length(google_storage_bucket.outputs.cors) == 0 && length(google_storage_bucket.originals.cors) == 0
    error_message = "Without origins there is no CORS."
  }
}
