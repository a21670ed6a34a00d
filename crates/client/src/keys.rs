use reqwest::Method;

use crate::{Answer, Client, Error};
use protocol::{CreateKey, CreatedKey, Key, Page, PageQuery};

impl Client {
    /// Makes a key, which is shown this once: `POST /api/v1/keys`.
    pub async fn create_key(&self, key: &CreateKey) -> Result<Answer<CreatedKey>, Error> {
        self.answer(self.post(&["api", "v1", "keys"]).json(key)).await
    }

    /// Lists the keys: `GET /api/v1/keys`.
    pub async fn keys(&self, page: &PageQuery) -> Result<Answer<Page<Key>>, Error> {
        self.answer(self.get(&["api", "v1", "keys"]).query(page)).await
    }

    /// Revokes a key: `DELETE /api/v1/keys/{id}`.
    pub async fn revoke_key(&self, id: &str) -> Result<(), Error> {
        self.done(self.request(Method::DELETE, &["api", "v1", "keys", id])).await
    }
}
