//! `rank_devices` and `compare_groups`.

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
    let mut what = "all devices".to_owned();
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

    let note = amount::note(&period, &total, has_data, &ask.calendar);
    let currency = ask.currency.as_str();
    let (by, order) = (
        if given.by == By::Energy { "energy" } else { "cost" },
        if given.order == Order::Highest { "highest" } else { "lowest" },
    );
    let rows: Vec<Value> = ranked
        .iter()
        .zip(1..)
        .map(|((device, sum), rank)| {
            let mut fields = sum.fields(currency);
            fields.insert("rank".to_owned(), json!(rank));
            fields.insert("device".to_owned(), json!({ "id": device.id, "code": device.code, "name": device.name }));
            fields.insert("share_percent".to_owned(), json!(sum.share_of(&total)));
            Value::Object(fields)
        })
        .collect();
    let structured = json!({
        "period": period.json(), "currency": currency, "by": by, "order": order, "rows": rows,
        "total": total.json(currency), "omitted": omitted, "note": note,
    });
    let first: Vec<String> =
        ranked.iter().take(3).map(|(device, sum)| format!("{} ({})", device.name, sum.words(currency))).collect();
    let mut text = format!("{order} {by} among {what}, {}: {}.", period.label(), first.join("; "));
    if let Some(note) = &note {
        text.push_str(&format!(" {note}"));
    }
    let columns = vec![
        figures("Rank", ""),
        words("Device"),
        figures("Energy", "kWh"),
        figures("Cost", currency),
        figures("Share", "%"),
    ];
    let shown = ranked
        .iter()
        .zip(1..)
        .map(|((device, sum), rank)| {
            let [energy, cost] = sum.cells(currency);
            vec![count(rank), word(&device.name), energy, cost, percent_cell(sum.share_of(&total))]
        })
        .collect();
    let mut shown = table(format!("Devices by {by}, {}", period.label()), columns, shown);
    shown.omitted = u32::try_from(omitted).unwrap_or(u32::MAX);
    let bars: Vec<(String, Option<i64>)> =
        ranked.iter().map(|(device, sum)| (device.name.clone(), Some(measure(sum)))).collect();
    let unit = if given.by == By::Energy { "kWh" } else { currency };
    let charts = ranked.first().map(|(first, _)| {
        let title = format!("Devices by {by}, {}", period.label());
        let sentence = format!("{} has the {order} {by} among {what}. {}", first.name, chart::range(&bars, unit));
        chart::bars(title, sentence, unit, if given.by == By::Energy { "Energy" } else { "Cost" }, &bars)
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

    let note = amount::note(&period, &total, has_data, &ask.calendar);
    let currency = ask.currency.as_str();
    let rows: Vec<Value> = groups
        .iter()
        .map(|(name, devices, sum)| {
            let mut fields = sum.fields(currency);
            fields.insert("group".to_owned(), json!(name));
            fields.insert("devices".to_owned(), json!(devices));
            fields.insert("share_percent".to_owned(), json!(sum.share_of(&total)));
            Value::Object(fields)
        })
        .collect();
    let structured = json!({
        "kind": wanted, "period": period.json(), "currency": currency, "rows": rows, "total": total.json(currency),
        "omitted": omitted, "note": note,
    });
    let parts: Vec<String> =
        groups.iter().take(5).map(|(name, _, sum)| format!("{name} {}", sum.words(currency))).collect();
    let mut text = format!("By {wanted}, {}: {}.", period.label(), parts.join("; "));
    if let Some(note) = &note {
        text.push_str(&format!(" {note}"));
    }
    let columns = vec![
        words("Group"),
        figures("Devices", ""),
        figures("Energy", "kWh"),
        figures("Cost", currency),
        figures("Share", "%"),
    ];
    let shown = groups
        .iter()
        .map(|(name, devices, sum)| {
            let [energy, cost] = sum.cells(currency);
            vec![word(name), count(*devices), energy, cost, percent_cell(sum.share_of(&total))]
        })
        .collect();
    let caption = format!("Energy and cost by {wanted}, {}", period.label());
    let parts: Vec<(String, Option<i64>)> =
        groups.iter().map(|(name, _, sum)| (name.clone(), Some(sum.used))).collect();
    let title = format!("Energy by {wanted}, {}", period.label());
    let charts = vec![chart::parts(title, "The site", "kWh", "Energy", &parts)];
    Ok(ToolResult { text, structured, tables: vec![table(caption, columns, shown)], charts })
}
