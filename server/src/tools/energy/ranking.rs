//! `rank_devices` and `compare_groups`.

use app::words::{energy as say, errors::sentence};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    amount::{self, Amount, percent_cell},
    ask::{Ask, arguments, row_limit},
    chart,
    site::{ScopeArguments, plain},
    table::{count, figures, table, word, words},
};
use crate::{
    db::energy::device::Device,
    tools::{ToolError, ToolResult},
};

/// The most groups listed.
const MAX_GROUPS: usize = 50;

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    #[default]
    Energy,
    Cost,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    Highest,
    Lowest,
}

#[derive(Deserialize)]
struct RankArguments {
    period: Value,
    #[serde(default)]
    by: By,
    #[serde(default)]
    order: Order,
    tag: Option<String>,
    limit: Option<u16>,
}

pub async fn rank_devices(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: RankArguments = arguments(given)?;
    let period = ask.period(&given.period)?;
    let mut devices: Vec<Device> = ask.site.leaves().into_iter().cloned().collect();
    let lang = ask.style.lang;
    let mut what = say::among_all(lang).to_owned();
    if let Some(tag) = &given.tag {
        let (name, members) = ask.site.tag(tag)?;
        devices.retain(|device| members.iter().any(|member| member.id == device.id));
        what = name;
    }
    let mut ranked: Vec<(Device, Amount)> = Vec::with_capacity(devices.len());
    let (mut total, mut has_data) = (Amount::default(), false);
    for device in devices {
        let cells = amount::device_cells(ask.scope, &mut ask.tx, device.id, &period).await?;
        has_data |= !cells.is_empty();
        let sum = amount::total(&cells);
        total += sum;
        ranked.push((device, sum));
    }
    let measure = |amount: &Amount| if given.by == By::Energy { amount.used } else { amount.cost };
    ranked.sort_by(|(a, x), (b, y)| measure(y).cmp(&measure(x)).then_with(|| a.code.cmp(&b.code)));
    if given.order == Order::Lowest {
        ranked.reverse();
    }
    let limit = row_limit(given.limit, 10);
    let omitted = ranked.len().saturating_sub(limit);
    ranked.truncate(limit);

    let note = amount::note(&period, &total, has_data, &ask.calendar, lang);
    let style = &ask.style;
    let (is_energy, is_highest) = (given.by == By::Energy, given.order == Order::Highest);
    let (by, order) = (say::measure(lang, is_energy), say::order(lang, is_highest));
    let rows: Vec<Value> = ranked
        .iter()
        .zip(1..)
        .map(|((device, sum), rank)| {
            let mut fields = sum.fields(style);
            fields.insert("rank".to_owned(), json!(rank));
            fields.insert("device".to_owned(), json!({ "id": device.id, "code": device.code, "name": device.name }));
            fields.insert("share_percent".to_owned(), json!(sum.share_of(&total)));
            Value::Object(fields)
        })
        .collect();
    let structured = json!({
        "period": period.json(lang), "currency": style.currency, "by": if is_energy { "energy" } else { "cost" },
        "order": if is_highest { "highest" } else { "lowest" }, "rows": rows,
        "total": total.json(style), "omitted": omitted, "note": note,
    });
    let first: Vec<String> =
        ranked.iter().take(3).map(|(device, sum)| format!("{} ({})", device.name, sum.words(style))).collect();
    let mut text = sentence(&say::ranked(lang, &order, &by, &what, period.label(lang), first.join("; ")));
    if let Some(note) = &note {
        text.push_str(&format!(" {note}"));
    }
    let columns = vec![
        figures(say::rank(lang), ""),
        words(say::device(lang)),
        figures(say::energy(lang), "kWh"),
        figures(say::cost(lang), &style.currency),
        figures(say::share(lang), "%"),
    ];
    let shown = ranked
        .iter()
        .zip(1..)
        .map(|((device, sum), rank)| {
            let [energy, cost] = sum.cells(style);
            vec![count(rank), word(&device.name), energy, cost, percent_cell(sum.share_of(&total), lang)]
        })
        .collect();
    let mut shown = table(say::devices_by(lang, &by, period.label(lang)), columns, shown);
    shown.omitted = u32::try_from(omitted).unwrap_or(u32::MAX);
    let bars: Vec<(String, Option<i64>)> =
        ranked.iter().map(|(device, sum)| (device.name.clone(), Some(measure(sum)))).collect();
    let unit = if is_energy { "kWh" } else { &style.currency };
    let charts = ranked.first().map(|(first, _)| {
        let title = say::devices_by(lang, &by, period.label(lang));
        let best = say::ranked_first(lang, &first.name, &order, &by, &what);
        let sentence = format!("{best} {}", chart::range(&bars, unit, style));
        chart::bars(title, sentence, unit, if is_energy { say::energy(lang) } else { say::cost(lang) }, &bars)
    });
    Ok(ToolResult { text, structured, tables: vec![shown], charts: charts.into_iter().collect() })
}

