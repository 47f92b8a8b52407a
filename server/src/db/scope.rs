//! Proof that somebody may act in a tenant.

use app::model::{Lang, Role, TenantCode, TenantId, UserId};
use chrono_tz::Tz;

/// One person acting in one tenant. Only `tenancy` makes one (checked by `tests/architecture.rs`), from a membership
/// read live; every database function on tenant data takes it first.
#[derive(Clone, Debug)]
pub struct TenantScope {
    tenant: TenantId,
    user: UserId,
    role: Role,
    code: TenantCode,
    tenant_name: String,
    user_name: String,
    time_zone: Tz,
    locale: Lang,
    markup_bp: i64,
}

impl TenantScope {
    /// For `tenancy` alone.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "one caller, which reads them from one row")]
    pub(crate) fn new(
        tenant: TenantId,
        user: UserId,
        role: Role,
        code: TenantCode,
        tenant_name: String,
        user_name: String,
        time_zone: Tz,
        locale: Lang,
        markup_bp: i64,
    ) -> Self {
        Self { tenant, user, role, code, tenant_name, user_name, time_zone, locale, markup_bp }
    }
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }
    #[must_use]
    pub fn code(&self) -> &TenantCode {
        &self.code
    }
    #[must_use]
    pub fn tenant_name(&self) -> &str {
        &self.tenant_name
    }
    #[must_use]
    pub fn user_name(&self) -> &str {
        &self.user_name
    }
    /// The tenant's zone: its days, its months.
    #[must_use]
    pub fn time_zone(&self) -> Tz {
        self.time_zone
    }
    /// How the tenant writes dates, numbers and money.
    #[must_use]
    pub fn locale(&self) -> Lang {
        self.locale
    }
    /// What the tenant pays on top of the providers' prices, hundredths of a percent.
    #[must_use]
    pub fn markup_bp(&self) -> i64 {
        self.markup_bp
    }
}
