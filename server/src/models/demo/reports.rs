//! The answers that take more than one look at the data.

use serde_json::{Value, json};

use super::{
    memory::{Call, Given},
    plan::{Halt, Plan, Target, call},
    render,
    spans::Span,
};

/// Periods × targets in one answer.
const MAX_MEASURES: usize = 6;

/// A section of a report: what a call gave, or why it gave nothing.
fn section(plan: &Plan, heading: (&str, &str), given: &Given, write: impl Fn(&Value) -> String) -> String {
    let body = match given {
        Given::Data(data) => write(data),
        Given::Failed(_) | Given::Unreadable => render::failure(given, plan.language),
    };
    format!("\n\n### {}\n\n{}", plan.language.pick(heading.0, heading.1), body.trim_start())
}

fn with(name: &'static str, arguments: &[(&str, &Value)]) -> Call {
    call(name, arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())))
}

pub(super) fn daily_digest(plan: &Plan) -> Result<String, Halt> {
    let period = &plan.period("yesterday")?;
    let language = plan.language;
    let given = plan.memory.all(vec![
        with("energy_and_cost", &[("period", period), ("group_by", &json!("shift"))]),
        with("compare_periods", &[("period", period)]),
        with("rank_devices", &[("period", period), ("limit", &json!(5))]),
        with("peaks", &[("period", period), ("limit", &json!(3))]),
        with("data_freshness", &[("limit", &json!(20))]),
    ])?;
    let title = language.pick("## Daily digest", "## Ringkasan harian");
    let [energy, change, ranking, peaks, freshness] = given[..] else { return Err(unreadable(plan)) };
    Ok([
        title.to_owned(),
        section(plan, ("Energy and cost", "Energi dan biaya"), energy, |data| render::energy(data, false, language)),
        section(plan, ("Against the day before", "Dibanding hari sebelumnya"), change, |data| {
            render::comparison(data, language)
        }),
        section(plan, ("Biggest consumers", "Pemakai terbesar"), ranking, |data| render::ranking(data, language)),
        section(plan, ("Peaks", "Beban puncak"), peaks, |data| render::peaks(data, language)),
        section(plan, ("Data", "Data"), freshness, |data| render::freshness(data, language)),
    ]
    .concat())
}

pub(super) fn weekly_summary(plan: &Plan) -> Result<String, Halt> {
    let period = &plan.period("last_week")?;
    let language = plan.language;
    let given = plan.memory.all(vec![
        with("energy_and_cost", &[("period", period), ("group_by", &json!("day"))]),
        with("compare_periods", &[("period", period)]),
        with("rank_devices", &[("period", period), ("limit", &json!(5))]),
        with("compare_groups", &[("period", period)]),
        with("peaks", &[("period", period), ("limit", &json!(5))]),
    ])?;
    let title = language.pick("## Weekly summary", "## Ringkasan mingguan");
    let [energy, change, ranking, groups, peaks] = given[..] else { return Err(unreadable(plan)) };
    Ok([
        title.to_owned(),
        section(plan, ("Energy and cost", "Energi dan biaya"), energy, |data| render::energy(data, false, language)),
        section(plan, ("Against the period before", "Dibanding periode sebelumnya"), change, |data| {
            render::comparison(data, language)
        }),
        section(plan, ("Biggest consumers", "Pemakai terbesar"), ranking, |data| render::ranking(data, language)),
        section(plan, ("Departments", "Departemen"), groups, |data| render::compared_groups(data, language)),
        section(plan, ("Peaks", "Beban puncak"), peaks, |data| render::peaks(data, language)),
    ]
    .concat())
}

pub(super) fn peak_report(plan: &Plan) -> Result<String, Halt> {
    let period = &plan.period("last_7_days")?;
    let language = plan.language;
    let given = plan.memory.all(vec![
        with("peaks", &[("period", period), ("limit", &json!(10))]),
        with("energy_and_cost", &[("period", period), ("group_by", &json!("rate"))]),
    ])?;
    let [peaks, rates] = given[..] else { return Err(unreadable(plan)) };
    let title = language.pick("## Peak report", "## Laporan beban puncak");
    Ok([
        title.to_owned(),
        section(plan, ("Highest quarter hours", "Seperempat jam tertinggi"), peaks, |data| {
            render::peaks(data, language)
        }),
        section(plan, ("Peak and off-peak tariff", "Tarif WBP dan LWBP"), rates, |data| {
            render::energy(data, true, language)
        }),
    ]
    .concat())
}

