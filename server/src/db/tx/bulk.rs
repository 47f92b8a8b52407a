//! Statements about many rows. Only placeholders are generated here; every word of SQL is static.
//!
//! Each statement is handed to SQLite's thread and back, and one that answers with rows or may fail half-way costs SQLite a
//! temporary table or a journal of 64 KiB: what a group of calls needs is asked in one statement for all of them.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Inner, Tx};
use crate::db::{DbValue, Engine, Error, Record, Result};

/// SQLite keeps each statement it has seen compiled, as many bytes as it has rows: the fewer lengths there are, the less
/// that takes.
const TOGETHER_ON_SQLITE: usize = 16;

/// Rows to insert: `{into} VALUES (…), (…) {suffix}`. `values` is row after row, `columns` values each.
#[derive(Clone, Debug)]
pub struct Insert {
    pub into: &'static str,
    pub columns: usize,
    pub values: Vec<DbValue>,
    pub suffix: &'static str,
}

impl Insert {
    fn check(&self) -> Result<()> {
        if self.columns == 0 || !self.values.len().is_multiple_of(self.columns) {
            let (count, columns) = (self.values.len(), self.columns);
            return Err(Error::Misuse(format!("{count} values are not rows of {columns}: {}", self.into)));
        }
        Ok(())
    }

    /// SQLite takes at most 32,766 parameters in a statement.
    fn values_at_once(&self) -> usize {
        (30_000 / self.columns).clamp(1, 1_000) * self.columns
    }

    fn write(&self, sql: &mut String, engine: Engine, count: usize) {
        sql.push_str(self.into);
        sql.push_str(" VALUES ");
        rows(sql, engine, self.columns, count);
        sql.push(' ');
        sql.push_str(self.suffix);
    }
}

/// `(…), (…)`, as many placeholders in all.
fn rows(sql: &mut String, engine: Engine, columns: usize, count: usize) {
    for at in 0..count {
        sql.push_str(match (at, at % columns) {
            (0, _) => "(",
            (_, 0) => "), (",
            _ => ", ",
        });
        placeholder(sql, engine, at + 1);
    }
    sql.push(')');
}

/// SQLite looks a named placeholder up among all others: thousands of `$n` take quadratic time, `?` does not.
fn placeholder(sql: &mut String, engine: Engine, number: usize) {
    match engine {
        Engine::Sqlite => sql.push('?'),
        Engine::Postgres => sql.push_str(&format!("${number}")),
    }
}

/// A statement with its values, for either driver.
macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql));
        for value in $values {
            query = match value {
                DbValue::Int(v) => query.bind(*v),
                DbValue::Float(v) => query.bind(*v),
                DbValue::Text(v) => query.bind(v.clone()),
                DbValue::Id(v) => query.bind(*v),
                DbValue::Bool(v) => query.bind(*v),
                DbValue::NullInt => query.bind(None::<i64>),
                DbValue::NullFloat => query.bind(None::<f64>),
                DbValue::NullText => query.bind(None::<String>),
                DbValue::NullId => query.bind(None::<Uuid>),
            };
        }
        query
    }};
}

