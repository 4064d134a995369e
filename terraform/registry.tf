# Programs are named by digest, which cannot be moved. Tags can: of a repository with immutable tags nothing that has one is ever
# deleted, so that its clean-up policies would keep every release for ever.
resource "google_artifact_registry_repository" "images" {
  location      = var.region
  repository_id = var.name
  format        = "DOCKER"
  description   = "Images of headshot-api and headshot-worker"

  docker_config {
    immutable_tags = false
  }

  # The last releases stay for a rollback, however old they are.
  cleanup_policies {
    id     = "keep-the-last-releases"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }

  cleanup_policies {
    id     = "delete-what-is-older"
    action = "DELETE"
    condition {
      older_than = "7776000s"
    }
  }

  depends_on = [google_project_service.enabled]
}

# Cloud Run reads images of its own project with its service agent. Only who pushes needs a grant.
resource "google_artifact_registry_repository_iam_member" "writers" {
  for_each = var.image_writers

  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = each.key
}
