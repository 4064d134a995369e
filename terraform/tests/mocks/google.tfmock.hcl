# What Google would answer, as far as tests ask for it. Everything else that is not set is unknown, so that an assertion about a
# setting fails when the setting is removed.

mock_data "google_project" {
  defaults = { number = "123456789012" }
}

override_resource {
  target = google_service_account.api
  values = {
    name   = "projects/perkie-test/serviceAccounts/headshot-api@perkie-test.iam.gserviceaccount.com"
    email  = "headshot-api@perkie-test.iam.gserviceaccount.com"
    member = "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.worker
  values = {
    name   = "projects/perkie-test/serviceAccounts/headshot-worker@perkie-test.iam.gserviceaccount.com"
    email  = "headshot-worker@perkie-test.iam.gserviceaccount.com"
    member = "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.autoscaler
  values = {
    email  = "headshot-autoscaler@perkie-test.iam.gserviceaccount.com"
    member = "serviceAccount:headshot-autoscaler@perkie-test.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_project_iam_custom_role.signer
  values = { name = "projects/perkie-test/roles/headshot_signer" }
}

override_resource {
  target = google_project_iam_custom_role.remover
  values = { name = "projects/perkie-test/roles/headshot_object_remover" }
}

override_resource {
  target = google_pubsub_topic.tasks
  values = { id = "projects/perkie-test/topics/headshot-tasks" }
}

override_resource {
  target = google_pubsub_topic.dead_letters
  values = { id = "projects/perkie-test/topics/headshot-dead-letters" }
}

override_resource {
  target = google_pubsub_subscription.tasks
  values = { id = "projects/perkie-test/subscriptions/headshot-tasks" }
}

override_resource {
  target = google_artifact_registry_repository.images
  values = { name = "headshot" }
}

override_resource {
  target = google_firebaserules_ruleset.deny_all
  values = { name = "projects/perkie-test/rulesets/1" }
}

override_resource {
  target = google_secret_manager_secret.otlp_headers
  values = { id = "projects/perkie-test/secrets/headshot-otlp-headers" }
}

override_resource {
  target = google_cloud_run_v2_service.api
  values = { uri = "https://headshot-api-123456789012.europe-west1.run.app" }
}

override_resource {
  target = google_monitoring_uptime_check_config.api
  values = { uptime_check_id = "headshot-api-answers" }
}

override_resource {
  target = google_monitoring_dashboard.service
  values = { id = "projects/perkie-test/dashboards/1" }
}

mock_resource "google_monitoring_notification_channel" {
  defaults = { name = "projects/perkie-test/notificationChannels/1" }
}
