use clap::Args;
use protocol::{Kind, Message, MessagesQuery, Page, Priority, Timestamp};

use crate::{
    Failure, Session,
    id::{self, Id},
    table::Table,
    when,
    words::{moment, one_of},
};

const EXAMPLES: &str = "\
Examples:
  coord search flaky login test
  coord search --from code --kind complete --since 2026-03-01T00:00:00Z
  coord search rollback --domain strategy --json";

/// Find messages by their words
///
/// Words are looked for in subject and body; without any, the options alone decide.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Search {
    /// The words
    words: Vec<String>,
    /// Sent by this agent
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// Delivered to this agent
    #[arg(long, short, value_name = "AGENT")]
    to: Option<String>,
    /// In this thread
    #[arg(long, value_name = "THREAD_ID")]
    thread: Option<Id>,
    /// In this authority domain
    #[arg(long, short, value_name = "NAME")]
    domain: Option<String>,
    /// Of this kind
    #[arg(long, short, value_name = "KIND", ignore_case = true, value_parser = one_of::<Kind>(Kind::WORDS))]
    kind: Option<Kind>,
    /// Of this priority
    #[arg(long, short, value_name = "PRIORITY", ignore_case = true, value_parser = one_of::<Priority>(Priority::WORDS))]
    priority: Option<Priority>,
    /// Sent at or after this moment
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    since: Option<Timestamp>,
    /// Sent before this moment
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    until: Option<Timestamp>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on behind this place, as the page before says
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    after: Option<String>,
}

/// Refuses a short option with its value in one word, as in `-fix`, which reads as a word to look for just as well.
pub(crate) fn check(arguments: &[String]) -> Result<(), Failure> {
    let mine = arguments.iter().skip_while(|argument| *argument != "search").skip(1);
    let mut takes_value = false;
    for argument in mine.take_while(|argument| *argument != "--") {
        if let (false, Some((letter, rest))) = (takes_value, joined(argument)) {
            return Err(Failure::Usage {
                what: format!(
                    "`{argument}` may be a word to look for, or the option -{letter} with the value `{rest}`"
                ),
                next: Some(format!("write `-- {argument}` for the word, `-{letter} {rest}` for the option")),
            });
        }
        let is_flag = ["--json", "--verbose", "--offline"].contains(&argument.as_str());
        takes_value = argument.starts_with('-') && !argument.contains('=') && !is_flag;
    }
    Ok(())
}

/// Takes a short option and its value apart; a number, as in `-n20`, and what follows `=` can only be a value.
fn joined(argument: &str) -> Option<(char, &str)> {
    let rest = argument.strip_prefix('-')?;
    let letter = rest.chars().next().filter(|letter| letter.is_alphabetic())?;
    let rest = &rest[letter.len_utf8()..];
    let can_be_word = !rest.is_empty() && !rest.starts_with('=') && !rest.bytes().all(|byte| byte.is_ascii_digit());
    can_be_word.then_some((letter, rest))
}

impl Search {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let query = MessagesQuery {
            from: self.from,
            to: self.to,
            thread: id::find(self.thread.as_ref(), session).await?,
            domain: self.domain,
            kind: self.kind,
            priority: self.priority,
            q: (!self.words.is_empty()).then(|| self.words.join(" ")),
            since: self.since,
            until: self.until,
            limit: Some(self.limit),
            after: self.after,
        };
        let page = session.client.messages(&query).await?;
        if session.out.json(&page.json)? {
            return Ok(());
        }
        print(session, &page)
    }
}

fn print(session: &mut Session, page: &Page<Message>) -> Result<(), Failure> {
    if page.items.is_empty() {
        return session.out.line("No messages found.");
    }
    let mut table = Table::new(&["SENT (UTC)", "ID", "FROM", "TO", "KIND", "PRIORITY", "SUBJECT"])
        .keep_whole(&[1])
        .drop_when_narrow(&[3, 4, 5]);
    for message in &page.items {
        let to: Vec<&str> = message.recipients.iter().map(|one| one.agent.as_str()).collect();
        table.row([
            &when::short(&message.sent_at),
            &message.id.to_string(),
            &message.from,
            &to.join(", "),
            message.kind.as_str(),
            message.priority.as_str(),
            &message.subject,
        ]);
    }
    session.out.table(&table)?;
    match &page.next {
        Some(after) => session.out.hint(&format!("More: the same with --after {after}")),
        None => session.out.hint("Read one: coord show ID"),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_word_is_never_taken_for_an_option_and_its_value() {
        let is_refused = |line: &str| check(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).is_err();
        for line in ["coord search -fix", "coord search rollback -fix", "coord --json search --json -tests"] {
            assert!(is_refused(line), "{line}");
        }
        for line in [
            "coord search -- -fix",
            "coord search -f ix",
            "coord search -n20 x",
            "coord search -f=ix",
            "coord search x -f -y",
        ] {
            assert!(!is_refused(line), "{line}");
        }
    }
}
