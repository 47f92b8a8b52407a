//! The query façade: reads like `sqlx`, runs on either engine.

use app::model::{
    ApiKeyId, AttachmentId, ConversationId, GroupId, MessageId, ModelCallId, Money, ProfileId, SessionId, TenantId,
    Timestamp, TurnId, TurnKey, UserId,
};
use sqlx::{
    Encode, FromRow, Type,
    postgres::{PgArguments, PgConnection, PgRow, Postgres},
    query::Query as SqlxQuery,
    sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow},
};
use uuid::Uuid;

use super::error::{Error, Result};

/// A value that can be bound on both engines.
pub trait Bind {
    type Raw: Type<Sqlite> + Type<Postgres> + for<'q> Encode<'q, Sqlite> + for<'q> Encode<'q, Postgres> + Send + 'static;
    fn raw(self) -> Self::Raw;
}

macro_rules! bind_as_is {
    ($($t:ty),*) => { $(impl Bind for $t { type Raw = $t; fn raw(self) -> $t { self } })* };
}
bind_as_is!(i64, f64, bool, String, Uuid, Vec<u8>);

macro_rules! bind_id {
    ($($t:ty),*) => { $(impl Bind for $t { type Raw = Uuid; fn raw(self) -> Uuid { self.0 } })* };
}
bind_id!(
    TenantId,
    UserId,
    SessionId,
    ConversationId,
    MessageId,
    TurnId,
    TurnKey,
    ModelCallId,
    AttachmentId,
    ApiKeyId,
    ProfileId,
    GroupId
);

impl Bind for Timestamp {
    type Raw = i64;
    fn raw(self) -> i64 {
        self.0
    }
}
impl Bind for Money {
    type Raw = i64;
    fn raw(self) -> i64 {
        self.0
    }
}
impl Bind for &str {
    type Raw = String;
    fn raw(self) -> String {
        self.to_owned()
    }
}
impl Bind for &String {
    type Raw = String;
    fn raw(self) -> String {
        self.clone()
    }
}
impl Bind for &[u8] {
    type Raw = Vec<u8>;
    fn raw(self) -> Vec<u8> {
        self.to_vec()
    }
}
impl<T: Bind> Bind for Option<T>
where
    Option<T::Raw>: for<'q> Encode<'q, Sqlite> + for<'q> Encode<'q, Postgres> + Type<Sqlite> + Type<Postgres>,
{
    type Raw = Option<T::Raw>;
    fn raw(self) -> Option<T::Raw> {
        self.map(Bind::raw)
    }
}

/// A row struct that can be read from both engines; `#[derive(sqlx::FromRow)]` gives it.
pub trait Record: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}
impl<T> Record for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

/// One cell of a bulk insert.
#[derive(Clone, Debug)]
pub enum DbValue {
    Int(i64),
    Float(f64),
    Text(String),
    Id(Uuid),
    Bool(bool),
    NullInt,
    NullFloat,
    NullText,
    NullId,
}

impl From<Option<i64>> for DbValue {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::NullInt, Self::Int)
    }
}
impl From<Option<&str>> for DbValue {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Self::NullText, |text| Self::Text(text.to_owned()))
    }
}
impl From<Option<Uuid>> for DbValue {
    fn from(value: Option<Uuid>) -> Self {
        value.map_or(Self::NullId, Self::Id)
    }
}

/// A statement with its binds so far.
#[must_use = "a query does nothing until it is run"]
pub struct Query<'t> {
    sql: &'static str,
    bound: usize,
    inner: Inner<'t>,
}

enum Inner<'t> {
    Sqlite(SqlxQuery<'static, Sqlite, SqliteArguments>, &'t mut SqliteConnection),
    Postgres(SqlxQuery<'static, Postgres, PgArguments>, &'t mut PgConnection),
}

impl<'t> Query<'t> {
    pub(super) fn sqlite(sql: &'static str, connection: &'t mut SqliteConnection) -> Self {
        Self { sql, bound: 0, inner: Inner::Sqlite(sqlx::query(sql), connection) }
    }

    pub(super) fn postgres(sql: &'static str, connection: &'t mut PgConnection) -> Self {
        Self { sql, bound: 0, inner: Inner::Postgres(sqlx::query(sql), connection) }
    }

    /// Binds the next placeholder.
    pub fn bind(self, value: impl Bind) -> Self {
        let inner = match self.inner {
            Inner::Sqlite(query, connection) => Inner::Sqlite(query.bind(value.raw()), connection),
            Inner::Postgres(query, connection) => Inner::Postgres(query.bind(value.raw()), connection),
        };
        Self { inner, bound: self.bound + 1, ..self }
    }

    /// Binds the next placeholders, one for each value.
    pub fn bind_each(self, values: impl IntoIterator<Item = impl Bind>) -> Self {
        values.into_iter().fold(self, Self::bind)
    }

    /// An unbound `$n` would silently be NULL on SQLite.
    fn check_binds(&self) -> Result<()> {
        let wanted = placeholders(self.sql);
        if wanted == self.bound {
            return Ok(());
        }
        Err(Error::Misuse(format!("{} values bound, {wanted} wanted by: {}", self.bound, self.sql)))
    }

    /// Runs it; the number of rows changed.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn execute(self) -> Result<u64> {
        self.check_binds()?;
        Ok(match self.inner {
            Inner::Sqlite(query, connection) => query.execute(connection).await?.rows_affected(),
            Inner::Postgres(query, connection) => query.execute(connection).await?.rows_affected(),
        })
    }

    /// The row, if there is one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn optional<R: Record>(self) -> Result<Option<R>> {
        self.check_binds()?;
        Ok(match self.inner {
            Inner::Sqlite(query, connection) => {
                query.fetch_optional(connection).await?.map(|row| R::from_row(&row)).transpose()?
            }
            Inner::Postgres(query, connection) => {
                query.fetch_optional(connection).await?.map(|row| R::from_row(&row)).transpose()?
            }
        })
    }

    /// The one row of a statement that always gives one (an aggregate, `RETURNING` of an insert).
    ///
    /// # Errors
    /// See [`Error`]; none is [`Error::Misuse`].
    pub async fn one<R: Record>(self) -> Result<R> {
        let sql = self.sql;
        self.optional().await?.ok_or_else(|| Error::Misuse(format!("no row from: {sql}")))
    }

    /// All rows; the statement bounds their number.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn all<R: Record>(self) -> Result<Vec<R>> {
        self.check_binds()?;
        Ok(match self.inner {
            Inner::Sqlite(query, connection) => {
                query.fetch_all(connection).await?.iter().map(R::from_row).collect::<sqlx::Result<_>>()?
            }
            Inner::Postgres(query, connection) => {
                query.fetch_all(connection).await?.iter().map(R::from_row).collect::<sqlx::Result<_>>()?
            }
        })
    }
}

/// The highest `$n` in a statement.
fn placeholders(sql: &str) -> usize {
    sql.split('$')
        .skip(1)
        .filter_map(|after| {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            after.get(..digits)?.parse::<usize>().ok()
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_counted_by_their_highest_number() {
        assert_eq!(placeholders("SELECT 1"), 0);
        assert_eq!(placeholders("SELECT $1, $2, $1"), 2);
        assert_eq!(placeholders("UPDATE t SET a = $12 WHERE b = $3"), 12);
    }
}
