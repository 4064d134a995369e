mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "project" {
  command = plan

  assert {
    condition = toset([for api in google_project_service.enabled : trimsuffix(api.service, ".googleapis.com")]) == toset([
      "artifactregistry", "billingbudgets", "cloudtrace", "firebaserules", "firestore", "iam", "iamcredentials", "logging", "monitoring",
      "parametermanager", "pubsub", "run", "secretmanager", "storage",
    ])
    error_message = "Every API that is used is switched on."
  }

  assert {
    condition     = alltrue([for api in google_project_service.enabled : api.disable_on_destroy == false])
    error_message = "Destroying this must not switch APIs off for others."
  }

  assert {
    condition = (
      google_artifact_registry_repository.images.location == "europe-west1"
      && google_artifact_registry_repository.images.repository_id == "headshot"
      && google_artifact_registry_repository.images.format == "DOCKER"
      && !google_artifact_registry_repository.images.docker_config[0].immutable_tags
    )
    error_message = "Images are in the region, and those with a tag can be cleaned up."
  }

  assert {
    condition = { for policy in google_artifact_registry_repository.images.cleanup_policies : policy.id => [
      policy.action, try(policy.most_recent_versions[0].keep_count, null), try(policy.condition[0].older_than, null)
      ] } == {
      keep-the-last-releases = ["KEEP", 20, null]
      delete-what-is-older   = ["DELETE", null, "7776000s"]
    }
    error_message = "Old images go, and what a rollback needs stays."
  }

  assert {
    condition     = output.api_url == "https://headshot-api-123456789012.europe-west1.run.app"
    error_message = "api_url"
  }
  assert {
    condition     = output.image_repository == "europe-west1-docker.pkg.dev/perkie-test/headshot"
    error_message = "image_repository"
  }
  assert {
    condition     = [output.api_service, output.worker_pool, output.region] == ["headshot-api", "headshot-worker", "europe-west1"]
    error_message = "What is deployed, and where."
  }
  assert {
    condition     = output.images == { api = var.api_image, worker = var.worker_image }
    error_message = "images"
  }
  assert {
    condition     = output.buckets == { originals = "perkie-test-headshot-originals", outputs = "perkie-test-headshot-outputs", models = "perkie-test-headshot-models" }
    error_message = "buckets"
  }
  assert {
    condition = output.queue == {
      topic                    = "headshot-tasks"
      subscription             = "headshot-tasks"
      dead_letter_topic        = "headshot-dead-letters"
      dead_letter_subscription = "headshot-dead-letters"
    }
    error_message = "queue"
  }
  assert {
    condition     = output.records == { database = "headshot", collection = "headshots" }
    error_message = "records"
  }
  assert {
    condition     = output.accounts == { api = "headshot-api@perkie-test.iam.gserviceaccount.com", worker = "headshot-worker@perkie-test.iam.gserviceaccount.com" }
    error_message = "accounts"
  }
  assert {
    condition     = output.dashboard == "projects/perkie-test/dashboards/1"
    error_message = "dashboard"
  }
  assert {
    condition     = output.autoscaler_config == null
    error_message = "autoscaler_config"
  }
}

# A second installation beside the first one.
run "another_name" {
  command = plan

  variables {
    name = "re-take"
  }

  assert {
    condition = alltrue([for name in [
      google_cloud_run_v2_service.api.name, local.worker_pool.name, google_pubsub_topic.tasks.name, google_pubsub_topic.dead_letters.name,
      google_service_account.api.account_id, google_service_account.worker.account_id, google_firestore_database.records.name,
      google_artifact_registry_repository.images.repository_id, google_logging_metric.jobs_done.name,
    ] : startswith(name, "re-take")])
    error_message = "All names begin with the variable."
  }

  assert {
    condition     = google_project_iam_custom_role.signer.role_id == "re_take_signer" && google_project_iam_custom_role.remover.role_id == "re_take_object_remover"
    error_message = "Roles may not have hyphens in their ids."
  }
}
