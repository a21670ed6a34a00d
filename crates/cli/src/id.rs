//! Ids as people type them: whole, or as much of the beginning or end as no other recent message has.

use std::str::FromStr;

use protocol::MessagesQuery;
use uuid::Uuid;

use crate::{Failure, Session};

/// Messages that a shortened id is looked for among: the latest.
const RECENT: u32 = 1_000;
/// The fewest characters of a shortened id.
const SHORTEST: usize = 4;
/// Characters that a table shows of an id: of its end, since ids of the same minute begin alike.
const SHOWN: usize = 8;

/// An id or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Id {
    /// All of it.
    Whole(Uuid),
    /// Its beginning or end, in lower case and without hyphens.
    Part(String),
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Whole(id));
        }
        let part: String = text.chars().filter(|letter| *letter != '-').collect::<String>().to_ascii_lowercase();
        if (SHORTEST..32).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self::Part(part));
        }
        Err(format!("write a message's id, or {SHORTEST} characters or more of its beginning or end"))
    }
}

impl Id {
    /// Finds the id that is meant, among the latest messages where it is shortened.
    pub(crate) async fn find(&self, session: &Session) -> Result<Uuid, Failure> {
        let part = match self {
            Self::Whole(id) => return Ok(*id),
            Self::Part(part) => part,
        };
        let query = MessagesQuery { limit: Some(RECENT), ..MessagesQuery::default() };
        let recent = session.client.messages(&query).await?.value.items;
        let meant: Vec<Uuid> = recent.iter().map(|message| message.id).filter(|id| is_part(part, *id)).collect();
        match meant[..] {
            [one] => Ok(one),
            [] => Err(Failure::Usage {
                what: format!("none of the latest {} messages has an id with `{part}`", recent.len()),
                next: Some("write the whole id".to_owned()),
            }),
            [first, second, ..] => Err(Failure::Usage {
                what: format!("{} messages have an id with `{part}`, as {first} and {second}", meant.len()),
                next: Some("write more of it".to_owned()),
            }),
        }
    }
}

/// Finds the id that is meant, where one is given.
pub(crate) async fn find(id: Option<&Id>, session: &Session) -> Result<Option<Uuid>, Failure> {
    match id {
        Some(id) => id.find(session).await.map(Some),
        None => Ok(None),
    }
}

fn is_part(part: &str, id: Uuid) -> bool {
    let id = id.simple().to_string();
    id.starts_with(part) || id.ends_with(part)
}

/// The end of an id, as tables show it.
pub(crate) fn short(id: Uuid) -> String {
    let id = id.simple().to_string();
    id[id.len() - SHOWN..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Id, is_part, short};

    #[test]
    fn an_id_is_whole_or_a_part_of_its_beginning_or_end() {
        let id = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42".parse().unwrap();
        assert_eq!("01982f3c-7b1a-7c00-8000-5f0d8a3c1e42".parse(), Ok(Id::Whole(id)));
        assert_eq!("01982F3C-7b1a".parse(), Ok(Id::Part("01982f3c7b1a".to_owned())));
        assert_eq!(short(id), "8a3c1e42");
        assert!(is_part("01982f3c7b1a", id) && is_part(&short(id), id) && !is_part("7b1a", id));
        for wrong in ["not-an-id", "1e4", "", "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42f"] {
            assert!(wrong.parse::<Id>().is_err(), "{wrong}");
        }
    }
}
