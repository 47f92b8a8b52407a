//! What is said of a profile on the command line.

use std::path::{Path, PathBuf};

use app::model::DisplayName;
use clap::Args;

use crate::{
    db::profile::Profile,
    error::{Error, Result},
    gateway::profile::MAX_SLUG,
};

/// Longest instructions: every request pays for them.
const MAX_PROMPT_BYTES: usize = 64 * 1024;
const MAX_FALLBACKS: usize = 4;

/// What a profile says. What is not named stays.
#[derive(Args, Clone, Debug, Default)]
pub struct Settings {
    /// As shown.
    #[arg(long)]
    pub name: Option<String>,
    /// The model that answers whatever a request names, exact id; empty: the request's own.
    #[arg(long)]
    pub model: Option<String>,
    /// What is asked when it does not answer, in order, exact ids with commas between them; empty: as the server is set up.
    #[arg(long = "fallback", value_delimiter = ',')]
    pub fallbacks: Option<Vec<String>>,
    /// A file with instructions that are put before a request's own.
    #[arg(long, value_name = "FILE")]
    pub prompt_file: Option<PathBuf>,
    /// No instructions.
    #[arg(long, conflicts_with = "prompt_file")]
    pub no_prompt: bool,
    /// Requests may bring tools.
    #[arg(long)]
    pub tools: bool,
    /// Requests that bring tools are refused.
    #[arg(long, conflicts_with = "tools")]
    pub no_tools: bool,
    /// Output tokens of one answer at most; 0: the model's.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    pub max_output: Option<i64>,
    /// Where easy requests go, exact id; empty: nowhere else.
    #[arg(long)]
    pub cheaper_model: Option<String>,
    /// Easy are requests without tools whose input has fewer tokens than this, for certain (bytes are counted); 0: none.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    pub cheaper_below_tokens: Option<i64>,
    /// All requests go there while the tightest budget has less than so many percent left; 0: never.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..=100))]
    pub cheaper_when_budget_below: Option<i64>,
}

pub(super) fn parse_slug(slug: &str) -> Result<String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_fine = (2..=MAX_SLUG).contains(&slug.len()) && slug.bytes().all(allowed) && !slug.starts_with('-');
    is_fine.then(|| slug.to_owned()).ok_or_else(|| {
        Error::invalid("slug", format!("a profile's name in addresses is 2 to {MAX_SLUG} of a-z, 0-9 and -"))
    })
}

/// An exact id; empty: none.
fn parse_model(field: &'static str, id: &str) -> Result<Option<String>> {
    let id = id.trim();
    if id.len() > 200 || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(field, "this is not the id of a model"));
    }
    Ok((!id.is_empty()).then(|| id.to_owned()))
}

impl Settings {
    pub(super) fn apply(&self, profile: &mut Profile) -> Result<()> {
        if let Some(name) = &self.name {
            let name = DisplayName::parse(name).map_err(|problem| Error::invalid("--name", problem.to_string()))?;
            profile.name = name.as_str().to_owned();
        }
        if let Some(model) = &self.model {
            profile.model = parse_model("--model", model)?;
        }
        if let Some(fallbacks) = &self.fallbacks {
            let ids = fallbacks.iter().map(|id| parse_model("--fallback", id));
            profile.fallbacks = ids.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
            if profile.fallbacks.len() > MAX_FALLBACKS {
                return Err(Error::invalid("--fallback", format!("at most {MAX_FALLBACKS} models")));
            }
        }
        if let Some(path) = &self.prompt_file {
            profile.system_prompt = prompt(path)?;
        }
        if self.no_prompt {
            profile.system_prompt = String::new();
        }
        if self.tools || self.no_tools {
            profile.allows_tools = self.tools;
        }
        let unless_zero = |number: i64| (number > 0).then_some(number);
        profile.max_output = self.max_output.map_or(profile.max_output, unless_zero);
        if let Some(model) = &self.cheaper_model {
            profile.cheaper_model = parse_model("--cheaper-model", model)?;
        }
        profile.cheaper_below_tokens = self.cheaper_below_tokens.map_or(profile.cheaper_below_tokens, unless_zero);
        profile.cheaper_when_budget_below =
            self.cheaper_when_budget_below.map_or(profile.cheaper_when_budget_below, unless_zero);
        Ok(())
    }
}

fn prompt(path: &Path) -> Result<String> {
    let problem = |why: String| Error::invalid("--prompt-file", format!("{}: {why}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?.len();
    if length > MAX_PROMPT_BYTES as u64 {
        return Err(problem(format!("at most {MAX_PROMPT_BYTES} bytes of text")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    if text.contains('\0') {
        return Err(problem("this is not a text".to_owned()));
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_names_in_addresses() {
        for fine in ["ab", "support-bot-2", &"a".repeat(64)] {
            assert!(parse_slug(fine).is_ok(), "{fine}");
        }
        for wrong in ["", "a", "A-bot", "a bot", "-bot", "a/b", "..", "ä-bot", &"a".repeat(65)] {
            assert!(parse_slug(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn models_are_ids_or_nothing() {
        assert_eq!(parse_model("--model", " gpt-5.4 ").ok().flatten().as_deref(), Some("gpt-5.4"));
        assert_eq!(parse_model("--model", "").ok(), Some(None));
        assert!(parse_model("--model", "a b").is_err());
    }
}
