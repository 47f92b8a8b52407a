//! Reading a provider's cost export (CSV with a heading) into money by day and model.
//!
//! Exports are read by the names of their columns. The usual names of both consoles are known (see [`Columns::usual`], from
//! the fields of Anthropic's cost report and of OpenAI's `/v1/organization/costs`); an export that names them otherwise is
//! read with `--columns`. Rows without a model (web searches, code execution) are [`NO_MODEL`]'s.

use std::{collections::BTreeMap, io::Read};

use app::model::{Date, Timestamp};

use crate::db::reconcile::NO_MODEL;

/// Pico-dollars by UTC day and model, as the invoice names it.
pub type Invoice = BTreeMap<(Date, String), i64>;

/// Rows of an export at most.
const MOST_ROWS: usize = 1_000_000;

/// Which column is which; of several names the first that the heading has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    pub day: Vec<String>,
    pub model: Vec<String>,
    pub cost: Vec<String>,
    /// The amounts are cents.
    pub is_cents: bool,
}

impl Columns {
    /// What the providers' own exports call them.
    #[must_use]
    pub fn usual() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            day: names(&[
                "usage_date_utc",
                "usage_date",
                "date",
                "day",
                "starting_at",
                "start_time_iso",
                "start_time",
                "bucket_start_time",
            ]),
            model: names(&["model", "model_version", "line_item", "description"]),
            cost: names(&["cost_usd", "amount_usd", "amount_value", "cost", "amount", "value"]),
            is_cents: false,
        }
    }

    /// `day=NAME,model=NAME,cost=NAME[,unit=cents]`; what is not named stays as usual.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut columns = Self::usual();
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let (what, name) = pair.split_once('=').ok_or("columns are written day=NAME,model=NAME,cost=NAME")?;
            let named = vec![name.trim().to_lowercase()];
            match (what.trim(), name.trim()) {
                ("day", _) => columns.day = named,
                ("model", _) => columns.model = named,
                ("cost", _) => columns.cost = named,
                ("unit", "cents") => columns.is_cents = true,
                ("unit", "dollars") => columns.is_cents = false,
                (other, _) => return Err(format!("there is no column {other:?}: name day, model, cost or unit")),
            }
        }
        Ok(columns)
    }
}

/// Reads an export.
///
/// # Errors
/// In words, with the line.
pub fn read(source: impl Read, columns: &Columns) -> Result<Invoice, String> {
    let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(source);
    let heading: Vec<String> = rows
        .headers()
        .map_err(|error| format!("the heading cannot be read: {error}"))?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').to_lowercase())
        .collect();
    let place = |names: &[String]| {
        let found = names.iter().find_map(|name| heading.iter().position(|column| column == name));
        found.ok_or_else(|| {
            format!("no column {} in the heading ({}); name it with --columns", names.join(" or "), heading.join(", "))
        })
    };
    let (day, model, cost) = (place(&columns.day)?, place(&columns.model)?, place(&columns.cost)?);
    let mut invoice = Invoice::new();
    for (at, row) in rows.records().enumerate() {
        let line = at + 2;
        if at >= MOST_ROWS {
            return Err(format!("more than {MOST_ROWS} rows"));
        }
        let row = row.map_err(|error| format!("line {line}: {error}"))?;
        let cell = |place: usize| row.get(place).unwrap_or_default();
        if cell(cost).is_empty() {
            continue;
        }
        let amount =
            pico(cell(cost), columns.is_cents).ok_or_else(|| format!("line {line}: {:?} is no amount", cell(cost)))?;
        let date = date(cell(day)).ok_or_else(|| format!("line {line}: {:?} is no day", cell(day)))?;
        // "gpt-4o-mini-2024-07-18, input": a model and a class.
        let name = cell(model).split(',').next().unwrap_or_default().trim();
        let name = if name.is_empty() { NO_MODEL } else { name };
        let sum = invoice.entry((date, name.to_owned())).or_insert(0);
        *sum = sum.checked_add(amount).ok_or_else(|| format!("line {line}: more than can be counted"))?;
    }
    Ok(invoice)
}

/// `2026-03-10`, an instant that begins with a day (RFC 3339), or seconds since 1970.
fn date(text: &str) -> Option<Date> {
    if text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: i64 = text.parse().ok()?;
        return Some(Timestamp(seconds.checked_mul(1_000)?).date_utc());
    }
    let rest = text.get(10..)?;
    let is_end = rest.is_empty() || rest.starts_with(['T', ' ']);
    text.get(..10).filter(|_| is_end)?.parse().ok()
}

