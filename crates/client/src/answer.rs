/// What a server answered: the value, and the JSON it was read from.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// The answer as it was understood.
    pub value: T,
    /// The answer's text, with what this client does not know.
    pub json: String,
    /// The HTTP status.
    pub status: u16,
    /// Whether an earlier answer was repeated for the same `Idempotency-Key`.
    pub replayed: bool,
}

impl<T> std::ops::Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
