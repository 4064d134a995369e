mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "queue" {
  command = plan

  assert {
    condition     = google_pubsub_topic.tasks.name == "headshot-tasks" && google_pubsub_topic.dead_letters.name == "headshot-dead-letters"
    error_message = "There is a topic for tasks and another one for dead letters."
  }

  assert {
    condition = (
      google_pubsub_subscription.tasks.topic == "projects/perkie-test/topics/headshot-tasks"
      && google_pubsub_subscription.dead_letters.topic == "projects/perkie-test/topics/headshot-dead-letters"
      && google_pubsub_subscription.tasks.name == "headshot-tasks"
      && google_pubsub_subscription.dead_letters.name == "headshot-dead-letters"
    )
    error_message = "Each topic has its own subscription: without one, dead letters vanish when they are published."
  }

  assert {
    condition     = google_pubsub_subscription.tasks.ack_deadline_seconds == 60
    error_message = "The worker extends a lease of 60 s."
  }

  assert {
    condition     = google_pubsub_subscription.dead_letters.ack_deadline_seconds == 600
    error_message = "Somebody who looks at a dead letter needs more than the default of 10 s."
  }

  assert {
    condition = alltrue([for subscription in [google_pubsub_subscription.tasks, google_pubsub_subscription.dead_letters] : (
      subscription.expiration_policy[0].ttl == "" && subscription.message_retention_duration == "604800s"
    )])
    error_message = "No subscription may expire, and each keeps its messages for 7 days."
  }

  assert {
    condition = [google_pubsub_subscription.tasks.retry_policy[0].minimum_backoff, google_pubsub_subscription.tasks.retry_policy[0].maximum_backoff] == [
      "10s", "60s"
    ]
    error_message = "What waited for a service comes back within a minute of its return."
  }

  assert {
    condition = (
      google_pubsub_subscription.tasks.dead_letter_policy[0].dead_letter_topic == "projects/perkie-test/topics/headshot-dead-letters"
      && google_pubsub_subscription.tasks.dead_letter_policy[0].max_delivery_attempts == 30
    )
    error_message = "Deliveries outlast the worker's renewals (10), its attempts (5) and deaths of workers."
  }
}