/// A decimal number of dollars or cents as pico-dollars, rounded half away from zero where an export has more digits than
/// that: `0.0031`, `$1,234.50`, `6e-05`, `-0.5`.
fn pico(text: &str, is_cents: bool) -> Option<i64> {
    let text = text.replace(['$', ','], "");
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.as_str()),
    };
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok().filter(|e| (-30..=30).contains(e))?),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = [whole, fraction].concat();
    // More digits than any amount has are noise of binary fractions.
    if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i128 = digits.parse().ok()?;
    let scale = if is_cents { 10 } else { 12 } + exponent - i32::try_from(fraction.len()).ok()?;
    let size = 10_i128.checked_pow(scale.unsigned_abs())?;
    let amount = if scale >= 0 { value.checked_mul(size)? } else { (value + size / 2) / size };
    i64::try_from(amount * sign).ok()
}

/// A model's name so that an invoice's and ours meet: `Claude Haiku 4.5`, `claude-haiku-4-5-20251001`, `claude-haiku-4-5`.
#[must_use]
pub fn canonical(model: &str) -> String {
    let joined: String =
        model.trim().to_lowercase().chars().map(|c| if c == ' ' || c == '.' || c == '_' { '-' } else { c }).collect();
    let joined = joined.strip_suffix("-latest").unwrap_or(&joined);
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // A day at its end: eight digits, or 4-2-2.
    if let Some((name, last)) = joined.rsplit_once('-') {
        if last.len() == 8 && is_digits(last) {
            return name.to_owned();
        }
        if let (Some(name), Some(day)) =
            (joined.get(..joined.len().saturating_sub(11)), joined.get(joined.len().saturating_sub(10)..))
            && day.parse::<Date>().is_ok()
        {
            return name.to_owned();
        }
    }
    joined.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a test day")
    }

    #[test]
    fn exports_of_both_providers_are_read() {
        let anthropic = "usage_date_utc,model,workspace,token_type,cost_usd\n\
             2026-03-10,claude-haiku-4-5-20251001,Default,output_tokens,0.05\n\
             2026-03-10,claude-haiku-4-5-20251001,Default,\"input, cached\",0.0000001\n\
             2026-03-11,,Default,web_search,\"$1,000.50\"\n";
        let read = read(anthropic.as_bytes(), &Columns::usual()).expect("an invoice");
        assert_eq!(read[&(day("2026-03-10"), "claude-haiku-4-5-20251001".to_owned())], 50_000_100_000);
        assert_eq!(read[&(day("2026-03-11"), "(no model)".to_owned())], 1_000_500_000_000_000);
        let openai = "start_time,end_time,amount_value,amount_currency,line_item\n\
             1773100800,1773187200,0.06000000000000001,usd,\"gpt-4o-mini-2024-07-18, input\"\n\
             1773100800,1773187200,6e-05,usd,\"gpt-4o-mini-2024-07-18, output\"\n";
        let read = super::read(openai.as_bytes(), &Columns::usual()).expect("an invoice");
        assert_eq!(
            read.into_iter().collect::<Vec<_>>(),
            [((day("2026-03-10"), "gpt-4o-mini-2024-07-18".to_owned()), 60_060_000_000)]
        );
    }

    #[test]
    fn other_names_are_named_and_what_cannot_be_read_is_said() {
        let columns = Columns::parse("day=When,model=Was,cost=Cents,unit=cents").expect("columns");
        let read_with = |text: &str| read(text.as_bytes(), &columns);
        let invoice = read_with("\u{feff}When,Was,Cents\n2026-03-10T00:00:00Z,m,123.45\n").expect("an invoice");
        assert_eq!(invoice.values().copied().collect::<Vec<_>>(), [1_234_500_000_000]);
        for (text, problem) in [
            ("When,Was\n", "no column cents"),
            ("When,Was,Cents\nlately,m,1\n", "line 2: \"lately\" is no day"),
            ("When,Was,Cents\n2026-03-10,m,much\n", "line 2: \"much\" is no amount"),
            ("When,Was,Cents\n2026-02-30,m,1\n", "is no day"),
            ("When,Was,Cents\n2026-03-10,m,99999999999999999999\n", "is no amount"),
        ] {
            let error = read_with(text).expect_err(text);
            assert!(error.contains(problem), "{error}");
        }
        assert!(Columns::parse("colour=red").is_err() && Columns::parse("day").is_err());
    }

    #[test]
    fn models_meet_whatever_the_invoice_calls_them() {
        for (theirs, ours) in [
            ("Claude Haiku 4.5", "claude-haiku-4-5"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
            ("gpt-5.4", "gpt-5.4"),
        ] {
            assert_eq!(canonical(theirs), canonical(ours));
        }
        assert_ne!(canonical("gpt-5.4"), canonical("gpt-5.4-mini"));
    }

    #[test]
    fn amounts_are_exact_and_rounded_half_away_from_zero() {
        for (text, expected) in [
            ("-0.5", -500_000_000_000),
            ("$1,234.50", 1_234_500_000_000_000),
            ("12.", 12_000_000_000_000),
            (".5", 500_000_000_000),
            ("2E3", 2_000_000_000_000_000),
            ("6e-05", 60_000_000),
            ("0.0000000000004", 0),
            ("0.0000000000005", 1),
            ("0.00000000000149", 1),
            ("-0.0000000000015", -2),
            ("5e-13", 1),
            ("1e-30", 0),
            ("0.00000000000000000000000000001", 0),
        ] {
            assert_eq!(pico(text, false), Some(expected), "{text}");
        }
        assert_eq!((pico("250", true), pico("0.00000000005", true)), (Some(2_500_000_000_000), Some(1)));
        let digits = |count: usize| pico(&format!("0.{}", "0".repeat(count - 1)), false);
        assert_eq!((digits(30), digits(31)), (Some(0), None), "more are noise");
        for wrong in ["", "-", ".", "1.2.3", "--1", "+1", "1e", "1e31", "1e-31", "1e1.5", "0x1", "1 000", "9223373"] {
            assert_eq!(pico(wrong, false), None, "{wrong:?}");
        }
    }

    #[test]
    fn days_are_days_instants_or_seconds() {
        let march = Some(day("2026-03-10"));
        for text in ["2026-03-10", "2026-03-10T23:59:59Z", "2026-03-10 08:00", "1773100800", "1773187199"] {
            assert_eq!(date(text), march, "{text}");
        }
        assert_eq!(date("12345"), Some(day("1970-01-01")), "seconds");
        for wrong in ["", "2026", "1234", "2026-03", "2026-03-100", "2026-03-10x", "10.03.2026", "99999999999999999999"]
        {
            assert_eq!(date(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn only_a_day_at_its_end_is_no_part_of_a_models_name() {
        for (name, expected) in [
            ("Claude_Haiku 4.5", "claude-haiku-4-5"),
            ("gpt-5.4-latest", "gpt-5-4"),
            ("m-20260310", "m"),
            ("m-2026-03-10", "m"),
            ("m-abcdefgh", "m-abcdefgh"),
            ("m-1234567", "m-1234567"),
            ("m-2026-13-40", "m-2026-13-40"),
            ("gpt-4o-mini", "gpt-4o-mini"),
            ("o3", "o3"),
        ] {
            assert_eq!(canonical(name), expected, "{name}");
        }
    }

    #[test]
    fn a_line_is_named_as_an_editor_counts() {
        let read = |text: &str| read(text.as_bytes(), &Columns::usual());
        let error = read("date,model,cost\n2026-03-10,m,1\n2026-03-10,m,x\n").expect_err("no amount");
        assert!(error.starts_with("line 3: "), "{error}");
        let invoice = read("date,model,cost\n2026-03-10,m,1\n2026-03-10,m,\n2026-03-10,m,2\n").expect("an invoice");
        assert_eq!(invoice[&(day("2026-03-10"), "m".to_owned())], 3_000_000_000_000);
        let columns = Columns::parse(",day=d,,unit=cents,unit=dollars,").expect("columns");
        assert_eq!(columns, Columns { day: vec!["d".to_owned()], ..Columns::usual() });
    }

    proptest! {
        #[test]
        fn an_amount_written_out_is_read_back(amount: i64) {
            let text = crate::usage::report::csv::dollars(app::model::Money(amount));
            prop_assert_eq!(pico(&text, false), Some(amount));
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,40}") {
            let _ = (pico(&text, true), date(&text), canonical(&text), Columns::parse(&text));
            let _ = read(text.as_bytes(), &Columns::usual());
        }
    }
}
