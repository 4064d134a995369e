# Job records. A database of its own, so that rights and deletion are about nothing else.
resource "google_firestore_database" "records" {
  name        = var.name
  location_id = coalesce(var.firestore_location, var.region)
  type        = "FIRESTORE_NATIVE"

  delete_protection_state           = "DELETE_PROTECTION_ENABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"

  depends_on = [google_project_service.enabled]
}

# A record is deleted some time after its expire_at, within a day as a rule.
resource "google_firestore_field" "expire_at" {
  database   = google_firestore_database.records.name
  collection = local.collection
  field      = "expire_at"

  ttl_config {}

  # No index: nobody asks by it, and an index over ever-growing dates makes one hot spot of all writes.
  index_config {}
}

# Idempotency keys and announced photos, each in a collection beside the records'. Until they are deleted, what has expired
# counts as gone.
resource "google_firestore_field" "passing_expire_at" {
  for_each = toset(["idempotency", "uploads"])

  database   = google_firestore_database.records.name
  collection = "${local.collection}-${each.key}"
  field      = "expire_at"

  ttl_config {}

  index_config {}
}

# Levels of limits are of no interest once their buckets are full again
# (crates/backend/src/gcp/firestore/limits.rs).
resource "google_firestore_field" "limits_expire_at" {
  database   = google_firestore_database.records.name
  collection = "${local.collection}-limits"
  field      = "expire_at"

  ttl_config {}

  index_config {}
}

# The sweep's query: what has not been written for a while and is not finished.
resource "google_firestore_index" "sweep" {
  database   = google_firestore_database.records.name
  collection = local.collection

  fields {
    field_path = "status"
    order      = "ASCENDING"
  }
  fields {
    field_path = "updated_at"
    order      = "ASCENDING"
  }
}

# Support's listing over HTTP (GET /admin/jobs): the latest jobs of a tenant, all or of a status or an order.
resource "google_firestore_index" "desk" {
  for_each = {
    all             = ["tenant"]
    status          = ["tenant", "status"]
    order           = ["tenant", "order_id"]
    order_of_status = ["tenant", "status", "order_id"]
  }

  database   = google_firestore_database.records.name
  collection = local.collection

  dynamic "fields" {
    for_each = each.value

    content {
      field_path = fields.value
      order      = "ASCENDING"
    }
  }
  fields {
    field_path = "created_at"
    order      = "DESCENDING"
  }
}

# Support's listing in the console: the latest jobs of a status.
resource "google_firestore_index" "support" {
  database   = google_firestore_database.records.name
  collection = local.collection

  fields {
    field_path = "status"
    order      = "ASCENDING"
  }
  fields {
    field_path = "created_at"
    order      = "DESCENDING"
  }
}

# Browsers and phones could speak to Firestore directly. None may; IAM, which servers go by, is not concerned.
resource "google_firebaserules_ruleset" "deny_all" {
  source {
    files {
      name    = "firestore.rules"
      content = file("${path.module}/firestore.rules")
    }
  }

  depends_on = [google_firestore_database.records]
}

resource "google_firebaserules_release" "deny_all" {
  name         = "cloud.firestore/${google_firestore_database.records.name}"
  ruleset_name = google_firebaserules_ruleset.deny_all.name
}