pub(super) fn dept_breakdown(plan: &Plan) -> Result<String, Halt> {
    let period = &plan.period("last_7_days")?;
    let language = plan.language;
    let given = plan.memory.all(vec![
        with("compare_groups", &[("period", period)]),
        with("list_groups", &[("kind", &json!("department"))]),
    ])?;
    let [groups, members] = given[..] else { return Err(unreadable(plan)) };
    let title = language.pick("## Department breakdown", "## Rincian per departemen");
    Ok([
        title.to_owned(),
        section(plan, ("Energy and cost", "Energi dan biaya"), groups, |data| render::compared_groups(data, language)),
        section(plan, ("Who belongs where", "Anggota"), members, |data| render::groups(data, language)),
    ]
    .concat())
}

fn unreadable(plan: &Plan) -> Halt {
    Halt::Say(render::failure(&Given::Unreadable, plan.language))
}

pub(super) fn devices(plan: &Plan) -> Result<String, Halt> {
    let subject = plan.question().subjects.first().map(|subject| json!(subject));
    let mut arguments: Vec<(&str, Value)> = subject.into_iter().map(|subject| ("query", subject)).collect();
    arguments.push(("limit", json!(50)));
    plan.render("find_devices", &arguments, render::devices)
}

pub(super) fn overview(plan: &Plan) -> Result<String, Halt> {
    let (targets, remark) = plan.targets()?;
    let calls: Vec<Call> = targets
        .iter()
        .filter_map(|target| target.device())
        .take(3)
        .map(|device| with("device_overview", &[("device", device)]))
        .collect();
    if calls.is_empty() {
        return daily_digest(plan);
    }
    let mut text = remark;
    for given in plan.memory.all(calls)? {
        text.push_str(&match given {
            Given::Data(data) => render::overview(data, plan.language),
            failed => render::failure(failed, plan.language),
        });
        text.push_str("\n\n");
    }
    Ok(text.trim().to_owned())
}

pub(super) fn quantities(plan: &Plan) -> Result<String, Halt> {
    let (targets, remark) = plan.targets()?;
    let device = targets.first().and_then(Target::device).map(|device| ("device", device.clone()));
    let text = plan.render("list_quantities", &device.into_iter().collect::<Vec<_>>(), render::quantities)?;
    Ok(remark + &text)
}

pub(super) fn freshness(plan: &Plan) -> Result<String, Halt> {
    let (targets, remark) = plan.targets()?;
    let arguments: Vec<(&str, Value)> = match targets.first() {
        Some(target) => target.arguments.clone(),
        None => Vec::new(),
    };
    Ok(remark + &plan.render("data_freshness", &arguments, render::freshness)?)
}

pub(super) fn series(plan: &Plan, quantity: &'static str) -> Result<String, Halt> {
    let (targets, remark) = plan.targets()?;
    let device = match targets.first().and_then(Target::device) {
        Some(device) => device.clone(),
        None => main_meter(plan)?,
    };
    let period = plan.period("yesterday")?;
    let bucket = if plan.natural_split("yesterday") == "shift" { "hour" } else { "auto" };
    let arguments = [("device", device), ("quantity", json!(quantity)), ("period", period), ("bucket", json!(bucket))];
    Ok(remark + &plan.render("query_timeseries", &arguments, render::series)?)
}

/// The first meter that has none above it.
fn main_meter(plan: &Plan) -> Result<Value, Halt> {
    let all = plan.data(call("find_devices", []))?;
    let devices = all["devices"].as_array().map_or(&[][..], Vec::as_slice);
    let main = devices.iter().find(|device| device["parent"].is_null());
    main.map(|device| device["code"].clone()).ok_or_else(|| Halt::Say(render::which_device(all, plan.language)))
}

