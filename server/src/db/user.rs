//! People.

use app::model::{Lang, Theme, Timestamp, UserId};
use uuid::Uuid;

use super::{Result, SystemTx, Tx};

/// A person as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Lower case, trimmed.
    pub email: String,
    pub name: String,
    /// PHC string or a legacy bcrypt hash; `None`: cannot sign in with a password. Untrusted text: it may have been
    /// imported.
    pub password_hash: Option<String>,
    pub theme: Theme,
    /// Chosen in settings; `None`: what the browser asks for.
    pub lang: Option<Lang>,
    pub is_disabled: bool,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    password_hash: Option<String>,
    theme: String,
    language: Option<String>,
    is_disabled: bool,
}

impl UserRow {
    fn user(self) -> User {
        User {
            id: UserId(self.id),
            email: self.email,
            name: self.name,
            password_hash: self.password_hash,
            theme: Theme::parse_or_system(&self.theme),
            lang: self.language.as_deref().and_then(Lang::parse),
            is_disabled: self.is_disabled,
        }
    }
}

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

/// The person with this e-mail, which is already lower case and trimmed. Disabled ones too: the caller decides.
///
/// # Errors
/// Database errors.
pub async fn user_find_by_email(tx: &mut Tx, email: &str) -> Result<Option<User>> {
    let row = tx
        .query("SELECT id, email, name, password_hash, theme, language, is_disabled FROM users WHERE email = $1")
        .bind(email)
        .optional::<UserRow>()
        .await?;
    Ok(row.map(UserRow::user))
}

/// A person by id. Disabled ones too: the caller decides.
///
/// # Errors
/// Database errors.
pub async fn user_find(tx: &mut Tx, id: UserId) -> Result<Option<User>> {
    let row = tx
        .query("SELECT id, email, name, password_hash, theme, language, is_disabled FROM users WHERE id = $1")
        .bind(id)
        .optional::<UserRow>()
        .await?;
    Ok(row.map(UserRow::user))
}

/// People by e-mail, after `after` (empty: from the start), at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn user_list(tx: &mut SystemTx, after: &str, limit: i64) -> Result<Vec<User>> {
    let rows = tx
        .query(
            "SELECT id, email, name, password_hash, theme, language, is_disabled FROM users WHERE email > $1 ORDER BY email LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .all::<UserRow>()
        .await?;
    Ok(rows.into_iter().map(UserRow::user).collect())
}

/// # Errors
/// Database errors.
pub async fn user_set_name(tx: &mut Tx, id: UserId, name: &str) -> Result<()> {
    tx.query("UPDATE users SET name = $2 WHERE id = $1").bind(id).bind(name).execute().await?;
    Ok(())
}

/// # Errors
/// Database errors.
pub async fn user_set_theme(tx: &mut Tx, id: UserId, theme: Theme) -> Result<()> {
    tx.query("UPDATE users SET theme = $2 WHERE id = $1").bind(id).bind(theme.as_str()).execute().await?;
    Ok(())
}

/// `lang` `None`: what the browser asks for.
///
/// # Errors
/// Database errors.
pub async fn user_set_language(tx: &mut Tx, id: UserId, lang: Option<Lang>) -> Result<()> {
    tx.query("UPDATE users SET language = $2 WHERE id = $1").bind(id).bind(lang.map(Lang::code)).execute().await?;
    Ok(())
}

/// Sets a new password.
///
/// # Errors
/// Database errors.
pub async fn user_set_password(tx: &mut Tx, id: UserId, hash: &str, now: Timestamp) -> Result<()> {
    tx.query("UPDATE users SET password_hash = $2, password_changed_at = $3 WHERE id = $1")
        .bind(id)
        .bind(hash)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// Locks a person until the transaction ends if `hash` is still theirs and they are not disabled; `false` otherwise. So a
/// password that was verified before the transaction began is still the right one in it.
///
/// # Errors
/// Database errors.
pub async fn user_confirm_hash(tx: &mut Tx, id: UserId, hash: &str) -> Result<bool> {
    let found = tx
        .query("UPDATE users SET password_hash = password_hash WHERE id = $1 AND password_hash = $2 AND is_disabled = FALSE")
        .bind(id)
        .bind(hash)
        .execute()
        .await?;
    Ok(found > 0)
}

/// Replaces the hash of the same password by a better one, unless the password was changed meanwhile.
///
/// # Errors
/// Database errors.
pub async fn user_upgrade_hash(tx: &mut Tx, id: UserId, old: &str, new: &str) -> Result<()> {
    tx.query("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
        .bind(id)
        .bind(old)
        .bind(new)
        .execute()
        .await?;
    Ok(())
}

/// # Errors
/// Database errors.
pub async fn user_set_disabled(tx: &mut SystemTx, id: UserId, is_disabled: bool) -> Result<()> {
    tx.query("UPDATE users SET is_disabled = $2 WHERE id = $1").bind(id).bind(is_disabled).execute().await?;
    Ok(())
}
