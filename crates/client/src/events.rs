use std::time::Duration;

use reqwest::Method;

use crate::{Answer, Client, Error, Stream};
use protocol::{Event, EventsHead, EventsQuery, Page, Verification, VerifyQuery};

/// How long checking a whole log may take.
const VERIFY: Duration = Duration::from_secs(3600);

impl Client {
    /// Lists events in the log's order: `GET /api/v1/events`.
    pub async fn events(&self, query: &EventsQuery) -> Result<Answer<Page<Event>>, Error> {
        self.answer(self.get(&["api", "v1", "events"]).query(query)).await
    }

    /// Fetches the last event's position and hash: `GET /api/v1/events/head`.
    pub async fn events_head(&self) -> Result<Answer<EventsHead>, Error> {
        self.answer(self.get(&["api", "v1", "events", "head"])).await
    }

    /// Has the server check the whole log: `POST /api/v1/events/verify`; may take minutes on a long one.
    pub async fn verify_events(&self) -> Result<Answer<Verification>, Error> {
        self.verify(&VerifyQuery::default()).await
    }

    /// Has the server check its archive and the log as one chain: `POST /api/v1/events/verify?archive=true`; may take hours.
    pub async fn verify_archive(&self) -> Result<Answer<Verification>, Error> {
        self.verify(&VerifyQuery { archive: true, ..VerifyQuery::default() }).await
    }

    /// Has the server check the whole log, and whatever else the query asks for: `POST /api/v1/events/verify`.
    pub async fn verify(&self, query: &VerifyQuery) -> Result<Answer<Verification>, Error> {
        let request = self.begin(Method::POST, &["api", "v1", "events", "verify"]).query(query);
        self.answer(request.timeout(VERIFY)).await
    }

    /// Follows the log live, resuming by itself: `GET /api/v1/events/stream`.
    ///
    /// Begins behind `query.after`; without it the stream begins with what comes next.
    pub fn events_stream(&self, query: &EventsQuery) -> Stream<Event> {
        let filter = EventsQuery { after: None, limit: None, ..query.clone() };
        let request = self.begin(Method::GET, &["api", "v1", "events", "stream"]).query(&filter);
        Stream::new(self, request, query.after)
    }
}