pub(super) fn energy_and_cost(plan: &Plan, of_cost: bool) -> Result<String, Halt> {
    let (targets, remark) = plan.targets()?;
    let periods = plan.periods("last_7_days")?;
    if targets.len() * periods.len() > 1 {
        return Ok(remark + &measured(plan, &targets, &periods)?);
    }
    let [target] = &targets[..] else { return Err(unreadable(plan)) };
    let split = match plan.question().group_by {
        Some(split) => split,
        None if of_cost => "rate",
        None => plan.natural_split("last_7_days"),
    };
    let period = periods.into_iter().next().unwrap_or_default();
    let data = plan.data(target.call("energy_and_cost", &[("period", period), ("group_by", json!(split))]))?;
    Ok(remark + &render::energy(data, of_cost, plan.language))
}

/// Several devices or periods side by side.
fn measured(plan: &Plan, targets: &[Target], periods: &[Value]) -> Result<String, Halt> {
    let calls: Vec<Call> = targets
        .iter()
        .flat_map(|target| periods.iter().map(|period| target.call("energy_and_cost", &[("period", period.clone())])))
        .take(MAX_MEASURES)
        .collect();
    Ok(render::measures(&plan.memory.all(calls)?, plan.language))
}

pub(super) fn compare(plan: &Plan) -> Result<String, Halt> {
    let (targets, remark) = plan.targets()?;
    let spans = &plan.question().spans;
    if targets.len() > 1 && spans.len() < 2 {
        return Ok(remark + &measured(plan, &targets, &plan.periods("last_7_days")?)?);
    }
    let periods = plan.periods("this_week")?;
    let (period, baseline) = match (&spans[..], &periods[..]) {
        // The tool compares like with like while the period is running; a baseline would not.
        ([Span::Keyword(first), Span::Keyword(second), ..], _) if follow(second, first) => (json!(first), None),
        ([Span::Keyword(first), Span::Keyword(second), ..], _) if follow(first, second) => (json!(second), None),
        (_, [period, baseline, ..]) => (period.clone(), Some(baseline.clone())),
        (_, [period]) => (period.clone(), None),
        (_, []) => return Err(unreadable(plan)),
    };
    let mut arguments = vec![("period", period)];
    arguments.extend(baseline.map(|baseline| ("baseline", baseline)));
    let calls = targets.iter().take(4).map(|target| target.call("compare_periods", &arguments)).collect();
    let mut text = remark;
    for given in plan.memory.all(calls)? {
        text.push_str(&render::comparison(plan.read(given)?, plan.language));
        text.push_str("\n\n");
    }
    Ok(text.trim_end().to_owned())
}

/// Whether the second period is the one right after the first.
fn follow(first: &str, second: &str) -> bool {
    matches!((first, second), ("last_week", "this_week") | ("last_month", "this_month") | ("yesterday", "today"))
}

pub(super) fn rank(plan: &Plan, by: &'static str, order: &'static str) -> Result<String, Halt> {
    let (targets, remark) = plan.targets()?;
    let period = plan.period("last_7_days")?;
    if targets.len() > 1 {
        return Ok(remark + &measured(plan, &targets, &[period])?);
    }
    let mut arguments = vec![("period", period), ("by", json!(by)), ("order", json!(order))];
    arguments.push(("limit", json!(plan.question().limit.unwrap_or(10))));
    arguments.extend(targets.first().and_then(Target::tag).map(|tag| ("tag", tag.clone())));
    Ok(remark + &plan.render("rank_devices", &arguments, render::ranking)?)
}

pub(super) fn compare_groups(plan: &Plan) -> Result<String, Halt> {
    let period = plan.period("last_7_days")?;
    plan.render("compare_groups", &[("period", period)], render::compared_groups)
}

pub(super) fn peaks(plan: &Plan) -> Result<String, Halt> {
    let (targets, remark) = plan.targets()?;
    let period = plan.period("last_7_days")?;
    let limit = json!(plan.question().limit.unwrap_or(5).min(20));
    let calls = targets
        .iter()
        .take(3)
        .map(|target| target.call("peaks", &[("period", period.clone()), ("limit", limit.clone())]));
    let mut text = remark;
    for given in plan.memory.all(calls.collect())? {
        text.push_str(&render::peaks(plan.read(given)?, plan.language));
        text.push_str("\n\n");
    }
    Ok(text.trim_end().to_owned())
}
