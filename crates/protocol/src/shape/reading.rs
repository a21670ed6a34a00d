use std::str::FromStr;

use crate::Timestamp;
use domain::refusal::FieldError;
use domain::{Code, Refusal, Span, Time};

/// Reads the texts inside a request, and keeps what is wrong with each until all are read.
#[derive(Debug, Default)]
pub struct Reading {
    errors: Vec<(Code, FieldError)>,
}

impl Reading {
    /// Reads a duration such as `30s`.
    pub fn span(&mut self, field: &str, text: Option<String>) -> Option<Span> {
        text.and_then(|text| self.parse(Code::InvalidDuration, field, &text))
    }

    /// Reads an RFC 3339 time.
    pub fn time(&mut self, field: &str, text: Option<Timestamp>) -> Option<Time> {
        text.and_then(|text| self.parse(Code::InvalidDuration, field, text.as_str()))
    }

    /// Reads anything else that has a text form.
    pub fn value<T: FromStr<Err = String>>(&mut self, field: &str, text: &str) -> Option<T> {
        self.parse(Code::InvalidField, field, text)
    }

    /// Notes that something is wrong with a field.
    pub fn fault(&mut self, code: Code, field: &str, why: impl Into<String>) {
        self.errors.push((code, FieldError { field: field.to_owned(), why: why.into() }));
    }

    fn parse<T: FromStr<Err = String>>(&mut self, code: Code, field: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(why) => {
                self.fault(code, field, why);
                None
            }
        }
    }

    /// Gives the value away, or the first fault with all the others beside it.
    pub fn finish<T>(self, value: T) -> Result<T, Refusal> {
        let Some((code, first)) = self.errors.first() else { return Ok(value) };
        let mut refusal = Refusal::field(*code, &first.field, &first.why);
        refusal.errors = self.errors.into_iter().map(|(_, error)| error).collect();
        Err(refusal)
    }
}
