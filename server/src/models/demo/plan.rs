//! What to do next: call tools, or answer from what they gave.
//!
//! [`next`] is asked again after every round of results. The answer is written as if all results were there; the first
//! missing one stops it ([`Halt::Need`]) and becomes the next round, so a plan is never kept between calls.

use app::model::Date;
use serde_json::{Value, json};

use super::{
    files,
    intent::Intent,
    memory::{Call, Given, Memory, Need},
    naming, notes,
    question::Question,
    render, reports,
    spans::{Span, date_in},
    words::Language,
};
use crate::models::ModelRequest;

/// What the model does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// Says `text` and calls these.
    Call {
        text: String,
        calls: Vec<Call>,
    },
    Say(String),
}

/// Why an answer cannot be written (further).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Halt {
    Need(Vec<Call>),
    /// There is nothing better to say than this.
    Say(String),
}

impl From<Need> for Halt {
    fn from(Need(calls): Need) -> Self {
        Self::Need(calls)
    }
}

/// More rounds than any plan has: something is wrong.
const MAX_ROUNDS: usize = 6;
/// Parallel calls in one round.
const MAX_CALLS: usize = 8;

/// What an answer is written from.
pub(super) struct Plan {
    pub memory: Memory,
    pub language: Language,
    /// The local day, when the system prompt tells it.
    today: Option<Date>,
}

/// What to measure: the scope's arguments and its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub name: String,
    pub arguments: Vec<(&'static str, Value)>,
}

impl Target {
    fn site(language: Language) -> Self {
        Self { name: language.pick("the whole site", "seluruh lokasi").to_owned(), arguments: Vec::new() }
    }

    /// The device's code, when it is one.
    pub(super) fn device(&self) -> Option<&Value> {
        self.arguments.iter().find(|(name, _)| *name == "device").map(|(_, code)| code)
    }

    pub(super) fn tag(&self) -> Option<&Value> {
        self.arguments.iter().find(|(name, _)| *name == "tag").map(|(_, tag)| tag)
    }

    /// A call about this target.
    pub(super) fn call(&self, name: &'static str, more: &[(&str, Value)]) -> Call {
        let scope = self.arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        call(name, scope.chain(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone()))))
    }
}

/// A call with these arguments.
pub(super) fn call(name: &'static str, arguments: impl IntoIterator<Item = (String, Value)>) -> Call {
    Call { name, input: Value::Object(arguments.into_iter().collect()) }
}

/// What comes next in this conversation.
pub(super) fn next(request: &ModelRequest) -> Next {
    let memory = Memory::of(request);
    let language = memory.question.language.unwrap_or(Language::English);
    if memory.rounds >= MAX_ROUNDS {
        return Next::Say(render::gave_up(language));
    }
    let plan = Plan { today: date_in(&request.system), memory, language };
    let files = files::described(request, language);
    let calls = match plan.answer() {
        // Files and nothing it understands beside them: then the files are the question.
        Ok(_) if plan.question().intent.is_none() && files.is_some() => return Next::Say(files.unwrap_or_default()),
        Ok(text) | Err(Halt::Say(text)) => {
            return Next::Say(files.map(|files| files + "\n\n").unwrap_or_default() + &text);
        }
        Err(Halt::Need(calls)) => calls,
    };
    let is_offered = |call: &Call| request.tools.iter().any(|tool| tool.name == call.name);
    if !calls.iter().all(is_offered) {
        return Next::Say(render::no_tools(language));
    }
    let text = if plan.memory.rounds == 0 { render::opening(&plan.memory.question, language) } else { String::new() };
    let text = files.map(|files| files + "\n\n").unwrap_or_default() + &text;
    Next::Call { text, calls: calls.into_iter().take(MAX_CALLS).collect() }
}

impl Plan {
    pub(super) fn question(&self) -> &Question {
        &self.memory.question
    }

    fn answer(&self) -> Result<String, Halt> {
        let language = self.language;
        let Some(intent) = self.question().intent else { return Ok(render::off_topic(language)) };
        match intent {
            Intent::Greeting => Ok(render::greeting(language)),
            Intent::Help => Ok(render::help(language)),
            Intent::Thanks => Ok(render::thanks(language)),
            Intent::DailyDigest => reports::daily_digest(self),
            Intent::WeeklySummary => reports::weekly_summary(self),
            Intent::PeakReport => reports::peak_report(self),
            Intent::DeptBreakdown => reports::dept_breakdown(self),
            Intent::Devices => reports::devices(self),
            Intent::Overview => reports::overview(self),
            Intent::Quantities => reports::quantities(self),
            Intent::Freshness => reports::freshness(self),
            Intent::Series(key) => reports::series(self, key),
            Intent::Energy | Intent::Cost => reports::energy_and_cost(self, intent == Intent::Cost),
            Intent::Compare => reports::compare(self),
            Intent::Rank { by, order } => reports::rank(self, by, order),
            Intent::Groups => self.render("list_groups", &[], render::groups),
            Intent::CompareGroups => reports::compare_groups(self),
            Intent::Peaks => reports::peaks(self),
            Intent::Date => self.date_info(render::date),
            Intent::Tariff => self.date_info(render::tariff),
            Intent::Shifts => self.date_info(render::shifts),
            Intent::Note => notes::answer(self),
        }
    }