#[derive(Deserialize)]
struct GroupArguments {
    period: Value,
    kind: Option<String>,
}

pub async fn compare_groups(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: GroupArguments = arguments(given)?;
    let period = ask.period(&given.period)?;
    let lang = ask.style.lang;
    let wanted = given.kind.unwrap_or_else(|| "department".to_owned());
    let mut names: Vec<String> = Vec::new();
    for tag in ask.site.tags.iter().filter(|tag| plain(&tag.kind) == plain(&wanted)) {
        if names.last() != Some(&tag.name) {
            names.push(tag.name.clone());
        }
    }
    if names.is_empty() {
        let mut kinds: Vec<&str> = ask.site.tags.iter().map(|tag| tag.kind.as_str()).collect();
        kinds.dedup();
        let there_are = if kinds.is_empty() {
            "no tags are set up here".to_owned()
        } else {
            format!("there are {}", kinds.join(", "))
        };
        return Err(ToolError::Refused(format!("There are no tags of this kind; {there_are}.")));
    }
    let mut groups: Vec<(String, i64, Amount)> = Vec::with_capacity(names.len());
    let (mut total, mut has_data) = (Amount::default(), false);
    for name in names {
        let target = ask.site.target(&ScopeArguments { tag: Some(name.clone()), ..ScopeArguments::default() })?;
        let devices = i64::try_from(ask.site.tag(&name)?.1.len()).unwrap_or(i64::MAX);
        let cells = amount::cells(ask.scope, &mut ask.tx, &target, &period).await?;
        has_data |= !cells.is_empty();
        let sum = amount::total(cells.iter().map(|(_, cell)| cell));
        total += sum;
        groups.push((name, devices, sum));
    }
    groups.sort_by(|(a, _, x), (b, _, y)| y.used.cmp(&x.used).then_with(|| a.cmp(b)));
    let omitted = groups.len().saturating_sub(MAX_GROUPS);
    groups.truncate(MAX_GROUPS);

    let note = amount::note(&period, &total, has_data, &ask.calendar, lang);
    let style = &ask.style;
    let rows: Vec<Value> = groups
        .iter()
        .map(|(name, devices, sum)| {
            let mut fields = sum.fields(style);
            fields.insert("group".to_owned(), json!(name));
            fields.insert("devices".to_owned(), json!(devices));
            fields.insert("share_percent".to_owned(), json!(sum.share_of(&total)));
            Value::Object(fields)
        })
        .collect();
    let structured = json!({
        "kind": wanted, "period": period.json(lang), "currency": style.currency, "rows": rows, "total": total.json(style),
        "omitted": omitted, "note": note,
    });
    let parts: Vec<String> =
        groups.iter().take(5).map(|(name, _, sum)| format!("{name} {}", sum.words(style))).collect();
    let mut text = say::grouped(lang, &wanted, period.label(lang), parts.join("; "));
    if let Some(note) = &note {
        text.push_str(&format!(" {note}"));
    }
    let columns = vec![
        words(say::group(lang)),
        figures(say::devices(lang), ""),
        figures(say::energy(lang), "kWh"),
        figures(say::cost(lang), &style.currency),
        figures(say::share(lang), "%"),
    ];
    let shown = groups
        .iter()
        .map(|(name, devices, sum)| {
            let [energy, cost] = sum.cells(style);
            vec![word(name), count(*devices), energy, cost, percent_cell(sum.share_of(&total), lang)]
        })
        .collect();
    let caption = say::energy_and_cost_by(lang, &wanted, period.label(lang));
    let parts: Vec<(String, Option<i64>)> =
        groups.iter().map(|(name, _, sum)| (name.clone(), Some(sum.used))).collect();
    let title = say::energy_by(lang, &wanted, period.label(lang));
    let charts = vec![chart::parts(title, say::whole_site(lang), &parts, style)];
    Ok(ToolResult { text, structured, tables: vec![table(caption, columns, shown)], charts })
}
