//! One question: as whom, when, and what every answer needs.

use app::model::Date;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    calendar::{Calendar, load_with_currency},
    money::Style,
    period::{self, Period},
    site::Site,
};
use crate::{
    db::{Result as DbResult, TenantScope, Tx},
    tools::{ToolContext, ToolError},
};

/// A question being answered, in one read-only transaction of the asking person's tenant.
pub struct Ask<'a> {
    pub scope: &'a TenantScope,
    pub tx: Tx,
    /// Epoch seconds.
    pub now: i64,
    /// The tenant's day.
    pub today: Date,
    pub calendar: Calendar,
    /// How the answer is written.
    pub style: Style,
    pub site: Site,
}

impl<'a> Ask<'a> {
    /// # Errors
    /// Database errors.
    pub async fn begin(context: &'a ToolContext) -> DbResult<Self> {
        let scope = &context.scope;
        let mut tx = context.db.read(scope).await?;
        let (calendar, currency) = load_with_currency(scope, &mut tx).await?;
        let site = Site::load(scope, &mut tx).await?;
        let now = context.world.now().0.div_euclid(1000);
        let (today, _) = period::local(calendar.zone, now);
        Ok(Self { scope, tx, now, today, calendar, style: Style { lang: scope.locale(), currency }, site })
    }

    /// A period argument.
    ///
    /// # Errors
    /// [`ToolError::Refused`]: it makes no sense.
    pub fn period(&self, argument: &Value) -> Result<Period, ToolError> {
        Period::parse(argument, self.today).map_err(ToolError::Refused)
    }
}

/// Arguments that passed the schema, as a struct.
///
/// # Errors
/// [`ToolError::Refused`]: schema and struct disagree.
pub fn arguments<T: DeserializeOwned>(arguments: Value) -> Result<T, ToolError> {
    serde_json::from_value(arguments).map_err(|error| ToolError::Refused(format!("The arguments do not fit: {error}.")))
}

/// How many rows, from an argument.
#[must_use]
pub fn row_limit(limit: Option<u16>, default: usize) -> usize {
    limit.map_or(default, usize::from)
}
