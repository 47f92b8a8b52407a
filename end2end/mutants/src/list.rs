//! The list of mutants, which is cargo-mutants' own.

use std::process::Command;

use serde::Deserialize;

use crate::Outcome;

/// A place in a file; lines and columns (characters) from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Span {
    pub start: Place,
}

/// One of `cargo mutants --list --json`, as far as it is needed here.
#[derive(Clone, Debug, Deserialize)]
pub struct Mutant {
    /// In words with its place; nobody else's.
    pub name: String,
    pub file: String,
    pub span: Span,
    pub replacement: String,
    /// `FnValue`, `BinaryOperator`, `UnaryOperator`, `MatchArm`, `MatchArmGuard`, `StructField`.
    pub genre: String,
}

/// All mutants of these files (globs), less those that `.cargo/mutants.toml` excludes.
pub fn list(files: &[String]) -> Outcome<Vec<Mutant>> {
    let mut command = Command::new("cargo");
    command.args(["mutants", "--list", "--json", "--package", "server"]);
    for file in files {
        command.args(["--file", file]);
    }
    let output = command.output().map_err(|error| format!("cargo mutants: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo mutants: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("the list of mutants: {error}"))
}