    fn date_info(&self, write: fn(&Value, Language) -> String) -> Result<String, Halt> {
        let day = self.periods("today")?.into_iter().find_map(|period| period.get("from").cloned());
        let arguments: Vec<(&str, Value)> = day.into_iter().map(|day| ("date", day)).collect();
        self.render("date_info", &arguments, write)
    }

    /// One call, written by `write`.
    pub(super) fn render(
        &self,
        name: &'static str,
        arguments: &[(&str, Value)],
        write: fn(&Value, Language) -> String,
    ) -> Result<String, Halt> {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let data = self.data(call(name, arguments))?;
        Ok(write(data, self.language))
    }

    /// The data of a call; its failure ends the answer honestly.
    pub(super) fn data(&self, call: Call) -> Result<&Value, Halt> {
        self.read(self.memory.get(call)?)
    }

    pub(super) fn read<'a>(&self, given: &'a Given) -> Result<&'a Value, Halt> {
        match given {
            Given::Data(data) => Ok(data),
            Given::Failed(_) | Given::Unreadable => Err(Halt::Say(render::failure(given, self.language))),
        }
    }

    /// The local day: from the system prompt, else asked.
    fn today(&self) -> Result<Date, Halt> {
        if let Some(today) = self.today {
            return Ok(today);
        }
        let info = self.data(call("date_info", []))?;
        let date = info["date"].as_str().and_then(|date| date.parse().ok());
        date.ok_or_else(|| Halt::Say(render::failure(&Given::Unreadable, self.language)))
    }

    /// The periods asked about, as arguments; `default` when none is.
    pub(super) fn periods(&self, default: &'static str) -> Result<Vec<Value>, Halt> {
        let spans = &self.question().spans;
        if spans.is_empty() {
            return Ok(vec![json!(default)]);
        }
        let anchor = if spans.iter().any(|span| span.needs_today()) {
            self.today()?
        } else {
            // No span uses it.
            self.today.unwrap_or(Date { year: 2200, month: 12, day: 31 })
        };
        let future = || Halt::Say(render::future(self.language));
        spans.iter().map(|span| span.argument(anchor).ok_or_else(future)).collect()
    }

    /// The first of them.
    pub(super) fn period(&self, default: &'static str) -> Result<Value, Halt> {
        self.periods(default)?.into_iter().next().ok_or_else(|| Halt::Say(render::future(self.language)))
    }

    /// How to split a total over the first period, when the question does not say.
    pub(super) fn natural_split(&self, default: &'static str) -> &'static str {
        match self.question().spans.first() {
            Some(Span::Keyword("today" | "yesterday") | Span::DaysAgo(_) | Span::Weekday(_)) => "shift",
            Some(Span::Days(from, to)) if from == to => "shift",
            Some(span) if span.is_long() => "month",
            Some(_) => "day",
            None if matches!(default, "today" | "yesterday") => "shift",
            None => "day",
        }
    }

    /// What the question is about, looked up: devices first, departments when they are named as such. The text is a
    /// remark about what was not found.
    pub(super) fn targets(&self) -> Result<(Vec<Target>, String), Halt> {
        let question = self.question();
        if question.subjects.is_empty() {
            return Ok((vec![Target::site(self.language)], String::new()));
        }
        if question.of_department {
            let groups = self.data(call("list_groups", []))?;
            let tags: Option<Vec<Target>> =
                question.subjects.iter().map(|phrase| naming::tag(phrase, groups)).collect();
            if let Some(targets) = tags {
                return Ok((targets, String::new()));
            }
        }
        let queries = question.subjects.iter().map(|phrase| find_devices(phrase)).collect();
        let found = self.memory.all(queries)?;
        let mut targets: Vec<Target> = Vec::new();
        let mut unknown = Vec::new();
        for (phrase, given) in question.subjects.iter().zip(found) {
            let devices = self.read(given)?["devices"].as_array().map_or(&[][..], Vec::as_slice);
            let mut chosen = naming::choose(phrase, devices);
            if chosen.is_empty() {
                chosen.extend(naming::group(phrase, self.data(call("list_groups", []))?));
            }
            if chosen.is_empty() {
                unknown.push(phrase.clone());
            }
            for target in chosen {
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
        if targets.is_empty() && unknown.iter().any(|phrase| naming::is_specific(phrase)) {
            let all = self.data(call("find_devices", []))?;
            return Err(Halt::Say(render::unknown_device(&unknown, all, self.language)));
        }
        let remark = if unknown.is_empty() { String::new() } else { render::not_found(&unknown, self.language) };
        if targets.is_empty() {
            targets.push(Target::site(self.language));
        }
        Ok((targets, remark))
    }
}

fn find_devices(phrase: &str) -> Call {
    let query: String = phrase.chars().take(80).collect();
    call("find_devices", [("query".to_owned(), json!(query)), ("limit".to_owned(), json!(10))])
}
