mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "records" {
  command = plan

  assert {
    condition = (
      google_firestore_database.records.name == "headshot"
      && google_firestore_database.records.type == "FIRESTORE_NATIVE"
      && google_firestore_database.records.location_id == "europe-west1"
    )
    error_message = "Records are in a named native database of the region."
  }

  assert {
    condition     = google_firestore_database.records.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "The database must be protected from deletion."
  }

  assert {
    condition     = google_firestore_database.records.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "The database must be recoverable to a point in time."
  }

  assert {
    condition = (
      [google_firestore_field.expire_at.database, google_firestore_field.expire_at.collection, google_firestore_field.expire_at.field]
      == ["headshot", "headshots", "expire_at"]
      && length(google_firestore_field.expire_at.ttl_config) == 1
    )
    error_message = "Records are deleted after expire_at."
  }

  assert {
    condition = ({ for name, field in google_firestore_field.passing_expire_at : name => [field.database, field.collection, field.field, length(field.ttl_config)] }
      == { idempotency = ["headshot", "headshots-idempotency", "expire_at", 1], uploads = ["headshot", "headshots-uploads", "expire_at", 1] }
    )
    error_message = "Idempotency keys and announced photos are deleted after expire_at."
  }

  assert {
    condition     = alltrue([for field in google_firestore_field.passing_expire_at : length(field.index_config) == 1 && length(field.index_config[0].indexes) == 0])
    error_message = "Nobody asks for keys or announced photos by expire_at."
  }

  assert {
    condition     = length(google_firestore_field.expire_at.index_config) == 1 && length(google_firestore_field.expire_at.index_config[0].indexes) == 0
    error_message = "expire_at must not be indexed."
  }

  assert {
    condition = (
      [google_firestore_field.limits_expire_at.database, google_firestore_field.limits_expire_at.collection, google_firestore_field.limits_expire_at.field]
      == ["headshot", "headshots-limits", "expire_at"]
      && length(google_firestore_field.limits_expire_at.ttl_config) == 1
      && length(google_firestore_field.limits_expire_at.index_config) == 1
      && length(google_firestore_field.limits_expire_at.index_config[0].indexes) == 0
    )
    error_message = "Levels of limits are deleted after expire_at, which is not indexed."
  }

  assert {
    condition = (
      google_firestore_index.sweep.database == "headshot" && google_firestore_index.sweep.collection == "headshots"
      && [for field in google_firestore_index.sweep.fields : [field.field_path, field.order]] == [["status", "ASCENDING"], ["updated_at", "ASCENDING"]]
    )
    error_message = "The sweep's query needs its index."
  }

  assert {
    condition = (
      google_firestore_index.support.database == "headshot" && google_firestore_index.support.collection == "headshots"
      && [for field in google_firestore_index.support.fields : [field.field_path, field.order]] == [["status", "ASCENDING"], ["created_at", "DESCENDING"]]
    )
    error_message = "Support's listing needs its index."
  }

  assert {
    condition = ({ for name, index in google_firestore_index.desk : name => [index.database, index.collection, [for field in index.fields : "${field.field_path} ${field.order}"]] }
      == {
        all             = ["headshot", "headshots", ["tenant ASCENDING", "created_at DESCENDING"]]
        status          = ["headshot", "headshots", ["tenant ASCENDING", "status ASCENDING", "created_at DESCENDING"]]
        order           = ["headshot", "headshots", ["tenant ASCENDING", "order_id ASCENDING", "created_at DESCENDING"]]
        order_of_status = ["headshot", "headshots", ["tenant ASCENDING", "status ASCENDING", "order_id ASCENDING", "created_at DESCENDING"]]
    })
    error_message = "Support's search needs an index for each combination."
  }

  assert {
    condition = (
      google_firebaserules_release.deny_all.name == "cloud.firestore/headshot"
      && google_firebaserules_release.deny_all.ruleset_name == google_firebaserules_ruleset.deny_all.name
      && google_firebaserules_ruleset.deny_all.source[0].files[0].name == "firestore.rules"
      && strcontains(google_firebaserules_ruleset.deny_all.source[0].files[0].content, "allow read, write: if false;")
      && strcontains(google_firebaserules_ruleset.deny_all.source[0].files[0].content, "match /{document=**}")
      && length(regexall("allow", google_firebaserules_ruleset.deny_all.source[0].files[0].content)) == 1
    )
    error_message = "Rules must deny everything to everybody, on this database."
  }
}

run "elsewhere" {
  command = plan

  variables {
    firestore_location = "eur3"
    name               = "retake"
  }

  assert {
    condition     = google_firestore_database.records.location_id == "eur3" && google_firestore_database.records.name == "retake"
    error_message = "Location and name must reach the database."
  }

  assert {
    condition     = google_firebaserules_release.deny_all.name == "cloud.firestore/retake" && local.api_settings.FIRESTORE_DATABASE == "retake" && local.worker_settings.FIRESTORE_DATABASE == "retake"
    error_message = "Rules and programs must follow the database."
  }
}
