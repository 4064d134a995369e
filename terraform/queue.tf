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

  # What waits for a service that is away comes back within a minute of its return (docs/operations.md has the arithmetic).
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "60s"
  }

  # A safety net: the worker sets aside what it gives up, and publishes again what has waited for 10 deliveries. The other 20 are
  # for its MAX_ATTEMPTS, and for workers that die with tasks in their hands.
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters.id
    max_delivery_attempts = 30
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
