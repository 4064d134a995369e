# Optional, since it belongs to the billing account. It warns and stops nothing; what bounds cost is the number of instances.
resource "google_billing_budget" "monthly" {
  count = var.billing_account == null ? 0 : 1

  billing_account = var.billing_account
  display_name    = "${var.name}: a month (docs/runbooks.md#budget)"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  threshold_rules {
    threshold_percent = 0.5
  }
  threshold_rules {
    threshold_percent = 0.9
  }
  threshold_rules {
    threshold_percent = 1.0
  }
  # What the month will come to if it goes on like this.
  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  # Besides the billing account's administrators. A budget takes five channels at most.
  dynamic "all_updates_rule" {
    for_each = length(local.channels) > 0 ? [slice(local.channels, 0, min(5, length(local.channels)))] : []
    content {
      monitoring_notification_channels = all_updates_rule.value
    }
  }

  depends_on = [google_project_service.enabled]
}
