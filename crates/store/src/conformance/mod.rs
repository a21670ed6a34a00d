//! The conformance suite: what every store promises, as plain sentences that run over any of them.
//!
//! A case is an `async fn` over an empty store. [`conformance!`](crate::conformance!) hands the one list of them to a macro
//! that runs each; a case panics where the store does not hold what its name says. The idea is arrow-rs-object-store's
//! `src/integration.rs`.
#![expect(clippy::missing_panics_doc, reason = "every case panics where its sentence does not hold")]

pub mod archive;
pub mod arrivals;
pub mod attachments;
pub mod claims;
pub mod deadlines;
pub mod decisions;
pub mod directory;
pub mod duties;
pub mod events;
pub mod fan_out;
pub mod idempotency;
pub mod inbox;
pub mod keys;
pub mod log;
pub mod messages;
pub mod moving;
pub mod random;
pub mod recorded;
pub mod search;
pub mod settle;
pub mod tenants;
pub mod webhooks;
pub mod world;

/// Hands every case to a macro, as `file: [case, ...],` for each file of cases.
#[macro_export]
macro_rules! conformance {
    ($run:ident) => {
        $run! {
            log: [
                positions_are_dense_and_chained_under_concurrent_senders,
                a_refused_change_leaves_no_trace,
                a_refused_change_leaves_its_group_whole,
                a_change_for_a_tenant_that_is_not_there_is_refused,
                a_batch_is_committed_in_its_order,
                a_cursor_tells_who_is_behind_and_never_goes_back,
                a_closed_store_refuses_changes_and_is_still_read,
            ],
            idempotency: [
                the_same_request_is_sent_once,
                the_same_requests_in_one_group_are_sent_once,
                another_request_under_the_same_key_is_refused,
                what_was_sent_under_a_key_is_found,
                a_key_whose_time_has_passed_is_new,
                only_keys_whose_time_has_passed_are_forgotten,
            ],
            messages: [
                a_message_is_found_as_it_was_sent,
                messages_that_were_committed_together_are_each_as_if_alone,
                every_filter_finds_what_a_reader_would_pick_by_hand,
                a_thread_holds_its_first_message_and_every_answer,
                who_sent_or_received_takes_part_in_a_thread,
                messages_are_work_in_the_order_of_the_log,
                deliveries_and_their_states_are_found_by_name,
            ],
            inbox: [
                an_inbox_is_read_by_lane_and_then_first_in_first_out,
                an_inbox_shows_one_state_at_a_time,
                dead_letters_are_read_in_pages_and_by_agent,
            ],
            claims: [
                a_claim_takes_the_first_lane_first_and_each_lane_in_order,
                a_claim_hands_out_what_was_sent,
                two_claims_never_take_the_same,
                a_claim_takes_no_more_than_it_asks_for,
                what_has_expired_is_not_claimed,
            ],
            settle: [
                an_ack_settles_and_a_second_one_changes_nothing,
                a_nack_gives_back_at_once_or_later,
                a_lease_is_extended,
                what_is_terminated_is_dead_and_its_sender_is_told,
                a_dead_letter_is_redriven,
                a_trigger_brings_back_what_waits_for_it,
                an_old_receipt_settles_nothing,
                nobody_settles_what_was_never_sent_to_it,
            ],
            deadlines: [
                what_is_due_is_found_and_what_is_not_is_left,
                a_lease_that_runs_out_is_claimable_again,
                the_last_lease_that_runs_out_is_dead_and_bounced,
                what_expires_is_bounced_once,
                a_deferral_ends_by_itself,
                a_missed_ack_is_reminded_then_escalated,
                what_ran_out_long_ago_is_done_in_one_step,
                what_is_not_due_is_left_as_it_is,
            ],
            decisions: [
                a_decision_is_opened_with_its_message,
                of_all_who_decide_at_once_one_does,
                a_decision_under_a_key_is_repeated_and_not_made_again,
                decisions_are_listed_by_deadline_and_filter,
                what_nobody_decides_expires_and_who_asked_is_told,
                an_open_decision_of_the_retired_goes_to_the_final_authority,
                what_was_asked_before_gets_its_decision_once,
                whoever_a_fan_out_reaches_is_asked,
                what_waits_for_a_decision_stays_in_the_store,
                a_claim_takes_only_the_kinds_and_the_thread_that_it_names,
            ],
            fan_out: [
                a_fan_out_is_written_in_parts_and_then_done,
                a_part_that_does_not_follow_the_last_one_is_a_conflict,
                recipients_of_every_part_are_told,
            ],
            arrivals: [
                every_kind_of_arrival_comes_once_and_in_order,
                a_reader_that_resumes_anywhere_misses_and_repeats_nothing,
            ],
            events: [
                every_filter_of_events_finds_what_a_reader_would_pick_by_hand,
                an_event_knows_the_hash_before_it,
            ],
            search: [
                a_search_finds_what_was_just_sent,
                words_phrases_and_beginnings_are_found,
                words_of_every_language_are_found,
                the_end_of_a_long_text_is_found,
                a_search_without_a_word_is_refused,
                a_search_obeys_every_filter_and_pages,
                a_search_stays_in_its_tenant,
                a_search_from_any_position_finds_its_own_beside_a_large_neighbour,
                a_search_takes_as_many_words_as_a_person_types,
                nothing_a_person_types_breaks_a_search,
                searches_run_beside_each_other_and_find_the_same,
                a_search_that_is_dropped_lets_go_of_its_turn,
                indexing_goes_on_where_it_stopped,
            ],
            archive: [
                stretches_are_closed_one_after_the_other,
                only_what_is_archived_is_trimmed,
                what_is_over_goes_and_what_is_live_stays,
                a_message_that_changed_since_is_left,
                what_has_gone_is_removed_once,
                a_trimmed_log_is_searched,
            ],
            directory: [
                agents_and_grants_are_kept_and_move_the_version,
                a_decision_on_an_old_directory_is_a_conflict,
            ],
            duties: [
                a_duty_is_taken_kept_and_given_up,
                a_duty_is_not_taken_on_old_knowledge,
                of_all_who_take_a_duty_at_once_one_has_it,
            ],
            keys: [
                a_key_is_found_by_its_id_and_stays_when_revoked,
                keys_are_listed_in_pages,
            ],
            attachments: [
                an_attachment_is_known_to_each_as_it_stored_it,
                an_attachment_is_read_by_who_may_read_a_message_that_names_it,
            ],
            tenants: [
                a_tenant_is_made_once,
                the_same_ids_asked_in_another_tenant_give_nothing,
                the_heads_of_all_tenants_are_told,
            ],
            moving: [
                a_log_that_is_brought_in_is_the_same_tenant,
                an_event_that_does_not_follow_is_not_brought_in,
                an_import_is_taken_up_or_given_up,
                an_empty_tenant_makes_way,
                the_first_tenant_is_put_back,
                what_the_log_does_not_tell_goes_along,
            ],
            webhooks: [
                a_push_waits_until_the_one_before_it_is_settled,
                a_push_whose_lease_ran_out_is_made_again,
                a_push_that_is_taken_over_lets_the_next_begin,
                pushes_pause_until_their_time,
                who_can_be_pushed_to_is_found,
                a_new_secret_keeps_the_one_before_it,
            ],
            recorded: [
                rows_that_the_log_tells_of_verify,
                a_row_that_was_written_past_the_log_is_named,
                what_belongs_to_nothing_is_named,
                rows_verify_after_the_log_was_trimmed,
                the_structure_of_a_whole_database_has_no_problem,
            ],
            random: [
                after_random_work_counts_are_what_counting_gives_and_verification_is_clean,
                verification_is_clean_while_work_goes_on,
            ],
        }
    };
}
