//! How each type of the model is read and written; the shapes are those that `serde` gives the same types.

use std::borrow::Cow;

use super::{Json, Object, Read, Write, single};
use crate::{
    error::AppError,
    model::{
        Again, AttachmentId, AttachmentKind, AttachmentView, Audience, BudgetLimits, BudgetNotice, BudgetRefusal, Cell,
        Chart, ChartKind, CodeSpans, Column, ConversationId, ConversationSummary, ConversationView, Cursor, Date,
        Decision, Feedback, FieldKind, Folder, FormField, ImportReport, Lang, MathMl, Me, MessageAuthor, MessageId,
        MessageStatus, MessageText, MessageView, ModelBadge, Money, Page, Part, PersonEvent, Prompt, Quality, Question,
        Rich, RichContent, RichKey, RichSource, Risk, Role, SearchHit, Series, SessionId, SessionView, SetupStep,
        ShareId, ShareView, Siblings, SnippetPiece, Table, TenantChoice, TenantCode, TenantHome, TenantView, Theme,
        Timestamp, Title, Tokens, ToolCallStatus, ToolCallView, ToolOutput, ToolUse, TurnEnvelope, TurnError,
        TurnErrorCode, TurnEvent, TurnId, TurnKey, TurnStarted, TurnUsage, UsageBreakdown, UsageBy, UsageByDay,
        UsageMeter, UsageReport, UsageRow, UserId, Wish,
    },
};

/// Structs: an object with a member per field; behind `;` those that older writers left out.
macro_rules! fields {
    ($($name:ident { $($field:ident),* $(; $($late:ident),*)? })*) => {
        $(impl Read for $name {
            fn read(json: Json<'_>) -> Option<Self> {
                let mut map = json.map()?;
                Some(Self {
                    $($field: map.take(stringify!($field))?,)*
                    $($($late: map.take_or_default(stringify!($late))?,)*)?
                })
            }
        })*
    };
}

/// Enums whose variants hold nothing: their names.
macro_rules! names {
    ($($name:ident { $($text:literal $variant:ident),* })*) => {
        $(
            impl Read for $name {
                fn read(json: Json<'_>) -> Option<Self> {
                    match &*json.text()? {
                        $($text => Some(Self::$variant),)*
                        _ => None,
                    }
                }
            }
            impl Write for $name {
                fn write(&self, out: &mut String) {
                    let text = match self {
                        $(Self::$variant => $text,)*
                    };
                    text.write(out);
                }
            }
        )*
    };
}

/// Enums whose variants hold something. `$split` tells the variant's name and what it holds.
macro_rules! variants {
    ($($split:expr => $name:ident { $($text:literal $variant:ident $shape:tt),* })*) => {
        $(impl Read for $name {
            fn read(json: Json<'_>) -> Option<Self> {
                let (name, held) = $split(json)?;
                match &*name {
                    $($text => variants!(@ held, $variant $shape),)*
                    _ => None,
                }
            }
        })*
    };
    (@ $held:ident, $variant:ident ()) => {{
        drop($held);
        Some(Self::$variant)
    }};
    (@ $held:ident, $variant:ident (_)) => { Read::read($held).map(Self::$variant) };
    (@ $held:ident, $variant:ident { $($field:ident),* }) => {{
        let mut map = $held.map()?;
        Some(Self::$variant { $($field: map.take(stringify!($field))?),* })
    }};
}

/// The variant's name among its fields (`serde(tag = …)`).
fn among<'a>(json: Json<'a>, tag: &'static str) -> Option<(Cow<'a, str>, Json<'a>)> {
    let mut map = json.map()?;
    let name = map.take_json(tag).text()?;
    Some((name, Json::Map(map)))
}

/// The variant's name beside what it holds (`serde(tag = …, content = …)`).
fn beside<'a>(json: Json<'a>, tag: &'static str, content: &'static str) -> Option<(Cow<'a, str>, Json<'a>)> {
    let mut map = json.map()?;
    let name = map.take_json(tag).text()?;
    Some((name, map.take_json(content)))
}

/// Written as text and checked when read.
macro_rules! texts {
    ($($name:ident),*) => {
        $(impl Read for $name {
            fn read(json: Json<'_>) -> Option<Self> {
                json.text()?.parse().ok()
            }
        })*
    };
}
texts!(SessionId, ConversationId, MessageId, TurnId, TurnKey, UserId, AttachmentId, ShareId, TenantCode, Date);

