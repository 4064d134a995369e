# Tasks, and those that nobody could finish. Neither ordered nor exactly-once: a claim in the record is idempotent, so that
# both would only cost throughput.

resource "google_pubsub_topic" "tasks" {
  name = "${var.name}-tasks"

  depends_on = [google_project_service.enabled]
}

resource "google_pubsub_subscription" "tasks" {
  name  = "${var.name}-tasks"
  topic = google_pubsub_topic.tasks.id

  # The worker extends it while it renders. This is what a killed one's task waits for.
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  # By default a subscription that is idle for a month is deleted, and the next photo never gets a worker.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  # As many as the worker's own MAX_ATTEMPTS. What an outage drives here although its job only waits, the sweep publishes again.
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters.id
    max_delivery_attempts = 5
  }
}

resource "google_pubsub_topic" "dead_letters" {
  name = "${var.name}-dead-letters"

  depends_on = [google_project_service.enabled]
}

# Without a subscription of its own a dead letter would be gone the moment it is published.
resource "google_pubsub_subscription" "dead_letters" {
  name  = "${var.name}-dead-letters"
  topic = google_pubsub_topic.dead_letters.id

  # Long enough to look at one by hand.
  ack_deadline_seconds       = 600
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}