impl Tx {
    /// Inserts many rows with few statements: `{into} VALUES (…), (…) {suffix}`. `values` is row after row, `columns`
    /// values each.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn insert_many(
        &mut self,
        into: &'static str,
        columns: usize,
        values: Vec<DbValue>,
        suffix: &'static str,
    ) -> Result<u64> {
        self.insert(&Insert { into, columns, values, suffix }).await
    }

    async fn insert(&mut self, insert: &Insert) -> Result<u64> {
        insert.check()?;
        let mut changed = 0;
        for chunk in insert.values.chunks(insert.values_at_once()) {
            let mut sql = String::new();
            insert.write(&mut sql, self.engine(), chunk.len());
            changed += self.run(sql, chunk.iter().collect()).await?;
        }
        Ok(changed)
    }

    /// How many rows a caller with many should put into one statement.
    #[must_use]
    pub fn rows_together(&self) -> usize {
        if self.engine() == Engine::Sqlite { TOGETHER_ON_SQLITE } else { 1_000 }
    }

    /// Several inserts, in their order; on SQLite all of them at once.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn insert_together(&mut self, inserts: &[Insert]) -> Result<()> {
        let is_short = |insert: &Insert| insert.values.len() <= insert.values_at_once();
        if self.engine() == Engine::Postgres || !inserts.iter().all(is_short) {
            for insert in inserts {
                self.insert(insert).await?;
            }
            return Ok(());
        }
        let mut sql = String::new();
        for insert in inserts.iter().filter(|insert| !insert.values.is_empty()) {
            insert.check()?;
            if !sql.is_empty() {
                sql.push_str("; ");
            }
            insert.write(&mut sql, Engine::Sqlite, insert.values.len());
        }
        if !sql.is_empty() {
            let values = inserts.iter().flat_map(|insert| &insert.values).collect();
            self.run(sql, values).await?;
        }
        Ok(())
    }

    /// The rows of `{before} (VALUES (…), (…)) {after}`, where the values' columns are `column1`, `column2` and so on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_with<R: Record>(
        &mut self,
        before: &'static str,
        columns: usize,
        values: &[DbValue],
        after: &'static str,
    ) -> Result<Vec<R>> {
        if columns == 0 || !values.len().is_multiple_of(columns) {
            return Err(Error::Misuse(format!("{} values are not rows of {columns}: {before}", values.len())));
        }
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = format!("{before} (VALUES ");
        rows(&mut sql, self.engine(), columns, values.len());
        sql.push_str(") ");
        sql.push_str(after);
        self.fetch(sql, values).await
    }

    /// The rows of `{before} first {between} (id, id) {after}`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_among<R: Record>(
        &mut self,
        before: &'static str,
        first: Uuid,
        between: &'static str,
        ids: Vec<Uuid>,
        after: &'static str,
    ) -> Result<Vec<R>> {
        let values: Vec<DbValue> = std::iter::once(first).chain(ids).map(DbValue::Id).collect();
        if values.len() == 1 {
            return Ok(Vec::new());
        }
        let engine = self.engine();
        let mut sql = format!("{before} ");
        for number in 1..=values.len() {
            match number {
                1 => {}
                2 => {
                    sql.push(' ');
                    sql.push_str(between);
                    sql.push_str(" (");
                }
                _ => sql.push_str(", "),
            }
            placeholder(&mut sql, engine, number);
        }
        sql.push_str(") ");
        sql.push_str(after);
        self.fetch(sql, &values).await
    }

    async fn run(&mut self, sql: String, values: Vec<&DbValue>) -> Result<u64> {
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => bound!(sql, values).execute(&mut **tx).await?.rows_affected(),
            Inner::Postgres(tx) => bound!(sql, values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    async fn fetch<R: Record>(&mut self, sql: String, values: &[DbValue]) -> Result<Vec<R>> {
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => {
                let rows = bound!(sql, values).fetch_all(&mut **tx).await?;
                rows.iter().map(R::from_row).collect::<sqlx::Result<_>>()?
            }
            Inner::Postgres(tx) => {
                let rows = bound!(sql, values).fetch_all(&mut **tx).await?;
                rows.iter().map(R::from_row).collect::<sqlx::Result<_>>()?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_in_each_engines_way() {
        let text = |engine| {
            let mut sql = String::new();
            rows(&mut sql, engine, 2, 4);
            sql
        };
        assert_eq!(text(Engine::Sqlite), "(?, ?), (?, ?)");
        assert_eq!(text(Engine::Postgres), "($1, $2), ($3, $4)");
    }

    #[test]
    fn values_that_are_no_rows_are_refused() {
        let insert = |columns, count| Insert { into: "", columns, values: vec![DbValue::Int(1); count], suffix: "" };
        assert!(insert(2, 4).check().is_ok());
        assert!(insert(2, 3).check().is_err());
        assert!(insert(0, 3).check().is_err());
    }
}