macro_rules! shown {
    ($($name:ident),*) => {
        $(impl Write for $name {
            fn write(&self, out: &mut String) {
                self.to_string().write(out);
            }
        })*
    };
}
shown!(ConversationId, MessageId, TurnId, TurnKey, UserId, AttachmentId, ShareId, TenantCode, Title);

/// A value in a coat.
macro_rules! transparent {
    ($($name:ident),*) => {
        $(impl Read for $name {
            fn read(json: Json<'_>) -> Option<Self> {
                Read::read(json).map(Self)
            }
        })*
    };
}
transparent!(Timestamp, Money, Cursor, RichKey, CodeSpans, MathMl);

impl Write for Cursor {
    fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}

impl Write for MessageText {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}

impl<T: Read> Read for Page<T> {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut map = json.map()?;
        Some(Self { items: map.take("items")?, next: map.take("next")? })
    }
}

names! {
    Lang { "en" English, "id" Indonesian }
    Theme { "system" System, "light" Light, "dark" Dark }
    Role { "member" Member, "admin" Admin }
    Folder { "inbox" Inbox, "archive" Archive }
    Feedback { "up" Up, "down" Down }
    MessageAuthor { "user" User, "assistant" Assistant }
    UsageBy {
        "tenant" Tenant, "day" Day, "person" Person, "group" Group, "key" Key, "profile" Profile, "model" Model,
        "purpose" Purpose, "format" Format, "tool" Tool
    }
    Quality { "exact" Exact, "estimated" Estimated, "unknown" Unknown }
    Audience { "tenant" Tenant, "public" Public }
    Risk { "read" Read, "write" Write, "destructive" Destructive }
    TurnErrorCode {
        "interrupted" Interrupted, "model_unavailable" ModelUnavailable, "rate_limited" RateLimited,
        "context_too_long" ContextTooLong, "model_refused" ModelRefused, "model_misconfigured" ModelMisconfigured, "over_budget" OverBudget,
        "limit_reached" LimitReached, "cut_off" CutOff, "internal" Internal
    }
}

fields! {
    Me { id, name, email, theme, lang, tenants }
    TenantChoice { code, name, role }
    TenantView {
        code, name, assistant, time_zone, utc_offset_minutes, currency, prompts, contact, commands, welcome, logo,
        brand_css, locale, shows_cost, allows_public_links
    }
    Prompt { name, title, text }
    ModelBadge { id, name, demo, context_tokens, sees_images }
    SetupStep { title, how, done }
    TenantHome { tenant, role, model, models, setup, usage, next_key, today }
    BudgetLimits { input_tokens, output_tokens, requests, cost; tokens }
    Tokens { input, cache_read, cache_write_5m, cache_write_1h, output }
    UsageMeter { percent, used, requests, cost, limits, resets_at, quality; notice }
    BudgetNotice { key, budget, percent, resets_at }
    TurnUsage { tokens, cost, quality, calls, duration_ms; first_token_ms, tool_ms }
    BudgetRefusal { budget, limit, resets_at, contact; is_used_up, left }
    TurnError { code, message, request_id, refusal; retry_at }
    ConversationSummary { id, title, updated_at, running, waiting, pinned, archived }
    ConversationView { id, title, archived, messages, earlier, running }
    MessageView {
        id, parent, author, parts, status, created_at, turn, siblings, usage, model, feedback, edited, rich
    }
    Siblings { index, count, previous, next }
    AttachmentView { id, name, kind, bytes, max_tokens }
    ToolCallView { call_id, name, title, arguments, summary, status, output, duration_ms, ran_as }
    ToolOutput { text, tables, json, bytes; charts }
    Table { caption, columns, rows, omitted }
    Column { label, unit, numeric }
    Cell { text, value }
    Chart { title, description, unit, kind, series }
    Series { name, values }
    Question { wish, expires_at }
    FormField { name, label, description, kind, required }
    Rich { key, content }
    TurnStarted { conversation, turn, user_message, assistant_message }
    TurnEnvelope { turn, seq, event }
    SearchHit { conversation, title, message, author, snippet, at, archived }
    SnippetPiece { text, hit }
    ShareView { id, path, audience, created_at }
    ImportReport { imported, known, problems }
    SessionView { id, current, device, ip, created_at, last_seen_at }
    UsageReport { month, meter, by_day, breakdown }
    UsageByDay { day, tokens, requests, cost, quality }
    UsageBreakdown { by, total, rows, tools, more }
    UsageRow {
        key, name, detail, requests, estimated_calls, unknown_calls, tokens, cost, adjusted, list_cost, saving
    }
    ToolUse { tool, calls, failed_calls, denied_calls, duration_ms, turns, turns_cost }
}

