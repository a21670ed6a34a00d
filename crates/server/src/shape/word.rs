/// Pairs the words of the rules with those of the wire: a function to the wire, and one from it.
macro_rules! pairs {
    ($domain:ty, $api:ty, $to:ident, $from:ident: $($word:ident),+) => {
        #[doc = concat!("The word on the wire of a `", stringify!($domain), "`.")]
        pub(crate) const fn $to(word: $domain) -> $api {
            match word { $(<$domain>::$word => <$api>::$word),+ }
        }

        #[doc = concat!("The `", stringify!($domain), "` of a word on the wire.")]
        pub(crate) const fn $from(word: $api) -> $domain {
            match word { $(<$api>::$word => <$domain>::$word),+ }
        }
    };
}

pairs!(domain::message::Kind, api::Kind, kind, to_kind: Inform, Request, Propose, Decide, Approve, Reject, Complete);
pairs!(domain::Priority, api::Priority, priority, to_priority: Critical, High, Normal, Info);
pairs!(domain::State, api::State, state, to_state: Pending, Leased, Deferred, Acked, Expired, Dead);
pairs!(domain::AgentKind, api::AgentKind, agent_kind, to_agent_kind: Ai, Human, Service);
pairs!(domain::key::Role, api::Role, role, to_role: Admin, Agent, Observer);

/// The word on the wire for the state of one recipient.
pub(crate) const fn recipient_status(state: domain::State) -> api::RecipientStatus {
    match state {
        domain::State::Pending => api::RecipientStatus::Pending,
        domain::State::Leased => api::RecipientStatus::Leased,
        domain::State::Deferred => api::RecipientStatus::Deferred,
        domain::State::Acked => api::RecipientStatus::Acked,
        domain::State::Expired => api::RecipientStatus::Expired,
        domain::State::Dead => api::RecipientStatus::Dead,
    }
}

/// The word on the wire for what a rule did with a message.
pub(crate) const fn action(action: domain::message::Action) -> api::OutcomeAction {
    match action {
        domain::message::Action::Escalated => api::OutcomeAction::Escalated,
        domain::message::Action::RevisionRequested => api::OutcomeAction::RevisionRequested,
    }
}

/// The word on the wire for what happens to a violation.
pub(crate) const fn on_violation(rule: domain::authority::OnViolation) -> api::OnViolation {
    match rule {
        domain::authority::OnViolation::Reject => api::OnViolation::Reject,
        domain::authority::OnViolation::Escalate => api::OnViolation::Escalate,
    }
}

/// The word on the wire for what happens to a failure.
pub(crate) const fn on_failure(rule: domain::gate::OnFailure) -> api::OnFailure {
    match rule {
        domain::gate::OnFailure::Reject => api::OnFailure::Reject,
        domain::gate::OnFailure::RequestRevision => api::OnFailure::RequestRevision,
        domain::gate::OnFailure::Escalate => api::OnFailure::Escalate,
    }
}
