use crate::{Answer, Client, Error};
use protocol::{CreateTenant, Page, PageQuery, Tenant};

impl Client {
    /// Makes a tenant: `POST /api/v1/tenants`.
    pub async fn create_tenant(&self, tenant: &CreateTenant) -> Result<Answer<Tenant>, Error> {
        self.answer(self.post(&["api", "v1", "tenants"]).json(tenant)).await
    }

    /// Lists the tenants: `GET /api/v1/tenants`.
    pub async fn tenants(&self, page: &PageQuery) -> Result<Answer<Page<Tenant>>, Error> {
        self.answer(self.get(&["api", "v1", "tenants"]).query(page)).await
    }
}
