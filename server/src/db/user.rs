//! People.

use app::model::{Timestamp, UserId};

use super::{Result, Tx};

/// Creates a person. `email` is already lower case and trimmed.
///
/// # Errors
/// [`super::Error::Duplicate`] when the e-mail is taken.
pub async fn user_insert(
    tx: &mut Tx,
    id: UserId,
    email: &str,
    name: &str,
    password_hash: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO users (id, email, name, password_hash, created_at, password_changed_at) \
         VALUES ($1, $2, $3, $4, $5, $5)",
    )
    .bind(id)
    .bind(email)
    .bind(name)
    .bind(password_hash)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}
