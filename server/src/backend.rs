//! The port's implementation: authorise, open a transaction, call a service, commit. One file per part of the port.

mod account;
mod conversations;
mod sharing;
mod tenant;
mod turns;

use app::{
    backend::Caller,
    error::AppError,
    model::{ModelBadge, TenantCode},
};

use crate::{
    db::{Db, TenantScope},
    error::Result,
    identity::AuthState,
    tenancy,
    turns::Turns,
    world::World,
};

/// The server behind the pages.
pub struct ServerBackend {
    pub db: Db,
    pub world: World,
    pub auth: AuthState,
    pub turns: Turns,
    /// What answers unless another is chosen.
    pub model: ModelBadge,
    /// What may be chosen.
    pub models: Vec<ModelBadge>,
}

type Answer<T> = std::result::Result<T, AppError>;

/// Turns a service's error into a person's, with the request's id.
trait ForPeople<T> {
    fn for_people(self, caller: &Caller) -> Answer<T>;
}

impl<T> ForPeople<T> for Result<T> {
    fn for_people(self, caller: &Caller) -> Answer<T> {
        self.map_err(|error| error.into_app(&caller.request_id))
    }
}

impl ServerBackend {
    async fn enter(&self, caller: &Caller, tenant: &TenantCode) -> Result<TenantScope> {
        tenancy::enter(&self.db, caller, tenant).await
    }
}
