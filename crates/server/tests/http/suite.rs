//! The API suite: what every way to run the server promises, as plain sentences that any of them is asked to keep.
//!
//! A case is an `async fn` over a place where servers are to be had. [`api_suite!`] hands the one list of cases to a macro that
//! runs each: here over a router in this process, and with `coord` over a cluster of real processes. One that is not in the
//! list does not compile.

/// Hands every case to a macro, as `file: [case, ...],` for each file of cases.
macro_rules! api_suite {
    ($run:ident) => {
        $run! {
            agent: [
                the_agents_of_the_start_are_listed_by_name,
                an_agent_is_registered_changed_and_retired,
                an_agent_is_held_to_its_rules,
                a_name_that_is_taken_for_another_one_is_refused_and_the_other_named,
                a_heartbeat_is_remembered,
                an_agent_sends_no_higher_than_it_may,
                there_are_no_more_agents_than_allowed,
            ],
            attachment: [
                the_same_bytes_are_stored_once,
                storing_what_others_stored_tells_nothing_of_them,
                an_attachment_is_read_by_who_stored_it_and_who_may_read_a_message_that_names_it,
                bytes_come_back_whole_and_cannot_run_in_a_browser,
                a_range_is_answered_in_part,
                what_the_caller_has_is_not_sent_again,
                an_empty_attachment_is_one,
                an_unknown_or_malformed_name_is_not_found,
                an_attachment_that_is_too_large_is_refused_before_or_while_it_comes,
                a_media_type_is_one,
            ],
            authority: [
                a_decision_outside_ones_authority_is_refused_with_the_way_out,
                a_decision_goes_to_its_holders_where_that_is_configured,
                a_grant_lends_a_domain,
                a_check_refuses_what_sending_refuses,
            ],
            bad_input: [
                a_body_that_cannot_be_read_says_why,
                only_json_is_read_as_json,
                a_coded_body_is_refused_by_the_name_of_its_coding,
                each_fault_of_a_message_has_its_code_and_field,
                several_faults_are_told_at_once,
                nobody_is_no_recipient,
                a_request_larger_than_is_read_is_refused_before_or_while_it_comes,
                unknown_parameters_and_silly_pages_are_refused,
                an_idempotency_key_is_visible_ascii,
                a_header_that_says_two_things_is_refused,
                metadata_keeps_its_text_but_for_line_breaks,
                free_json_is_json_that_every_parser_reads,
            ],
            cursors: [
                no_cursor_leads_out_of_its_list_or_its_tenant,
                no_position_makes_a_stream_silent,
            ],
            docs: [
                the_operations_are_those_that_reviewers_have_seen,
                the_whole_document_is_the_one_that_reviewers_have_seen,
                what_is_optional_is_filled_in_for_nobody,
                events_are_told_apart_by_their_type_and_streams_name_their_items,
                every_described_operation_is_answered,
                every_body_has_an_example_and_every_reference_leads_somewhere,
                what_is_pushed_is_described_with_an_example_that_can_be_read,
                the_examples_of_requests_are_understood,
                the_page_comes_from_the_binary_and_asks_nobody_else,
                a_browser_is_led_from_the_root_to_the_page,
                the_words_of_the_document_are_those_of_the_wire,
            ],
            event: [
                events_are_cloud_events_in_a_chain_without_a_hole,
                events_are_filtered_and_paged,
                a_whole_log_verifies,
            ],
            gate: [
                work_without_its_evidence_is_refused,
                work_that_fails_comes_back_or_goes_on_where_that_is_configured,
                gates_are_shown_and_weighed_without_sending,
            ],
            health: [
                a_running_server_is_alive_and_ready,
            ],
            hostile: [
                nul_in_any_text_is_refused_and_its_field_named,
                nul_in_a_batch_and_in_a_name_of_an_attachment_is_refused,
            ],
            inbox: [
                an_inbox_is_ordered_by_lane_and_then_first_in_first_out,
                a_receive_needs_no_body_and_leases_one,
                an_ack_is_the_same_twice_and_a_receipt_is_for_its_own_lease,
                a_deferral_says_exactly_one_end_and_a_trigger_ends_it,
                a_terminated_delivery_is_a_dead_letter_and_can_be_brought_back,
                a_long_poll_wakes_when_a_message_comes,
                absurd_numbers_and_durations_are_refused,
                an_agent_that_is_not_there_has_no_inbox,
            ],
            key: [
                without_a_valid_key_nothing_is_answered,
                a_key_is_shown_once_and_works_until_it_is_revoked,
                a_key_is_held_to_its_form,
                an_agent_key_speaks_and_reads_for_its_agents_alone,
                an_observer_reads_everything_and_changes_nothing,
                what_was_done_before_is_answered_again_to_who_may_do_it_alone,
                there_are_no_more_keys_than_allowed,
            ],
            message: [
                the_readme_message_is_sent_and_found_at_its_location,
                every_field_comes_back_as_it_was_sent,
                the_same_key_and_message_give_the_first_answer_again,
                a_batch_answers_each_message_by_itself_and_in_order,
                a_batch_has_one_message_at_least_and_no_more_than_allowed,
                messages_are_found_by_every_filter_and_paged,
                a_thread_shows_its_messages_oldest_first,
                receipts_tell_what_became_of_a_message,
                what_is_not_there_is_not_found_however_its_id_looks,
            ],
            open: [
                an_open_server_answers_this_machine_and_no_web_page,
                the_first_key_closes_an_open_server,
            ],
            problem: [
                an_unknown_path_and_an_unknown_method_are_problems,
                what_is_to_be_an_id_and_is_none_says_what_an_id_is,
                every_answer_has_a_request_id,
                a_problem_of_a_head_request_has_no_body,
                the_type_of_every_problem_leads_to_a_page_that_says_what_to_do,
            ],
            rate: [
                without_limits_nothing_is_counted,
            ],
            stream: [
                the_log_is_followed_and_resumed_without_loss_or_repeat,
                an_inbox_is_followed_and_resumed,
                a_stream_begins_at_an_id,
                a_position_behind_the_end_of_the_log_is_refused_with_the_end,
                a_revoked_key_ends_what_waits_and_the_stream_says_why,
                a_retired_agent_ends_what_waits_for_it,
            ],
            tenant: [
                tenants_are_made_and_listed_by_the_administrators_of_default,
                what_belongs_to_another_tenant_is_as_if_it_never_was,
            ],
            webhook: [
                a_secret_is_made_once_and_rotated_with_a_time_in_which_both_hold,
                only_admins_and_the_agent_itself_see_its_secret,
                what_may_be_secret_of_an_address_is_seen_by_admins_and_the_agent_itself_alone,
                an_address_with_a_password_is_refused,
            ],
        }
    };
}

pub(crate) use api_suite;
