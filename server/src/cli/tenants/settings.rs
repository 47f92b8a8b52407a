//! `steward tenant set CODE key=value …`: what a tenant can be told about itself, and `tenant show`, which prints the same.
//!
//! To add a setting: an arm in [`apply`], a line in [`show`], its name in [`KEYS`].

use std::io::Read;

use app::model::{Lang, Prompt};

use super::{basis_points, instructions_text, line, optional_line, parse_currency, parse_zone, prompt_text};
use crate::{
    db::{tenant::Tenant, tenant_logo::TenantLogo},
    error::{Error, Result},
    tenancy::{Accent, read_logo},
};

/// The names, for who mistypes one.
const KEYS: &str = "name, assistant, contact, currency, time-zone, locale, instructions, welcome, accent, logo, prompt, \
                    command.NAME, shows-cost, public-links, markup, disabled";
const MAX_PROMPTS: usize = 12;
const MAX_COMMANDS: usize = 50;
/// Bytes of a command's text: it becomes a message.
const MAX_COMMAND_BYTES: usize = 8 * 1024;
const MAX_WELCOME_CHARS: usize = 300;

/// What becomes of the logo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogoChange {
    #[default]
    Keep,
    Remove,
    Put(TenantLogo),
}

/// A tenant as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub tenant: Tenant,
    pub logo: LogoChange,
}

/// Applies settings in their order.
///
/// # Errors
/// [`Error::Invalid`] that names the first setting that cannot be.
pub fn apply_all(tenant: Tenant, settings: &[String]) -> Result<Wanted> {
    let mut wanted = Wanted { tenant, logo: LogoChange::Keep };
    for setting in settings {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Error::invalid("setting", format!("{setting:?} is not key=value; the keys are {KEYS}")));
        };
        apply(&mut wanted, key.trim(), value)?;
    }
    Ok(wanted)
}

fn apply(wanted: &mut Wanted, key: &str, value: &str) -> Result<()> {
    let tenant = &mut wanted.tenant;
    match key {
        "name" => tenant.name = line("name", value)?,
        "assistant" => tenant.assistant = line("assistant", value)?,
        "contact" => tenant.contact = optional_line("contact", value)?,
        "currency" => tenant.currency = parse_currency(value)?,
        "time-zone" => tenant.time_zone = parse_zone(value)?,
        "locale" => tenant.locale = locale(value)?,
        "instructions" => tenant.instructions = instructions_text(value)?,
        "welcome" => tenant.welcome = welcome(value)?,
        "accent" => tenant.accent = accent(value)?,
        "logo" => wanted.logo = logo(value)?,
        "prompt" => tenant.prompts = if value.trim().is_empty() { vec![] } else { vec![prompt_text(value)?] },
        "prompt+" => {
            if tenant.prompts.len() >= MAX_PROMPTS {
                return Err(Error::invalid("prompt", format!("at most {MAX_PROMPTS} example questions")));
            }
            tenant.prompts.push(prompt_text(value)?);
        }
        "shows-cost" => tenant.shows_cost = yes_or_no("shows-cost", value)?,
        "public-links" => tenant.allows_public_links = yes_or_no("public-links", value)?,
        "markup" => tenant.markup_bp = basis_points("markup", value)?,
        "disabled" => tenant.is_disabled = yes_or_no("disabled", value)?,
        _ => match key.strip_prefix("command.") {
            Some(name) => command(&mut tenant.commands, name, value)?,
            None => return Err(Error::invalid("setting", format!("{key:?} is unknown; the keys are {KEYS}"))),
        },
    }
    Ok(())
}

fn locale(value: &str) -> Result<Lang> {
    Lang::parse(value).ok_or_else(|| Error::invalid("locale", "the locales are en and id"))
}

fn yes_or_no(key: &'static str, value: &str) -> Result<bool> {
    match value.trim() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(Error::invalid(key, "say yes or no")),
    }
}

fn welcome(value: &str) -> Result<String> {
    let text = value.trim();
    if text.chars().count() > MAX_WELCOME_CHARS || text.chars().any(char::is_control) {
        return Err(Error::invalid("welcome", format!("one line of at most {MAX_WELCOME_CHARS} characters")));
    }
    Ok(text.to_owned())
}

/// Empty: Steward's own.
fn accent(value: &str) -> Result<Option<String>> {
    if value.trim().is_empty() {
        return Ok(None);
    }
    let accent = Accent::parse(value).map_err(|problem| Error::invalid("accent", problem.to_string()))?;
    Ok(Some(accent.color()))
}

