//! `steward audit`: proves that the books balance.

use std::process::ExitCode;

use crate::{
    db::{Db, Result},
    usage::audit_books,
};

/// Prints each violation on a line; fails when there is one.
///
/// # Errors
/// Database errors.
pub async fn run(db: &Db) -> Result<ExitCode> {
    let violations = audit_books(db).await?;
    for violation in &violations {
        println!("{violation}");
    }
    if violations.is_empty() {
        println!("The books balance.");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("steward: the books do not balance: {} violations", violations.len());
    Ok(ExitCode::FAILURE)
}