variants! {
    |json| beside(json, "kind", "error") => MessageStatus {
        "complete" Complete (), "running" Running (), "stopped" Stopped (), "failed" Failed (_)
    }
    |json| beside(json, "kind", "reason") => ToolCallStatus {
        "running" Running (), "done" Done (), "waiting" Waiting (_), "denied" Denied (_), "failed" Failed (_)
    }
    |json| among(json, "kind") => Part {
        "text" Text { text }, "tool" Tool { call }, "reasoning" Reasoning { text }, "attachment" Attachment { file }
    }
    |json| among(json, "type") => TurnEvent {
        "snapshot" Snapshot { parts }, "text" Text { text }, "reasoning" Reasoning { text },
        "tool_started" ToolStarted { call }, "tool_finished" ToolFinished { call }, "tool_changed" ToolChanged { call },
        "titled" Titled { title }, "finished" Finished { usage }, "stopped" Stopped { usage }, "failed" Failed { error }
    }
    |json| among(json, "error") => AppError {
        "signed_out" SignedOut (), "not_found" NotFound (), "forbidden" Forbidden (), "invalid" Invalid { field, message },
        "conflict" Conflict { message }, "over_budget" OverBudget (_), "rate_limited" RateLimited { retry_after_s },
        "too_large" TooLarge { max_bytes }, "unavailable" Unavailable { request_id }, "internal" Internal { request_id },
        "offline" Offline ()
    }
    single => AttachmentKind {
        "image" Image { width, height }, "text" Text (), "csv" Csv (), "pdf" Pdf { pages }
    }
    single => ChartKind {
        "Time" Time { at, offset_minutes }, "Bars" Bars { categories, stacked }, "Shares" Shares { categories }
    }
    single => Wish { "approval" Approval { risk, effect }, "form" Form { message, fields } }
    single => FieldKind {
        "text" Text { max_chars }, "number" Number (), "integer" Integer (), "flag" Flag (), "choice" Choice (_)
    }
    single => RichContent { "Code" Code (_), "Math" Math (_) }
    single => PersonEvent {
        "Turn" Turn (_), "Conversation" Conversation (_), "Gone" Gone (_), "Meter" Meter (_), "Resync" Resync ()
    }
}

/// An externally tagged variant: `{"name": value}`.
fn variant(name: &str, value: &dyn Write, out: &mut String) {
    out.push_str(&Object::default().with(name, value).end());
}

/// Members that are written already.
struct Raw(String);

impl Write for Raw {
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Write for Again {
    fn write(&self, out: &mut String) {
        match self {
            Self::Answer(message) => variant("answer", message, out),
            Self::Continue(message) => variant("continue", message, out),
        }
    }
}

impl Write for AttachmentKind {
    fn write(&self, out: &mut String) {
        match self {
            Self::Image { width, height } => {
                let size = Object::default().with("width", width).with("height", height);
                variant("image", &Raw(size.end()), out);
            }
            Self::Text => "text".write(out),
            Self::Csv => "csv".write(out),
            Self::Pdf { pages } => variant("pdf", &Raw(Object::default().with("pages", pages).end()), out),
        }
    }
}

impl Write for AttachmentView {
    fn write(&self, out: &mut String) {
        let view = Object::default().with("id", &self.id).with("name", &self.name).with("kind", &self.kind);
        out.push_str(&view.with("bytes", &self.bytes).with("max_tokens", &self.max_tokens).end());
    }
}

impl Write for Decision {
    fn write(&self, out: &mut String) {
        match self {
            Self::Deny => "deny".write(out),
            Self::AllowOnce => "allow_once".write(out),
            Self::AllowForChat => "allow_for_chat".write(out),
            Self::Answer(fields) => variant("answer", fields, out),
        }
    }
}

impl Write for RichSource {
    fn write(&self, out: &mut String) {
        let (name, fields) = match self {
            Self::Code { language, text } => ("Code", Object::default().with("language", language).with("text", text)),
            Self::Math { tex, display } => ("Math", Object::default().with("tex", tex).with("display", display)),
        };
        variant(name, &Raw(fields.end()), out);
    }
}
