terraform {
  # 1.9 is the first whose validations may look at other variables.
  required_version = ">= 1.9"

  required_providers {
    google = {
      source = "hashicorp/google"
      # 7.40 knows worker pools with probes and GPUs.
      version = ">= 7.40, < 9"
    }
  }

  # Named at `terraform init -backend-config=bucket=…`: every environment has a bucket of its own.
  backend "gcs" {
    prefix = "headshot"
  }
}

provider "google" {
  project = var.project_id
  region  = var.region

  # Budgets and Firebase rules charge their quota to a project, and a person's own credentials name none.
  user_project_override = true
  billing_project       = var.project_id

  default_labels = { app = var.name }
}

# Its number is part of the names of Google's service agents.
data "google_project" "this" {
  project_id = var.project_id
}
