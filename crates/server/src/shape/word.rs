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

pairs!(domain::message::Kind, protocol::Kind, kind, to_kind: Inform, Request, Propose, Decide, Approve, Reject, Complete);
pairs!(domain::Priority, protocol::Priority, priority, to_priority: Critical, High, Normal, Info);
pairs!(domain::State, protocol::State, state, to_state: Pending, Leased, Deferred, Acked, Expired, Dead);
pairs!(domain::AgentKind, protocol::AgentKind, agent_kind, to_agent_kind: Ai, Human, Service);
pairs!(domain::key::Role, protocol::Role, role, to_role: Admin, Agent, Observer);

/// The word on the wire for the state of one recipient.
pub(crate) const fn recipient_status(state: domain::State) -> protocol::RecipientStatus {
    match state {
        domain::State::Pending => protocol::RecipientStatus::Pending,
        domain::State::Leased => protocol::RecipientStatus::Leased,
        domain::State::Deferred => protocol::RecipientStatus::Deferred,
        domain::State::Acked => protocol::RecipientStatus::Acked,
        domain::State::Expired => protocol::RecipientStatus::Expired,
        domain::State::Dead => protocol::RecipientStatus::Dead,
    }
}

/// The word on the wire for what a rule did with a message.
pub(crate) const fn action(action: domain::message::Action) -> protocol::OutcomeAction {
    match action {
        domain::message::Action::Escalated => protocol::OutcomeAction::Escalated,
        domain::message::Action::RevisionRequested => protocol::OutcomeAction::RevisionRequested,
    }
}

/// The word on the wire for what happens to a violation.
pub(crate) const fn on_violation(rule: domain::authority::OnViolation) -> protocol::OnViolation {
    match rule {
        domain::authority::OnViolation::Reject => protocol::OnViolation::Reject,
        domain::authority::OnViolation::Escalate => protocol::OnViolation::Escalate,
    }
}

/// The word on the wire for what happens to a failure.
pub(crate) const fn on_failure(rule: domain::gate::OnFailure) -> protocol::OnFailure {
    match rule {
        domain::gate::OnFailure::Reject => protocol::OnFailure::Reject,
        domain::gate::OnFailure::RequestRevision => protocol::OnFailure::RequestRevision,
        domain::gate::OnFailure::Escalate => protocol::OnFailure::Escalate,
    }
}
