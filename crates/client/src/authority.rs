use crate::{Answer, Client, Error};
use protocol::{Authority, AuthorityCheck, AuthorityDecision, CreateGrant, Grant};

impl Client {
    /// Fetches who may decide what: `GET /api/v1/authority`.
    pub async fn authority(&self) -> Result<Answer<Authority>, Error> {
        self.answer(self.get(&["api", "v1", "authority"])).await
    }

    /// Asks what would become of a message: `POST /api/v1/authority/check`.
    pub async fn check_authority(&self, check: &AuthorityCheck) -> Result<Answer<AuthorityDecision>, Error> {
        self.answer(self.post(&["api", "v1", "authority", "check"]).json(check)).await
    }

    /// Lends a domain for a time: `POST /api/v1/authority/grants`.
    pub async fn grant(&self, grant: &CreateGrant) -> Result<Answer<Grant>, Error> {
        self.answer(self.post(&["api", "v1", "authority", "grants"]).json(grant)).await
    }
}
