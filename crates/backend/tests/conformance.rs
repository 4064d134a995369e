//! What every backend must do, said once and run against each of them. The cases assume nothing but the documented
//! contract: they wait generously for what happens "some time", and never look behind the handles.

mod conformance {
    pub mod aborting;
    pub mod blobs;
    pub mod contention;
    pub mod emulators;
    pub mod idempotency;
    pub mod jobs;
    pub mod jobs_support;
    pub mod jobs_sweep;
    pub mod jobs_webhooks;
    pub mod limits;
    pub mod signed_uploads;
    pub mod support;
    pub mod tasks;
    pub mod tasks_leases;
    pub mod uploads;
}

use conformance::support::TestBackend;

/// Declares every case as a test of the backend that `$connect` gives.
macro_rules! conformance {
    ($kind:ident, $connect:expr) => {
        mod $kind {
            use super::*;
            blobs! { $connect }
            records_and_queue! { $connect }
        }
    };
}

macro_rules! records_and_queue {
    ($connect:expr) => {
            cases! { $connect;
                jobs: a_record_comes_back_as_it_was_written, an_id_is_created_once, a_claim_is_written_into_the_record,
                    of_eight_racing_workers_one_wins, a_lapsed_lease_is_taken_over, renewal_keeps_a_lease,
                    finishing_stores_everything, failing_stores_the_reason, a_finished_job_never_moves,
                    a_released_job_can_be_claimed_again, a_missing_job_is_missing,
                    of_a_worker_that_ended_without_a_word_only_somebody_alone_gets_the_job,
                    a_dead_letter_is_owed_until_it_is_sent;
                jobs_support: support_finds_jobs_by_status_order_and_time, what_was_made_from_a_photo_is_found,
                    what_was_rendered_is_found_by_its_key, the_first_approval_stays, a_job_is_erased_once_it_has_ended;
                jobs_sweep: the_sweep_finds_what_is_forgotten, the_sweep_leaves_alone_what_is_fresh,
                    publishing_again_doubles_the_wait, what_could_not_be_published_does_not_wait_longer,
                    a_job_that_a_worker_had_does_not_wait_longer, a_worker_that_is_gone_is_not_said_to_be_at_work, of_two_sweeps_one_publishes, an_abandoned_job_can_be_failed,
                    unfinished_jobs_are_counted;
                jobs_webhooks: a_webhook_is_due_once_its_job_has_ended, an_abandoned_job_has_its_webhook_sent_too,
                    a_job_without_a_webhook_owes_nobody_any_word, of_eight_racing_claims_on_a_webhook_one_wins,
                    a_webhook_whose_sender_died_is_due_again, a_delivery_is_recorded_and_nothing_else_moves,
                    a_failed_delivery_is_due_later, a_webhook_given_back_is_due_at_once,
                    what_is_due_longest_comes_first_and_can_be_postponed,
                    a_disabled_endpoint_stays_disabled_until_it_is_enabled;
                idempotency: a_key_is_answered_with_its_job_from_then_on, of_eight_racing_requests_one_gets_the_key,
                    a_key_given_back_is_as_new, a_lapsed_reservation_is_taken_over_and_its_holder_makes_no_job,
                    a_renewed_reservation_is_not_taken_over, keys_of_two_tenants_are_two_keys,
                    a_job_that_exists_answers_no_key, of_eight_racing_answers_one_is_given;
                uploads: an_upload_is_remembered_until_it_expires_or_is_forgotten;
                limits: two_processes_share_a_limit_to_within_a_tenth, racing_calls_never_get_more_than_there_is,
                    a_limit_fills_again_when_it_said_it_would, a_quota_does_not_come_back_before_its_end,
                    what_is_put_back_is_there_again;
                tasks: a_task_is_delivered_and_acknowledged, every_task_of_many_is_delivered,
                    two_subscribers_share_the_work, two_processes_share_the_queue, a_malformed_body_is_delivered_as_such,
                    a_dead_letter_does_not_come_again, no_more_are_outstanding_than_asked_for,
                    a_cancelled_wait_loses_nothing, the_depth_says_what_is_where;
                tasks_leases: a_refused_task_comes_again_later, a_forgotten_delivery_comes_again,
                    an_extended_delivery_does_not_come_again, a_task_given_back_comes_again_at_once;
            }
    };
}

macro_rules! blobs {
    ($connect:expr) => {
        cases! { $connect;
            blobs: a_blob_comes_back_as_it_was_written, a_missing_blob_is_none, an_aborted_upload_leaves_nothing,
                an_upload_is_invisible_until_committed, committing_twice_is_harmless, the_last_content_type_stays,
                a_blob_over_the_limit_is_an_error, a_deleted_blob_is_gone, a_signed_url_downloads_the_blob,
                a_signed_url_expires, a_tampered_url_is_refused;
            signed_uploads: what_is_put_comes_back_in_pieces, a_link_takes_one_blob,
                of_several_at_a_time_one_is_stored_whole, a_link_takes_no_other_type_and_no_other_size,
                a_link_expires, a_link_that_was_changed_is_refused;
        }
    };
}

macro_rules! cases {
    ($connect:expr; $($module:ident: $($case:ident),+ $(,)?;)+) => {
        $(mod $module {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    // Where something it needs is not installed, a kind of backend is not there.
                    let Some(test) = Option::<TestBackend>::from($connect.await) else { return };
                    conformance::$module::$case(&test).await;
                }
            )+
        })+
    };
}

conformance!(local, TestBackend::local());

mod gcp {
    use super::*;
    records_and_queue! { TestBackend::gcp_records_and_queue() }
}

/// What only Firestore does: it says that somebody was faster, or that it wants fewer writes of a document.
mod gcp_contention {
    use super::*;
    cases! { TestBackend::gcp_records_and_queue();
        contention: a_limit_holds_although_firestore_aborts_some_draws, a_crowded_document_is_written_about_once_a_second,
            one_crowded_bucket_does_not_open_the_others;
    }
}

mod gcp_storage {
    use super::*;
    blobs! { TestBackend::gcp_storage() }
}