/// `@path`; empty: none.
fn logo(value: &str) -> Result<LogoChange> {
    if value.trim().is_empty() {
        return Ok(LogoChange::Remove);
    }
    let path = value.strip_prefix('@').ok_or_else(|| Error::invalid("logo", "write logo=@FILE, or logo= for none"))?;
    let unreadable = |problem: std::io::Error| Error::invalid("logo", format!("{path} cannot be read: {problem}"));
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a larger file is seen to be one.
    file.take(crate::tenancy::MAX_LOGO_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let logo = read_logo(&bytes).map_err(|problem| Error::invalid("logo", problem.to_string()))?;
    Ok(LogoChange::Put(logo))
}

/// `title|text`; empty: the command goes.
fn command(commands: &mut Vec<Prompt>, name: &str, value: &str) -> Result<()> {
    let invalid = |problem: String| Error::invalid("command", problem);
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=32).contains(&name.len()) || !name.bytes().all(allowed) {
        return Err(invalid("a command's name is 1 to 32 of a-z, 0-9 and -".to_owned()));
    }
    let at = commands.iter().position(|command| command.name == name);
    if value.trim().is_empty() {
        commands.retain(|command| command.name != name);
        return Ok(());
    }
    let (title, text) = value.split_once('|').ok_or_else(|| invalid("write command.NAME=title|text".to_owned()))?;
    let text = text.trim();
    let has_controls = text.chars().any(|c| c.is_control() && c != '\n');
    if text.is_empty() || text.len() > MAX_COMMAND_BYTES || has_controls {
        return Err(invalid(format!("a command's text has 1 to {MAX_COMMAND_BYTES} bytes")));
    }
    let command = Prompt { name: name.to_owned(), title: line("command", title)?, text: text.to_owned() };
    let is_full = commands.len() >= MAX_COMMANDS;
    match at.and_then(|at| commands.get_mut(at)) {
        Some(known) => *known = command,
        None if is_full => return Err(invalid(format!("at most {MAX_COMMANDS} commands"))),
        None => commands.push(command),
    }
    Ok(())
}

/// A tenant's settings as `tenant set` would take them, a line each.
#[must_use]
pub fn show(tenant: &Tenant) -> String {
    let yes_no = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let mut lines = vec![
        ("code".to_owned(), tenant.code.to_string()),
        ("name".to_owned(), tenant.name.clone()),
        ("assistant".to_owned(), tenant.assistant.clone()),
        ("contact".to_owned(), tenant.contact.clone()),
        ("currency".to_owned(), tenant.currency.clone()),
        ("time-zone".to_owned(), tenant.time_zone.name().to_owned()),
        ("locale".to_owned(), tenant.locale.code().to_owned()),
        ("instructions".to_owned(), tenant.instructions.clone()),
        ("welcome".to_owned(), tenant.welcome.clone()),
        ("accent".to_owned(), tenant.accent.clone().unwrap_or_default()),
        ("logo".to_owned(), tenant.logo_hash.clone().unwrap_or_default()),
    ];
    lines.extend(tenant.prompts.iter().map(|prompt| ("prompt+".to_owned(), prompt.clone())));
    let command =
        |command: &Prompt| (format!("command.{}", command.name), format!("{}|{}", command.title, command.text));
    lines.extend(tenant.commands.iter().map(command));
    lines.push(("shows-cost".to_owned(), yes_no(tenant.shows_cost)));
    lines.push(("public-links".to_owned(), yes_no(tenant.allows_public_links)));
    lines.push(("markup".to_owned(), percent(tenant.markup_bp)));
    lines.push(("disabled".to_owned(), yes_no(tenant.is_disabled)));
    lines.iter().map(|(key, value)| format!("{key}={}\n", value.replace('\n', "\n  "))).collect()
}

/// Hundredths of a percent as `15%`, `2.5%`.
fn percent(bp: i64) -> String {
    let (whole, hundredths) = (bp / 100, bp % 100);
    match hundredths {
        0 => format!("{whole}%"),
        _ => format!("{}%", format!("{whole}.{hundredths:02}").trim_end_matches('0')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tenants::tests::tenant;

    fn set(settings: &[&str]) -> Result<Wanted> {
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        apply_all(tenant(), &settings)
    }

    #[test]
    fn every_setting_is_read_and_shown() {
        let wanted = set(&[
            "name=PRS = Textile",
            "locale=id-ID",
            "accent=#0f766e",
            "welcome= Selamat datang ",
            "prompt=First?",
            "prompt+=Second?",
            "command.daily-digest=Digest|How was {{day}}?",
            "shows-cost=yes",
            "public-links=true",
        ]);
        let shown = show(&wanted.expect("a tenant").tenant);
        for line in [
            "name=PRS = Textile\n",
            "locale=id\n",
            "accent=#0f766e\n",
            "welcome=Selamat datang\n",
            "prompt+=First?\nprompt+=Second?\n",
            "command.daily-digest=Digest|How was {{day}}?\n",
            "shows-cost=yes\n",
            "public-links=yes\n",
            "disabled=no\n",
        ] {
            assert!(shown.contains(line), "{line} is missing in {shown}");
        }
        let gone = set(&["command.a=A|a", "command.b=B|b", "command.a=", "accent=", "logo="]).expect("a tenant");
        assert_eq!(gone.tenant.commands.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!((gone.tenant.accent, gone.logo), (None, LogoChange::Remove));
    }

    #[test]
    fn what_cannot_be_is_refused_with_words() {
        for (setting, words) in [
            ("name", "key=value"),
            ("colour=red", "unknown"),
            ("accent=red", "#rrggbb"),
            ("accent=#ffff00", "the nearest colour that can is #"),
            ("locale=de", "en and id"),
            ("logo=file.png", "logo=@FILE"),
            ("logo=@/no/such/file", "cannot be read"),
            ("shows-cost=maybe", "yes or no"),
            ("command.Daily=a|b", "a-z"),
            ("command.a=no text", "title|text"),
            ("command.a=title|", "bytes"),
            ("welcome=a\u{7}", "one line"),
        ] {
            let Err(Error::Invalid { message, .. }) = set(&[setting]) else { panic!("{setting} passes") };
            assert!(message.contains(words), "{setting}: {message}");
        }
        let many: Vec<String> = (0..=MAX_COMMANDS).map(|at| format!("command.c{at}=t|x")).collect();
        assert!(apply_all(tenant(), &many).is_err());
    }
}
