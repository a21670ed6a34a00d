use clap::Args;
use protocol::{Counts, InboxQuery, State, States};

use crate::{Failure, Session, table::Table, when, words::one_of};

const EXAMPLES: &str = "\
Examples:
  coord inbox chat
  coord inbox chat --state pending,leased
  coord inbox chat --state dead --json";

/// Look into an agent's inbox; changes nothing
///
/// Shows what is waiting (pending), received (leased) or put off (deferred): the most urgent first, then the oldest.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Inbox {
    /// Whose inbox; a key bound to one agent knows it by itself
    agent: Option<String>,
    /// Only deliveries in these states; may be given again
    #[arg(long, short, value_name = "STATE", value_delimiter = ',', ignore_case = true, value_parser = one_of::<State>(State::WORDS))]
    state: Vec<State>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on behind this place, as the page before says
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    after: Option<String>,
}

impl Inbox {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let agent = session.agent(self.agent).await?;
        let state = (!self.state.is_empty()).then_some(States(self.state));
        let query = InboxQuery { state, limit: Some(self.limit), after: self.after };
        let page = session.client.inbox(&agent, &query).await?;
        if session.out.json(&page.json)? {
            return Ok(());
        }
        if page.items.is_empty() {
            session.out.line(&nothing(&agent, query.state.as_ref(), page.counts))?;
            return session.out.hint(&next_step(&agent, query.state.as_ref()));
        }
        let mut table = Table::new(&["PRIORITY", "ID", "FROM", "KIND", "STATE", "SENT (UTC)", "SUBJECT"])
            .keep_whole(&[1])
            .drop_when_narrow(&[3, 5]);
        for item in &page.items {
            let (delivery, message) = (&item.delivery, &item.message);
            table.row([
                message.priority.as_str(),
                &message.id.to_string(),
                &message.from,
                message.kind.as_str(),
                delivery.state.as_str(),
                &when::short(&message.sent_at),
                &message.subject,
            ]);
        }
        session.out.table(&table)?;
        session.out.gap()?;
        session.out.line(&summary(page.counts))?;
        match &page.next {
            Some(after) => session.out.hint(&format!("More: coord inbox {agent} --after {after}")),
            None if page.counts.pending > 0 => session.out.hint(&format!("Take the first: coord receive {agent}")),
            None => session.out.hint("Read one: coord show ID"),
        }
    }
}

fn nothing(agent: &str, states: Option<&States>, counts: Counts) -> String {
    match states {
        Some(_) => format!("{agent} has no such messages ({}).", summary(counts)),
        None if counts == Counts::default() => format!("{agent} has no messages."),
        None => format!("{agent} has no messages waiting ({}).", summary(counts)),
    }
}

fn next_step(agent: &str, states: Option<&States>) -> String {
    if states.is_some() {
        return format!("Those waiting: coord inbox {agent}");
    }
    let from = if agent == "code" { "chat" } else { "code" };
    format!("Send one: coord send --from {from} --to {agent} --subject 'Hello' --body 'Hi'")
}

/// Says how many deliveries are in each state, leaving out the empty ones.
pub(crate) fn summary(counts: Counts) -> String {
    let each = [
        (counts.pending, "pending"),
        (counts.leased, "leased"),
        (counts.deferred, "deferred"),
        (counts.acked, "acked"),
        (counts.expired, "expired"),
        (counts.dead, "dead"),
    ];
    let some: Vec<String> = each.iter().filter(|(n, _)| *n > 0).map(|(n, state)| format!("{n} {state}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

#[cfg(test)]
mod tests {
    use protocol::{Counts, State, States};

    use super::{next_step, nothing, summary};

    #[test]
    fn an_empty_inbox_tells_a_newcomer_how_to_send() {
        assert_eq!(nothing("chat", None, Counts::default()), "chat has no messages.");
        assert_eq!(next_step("chat", None), "Send one: coord send --from code --to chat --subject 'Hello' --body 'Hi'");
        assert!(next_step("code", None).contains("--from chat --to code"));
    }

    #[test]
    fn an_inbox_that_was_worked_off_says_so() {
        let counts = Counts { acked: 3, dead: 1, ..Counts::default() };
        assert_eq!(nothing("chat", None, counts), "chat has no messages waiting (3 acked, 1 dead).");
        let states = States(vec![State::Expired]);
        assert_eq!(nothing("chat", Some(&states), counts), "chat has no such messages (3 acked, 1 dead).");
        assert_eq!(summary(Counts::default()), "none");
    }
}
