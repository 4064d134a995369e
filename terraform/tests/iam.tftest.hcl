mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  api_invokers  = ["serviceAccount:shop@perkie-test.iam.gserviceaccount.com"]
  image_writers = ["serviceAccount:build@perkie-test.iam.gserviceaccount.com"]
}

run "grants" {
  command = plan

  assert {
    condition     = google_service_account.api.account_id == "headshot-api" && google_service_account.worker.account_id == "headshot-worker"
    error_message = "Each program has an account of its own."
  }

  assert {
    condition     = google_project_iam_custom_role.signer.permissions == toset(["iam.serviceAccounts.signBlob"]) && google_project_iam_custom_role.signer.role_id == "headshot_signer"
    error_message = "The signing role signs and does nothing else."
  }

  assert {
    condition     = google_project_iam_custom_role.remover.permissions == toset(["storage.objects.delete"]) && google_project_iam_custom_role.remover.role_id == "headshot_object_remover"
    error_message = "The removing role removes and does nothing else."
  }

  assert {
    condition = [for grant in [google_storage_bucket_iam_member.api_writes_originals, google_storage_bucket_iam_member.api_reads_originals, google_storage_bucket_iam_member.api_removes_originals, google_storage_bucket_iam_member.api_reads_outputs, google_storage_bucket_iam_member.api_removes_outputs] : [grant.bucket, grant.role, grant.member]] == [
      ["perkie-test-headshot-originals", "roles/storage.objectCreator", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test-headshot-originals", "roles/storage.objectViewer", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test-headshot-originals", "projects/perkie-test/roles/headshot_object_remover", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test-headshot-outputs", "roles/storage.objectViewer", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test-headshot-outputs", "projects/perkie-test/roles/headshot_object_remover", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"],
    ]
    error_message = "The API stores originals, looks at those that were put with a link, takes orphans away again, reads finished pictures, and removes what is erased."
  }

  assert {
    condition = [google_service_account_iam_member.api_signs.service_account_id, google_service_account_iam_member.api_signs.role, google_service_account_iam_member.api_signs.member] == [
      "projects/perkie-test/serviceAccounts/headshot-api@perkie-test.iam.gserviceaccount.com", "projects/perkie-test/roles/headshot_signer", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"
    ]
    error_message = "The API signs links as itself."
  }

  assert {
    condition = [google_pubsub_topic_iam_member.api_publishes.topic, google_pubsub_topic_iam_member.api_publishes.role, google_pubsub_topic_iam_member.api_publishes.member] == [
      "projects/perkie-test/topics/headshot-tasks", "roles/pubsub.publisher", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"
    ]
    error_message = "The API publishes tasks."
  }

  assert {
    condition = (
      [google_project_iam_member.api_records.project, google_project_iam_member.api_records.role, google_project_iam_member.api_records.member]
      == ["perkie-test", "roles/datastore.user", "serviceAccount:headshot-api@perkie-test.iam.gserviceaccount.com"]
      && google_project_iam_member.api_records.condition[0].expression == "resource.name == \"projects/perkie-test/databases/headshot\""
    )
    error_message = "The API reads and writes records, of this database only."
  }

  assert {
    condition = [for grant in [
      google_storage_bucket_iam_member.worker_reads_originals, google_storage_bucket_iam_member.worker_writes_outputs,
      google_storage_bucket_iam_member.worker_reads_outputs, google_storage_bucket_iam_member.worker_replaces_outputs,
      google_storage_bucket_iam_member.worker_reads_models,
      ] : [grant.bucket, grant.role, grant.member]] == [
      ["perkie-test-headshot-originals", "roles/storage.objectViewer", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test-headshot-outputs", "roles/storage.objectCreator", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test-headshot-outputs", "roles/storage.objectViewer", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test-headshot-outputs", "projects/perkie-test/roles/headshot_object_remover", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test-headshot-models", "roles/storage.objectViewer", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
    ]
    error_message = "The worker reads originals and models, and writes, reads and replaces pictures."
  }

  assert {
    condition = [google_pubsub_subscription_iam_member.worker_pulls.subscription, google_pubsub_subscription_iam_member.worker_pulls.role, google_pubsub_subscription_iam_member.worker_pulls.member] == [
      "projects/perkie-test/subscriptions/headshot-tasks", "roles/pubsub.subscriber", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"
    ]
    error_message = "The worker pulls tasks."
  }

  assert {
    condition = [for grant in [google_pubsub_topic_iam_member.worker_publishes, google_pubsub_topic_iam_member.worker_sets_aside] : [grant.topic, grant.role, grant.member]] == [
      ["projects/perkie-test/topics/headshot-tasks", "roles/pubsub.publisher", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
      ["projects/perkie-test/topics/headshot-dead-letters", "roles/pubsub.publisher", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
    ]
    error_message = "The worker's sweep publishes tasks, and the worker publishes dead letters."
  }

  assert {
    condition = (
      [google_project_iam_member.worker_records.project, google_project_iam_member.worker_records.role, google_project_iam_member.worker_records.member]
      == ["perkie-test", "roles/datastore.user", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"]
      && google_project_iam_member.worker_records.condition[0].expression == "resource.name == \"projects/perkie-test/databases/headshot\""
    )
    error_message = "The worker reads and writes records, of this database only."
  }

  assert {
    condition = [for grant in [google_project_iam_member.worker_metrics, google_project_iam_member.worker_traces] : [grant.project, grant.role, grant.member]] == [
      ["perkie-test", "roles/monitoring.metricWriter", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
      ["perkie-test", "roles/cloudtrace.agent", "serviceAccount:headshot-worker@perkie-test.iam.gserviceaccount.com"],
    ]
    error_message = "The worker writes metrics and traces."
  }

  assert {
    condition     = data.google_project.this.project_id == "perkie-test"
    error_message = "Google's agents are those of this project."
  }

  assert {
    condition = [google_pubsub_topic_iam_member.pubsub_sets_aside.topic, google_pubsub_topic_iam_member.pubsub_sets_aside.role, google_pubsub_topic_iam_member.pubsub_sets_aside.member] == [
      "projects/perkie-test/topics/headshot-dead-letters", "roles/pubsub.publisher", "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    ]
    error_message = "Pub/Sub must be allowed to publish dead letters."
  }

  assert {
    condition = [google_pubsub_subscription_iam_member.pubsub_acknowledges.subscription, google_pubsub_subscription_iam_member.pubsub_acknowledges.role, google_pubsub_subscription_iam_member.pubsub_acknowledges.member] == [
      "projects/perkie-test/subscriptions/headshot-tasks", "roles/pubsub.subscriber", "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    ]
    error_message = "Pub/Sub must be allowed to acknowledge what it moves to the dead letters."
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.public) == 0
    error_message = "Nobody said that the API is public."
  }

  assert {
    condition = [for grant in google_cloud_run_v2_service_iam_member.invokers : [grant.name, grant.location, grant.role, grant.member]] == [
      ["headshot-api", "europe-west1", "roles/run.invoker", "serviceAccount:shop@perkie-test.iam.gserviceaccount.com"]
    ]
    error_message = "Those who were named may call the API."
  }

  assert {
    condition = [for grant in google_cloud_run_v2_service_iam_member.uptime_check : [grant.name, grant.location, grant.role, grant.member]] == [
      ["headshot-api", "europe-west1", "roles/run.invoker", "serviceAccount:service-123456789012@gcp-sa-monitoring-notification.iam.gserviceaccount.com"]
    ]
    error_message = "The uptime check may call an API that is not public."
  }

  assert {
    condition = [for grant in google_artifact_registry_repository_iam_member.writers : [grant.location, grant.repository, grant.role, grant.member]] == [
      ["europe-west1", "headshot", "roles/artifactregistry.writer", "serviceAccount:build@perkie-test.iam.gserviceaccount.com"]
    ]
    error_message = "Those who were named may push images."
  }
}

run "public" {
  command = plan

  variables {
    api_public    = true
    api_anonymous = true
  }

  assert {
    condition = [for grant in google_cloud_run_v2_service_iam_member.public : [grant.name, grant.location, grant.role, grant.member]] == [
      ["headshot-api", "europe-west1", "roles/run.invoker", "allUsers"]
    ]
    error_message = "A public API may be called by everybody."
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.uptime_check) == 0
    error_message = "The uptime check of a public API needs no grant."
  }
}

# Whatever is added later, too: these look at the source.
run "nobody_has_more" {
  command = plan

  module {
    source = "./tests/source"
  }

  assert {
    condition = length(flatten([for name, text in output.files : regexall(
      "roles/(owner|editor|viewer|storage\\.(admin|objectAdmin|objectUser)|pubsub\\.(admin|editor)|datastore\\.owner|run\\.admin|iam\\.serviceAccount(Admin|TokenCreator|KeyAdmin))\"", text
    )])) == 0
    error_message = "No account has a role of an administrator, an editor or an owner."
  }

  assert {
    condition = length(flatten([for name, text in output.files : regexall(
      "google_(service_account_key|project_iam_(policy|binding)|storage_bucket_(acl|access_control)|storage_object_acl)|private_key|force_destroy", text
    )])) == 0
    error_message = "No keys, no object ACLs, no binding that takes rights away from others, no bucket that is destroyed with what is in it."
  }

  assert {
    condition     = toset(flatten([for name, text in output.files : regexall("resource \"google_secret_manager_secret_iam_[a-z]+\" \"([a-z_]+)\"", text)])) == toset(["api_keys", "otlp_headers", "worker_reads_keys"])
    error_message = "Nobody but the two programs reads a secret."
  }

  assert {
    condition     = length(flatten([for name, text in output.files : regexall("enable_message_ordering|enable_exactly_once_delivery", text)])) == 0
    error_message = "Claims are idempotent: ordering and exactly-once only cost throughput."
  }

  assert {
    condition     = length(flatten([for name, text in output.files : regexall("\"(allUsers|allAuthenticatedUsers)\"", text)])) == 1
    error_message = "Only the API's invoker can be everybody."
  }

  assert {
    condition = toset(flatten([for name, text in output.files : [
      for block in regexall("(?s)resource \"google_project_iam_member\" \"[a-z_]+\" \\{.*?\\n\\}", text) : regexall("roles/[A-Za-z.]+", block)
      ]])) == toset([
      "roles/cloudtrace.agent", "roles/datastore.user", "roles/monitoring.metricWriter", "roles/monitoring.viewer", "roles/parametermanager.parameterViewer",
    ])
    error_message = "On the whole project nobody may touch storage or queues."
  }
}
