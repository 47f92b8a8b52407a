//! The person.

use app::{
    backend::{AccountPort, Caller},
    model::{DisplayName, Lang, Me, PasswordChange, SessionId, SessionView, Theme},
};
use async_trait::async_trait;

use super::{Answer, ForPeople as _, ServerBackend};
use crate::identity;

#[async_trait]
impl AccountPort for ServerBackend {
    async fn me(&self, caller: &Caller) -> Answer<Me> {
        identity::me(&self.db, caller).await.for_people(caller)
    }
    async fn set_name(&self, caller: &Caller, name: DisplayName) -> Answer<()> {
        identity::set_name(&self.db, caller, &name).await.for_people(caller)
    }
    async fn set_theme(&self, caller: &Caller, theme: Theme) -> Answer<()> {
        identity::set_theme(&self.db, caller, theme).await.for_people(caller)
    }
    async fn set_language(&self, caller: &Caller, lang: Option<Lang>) -> Answer<()> {
        identity::set_language(&self.db, caller, lang).await.for_people(caller)
    }
    async fn change_password(&self, caller: &Caller, change: PasswordChange) -> Answer<()> {
        identity::change_password(&self.auth, caller, &change).await.for_people(caller)
    }
    async fn list_sessions(&self, caller: &Caller) -> Answer<Vec<SessionView>> {
        identity::list_sessions(&self.db, &self.world, caller).await.for_people(caller)
    }
    async fn end_session(&self, caller: &Caller, session: SessionId) -> Answer<()> {
        identity::end_session(&self.db, &self.world, caller, session).await.for_people(caller)
    }
}
