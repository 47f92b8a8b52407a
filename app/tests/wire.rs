//! Server and browser must write and read the same JSON: one with `serde`, the other with `app::wire`.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fmt::Debug, fs, path::Path};

use app::{
    error::AppError,
    model::{
        Again, AttachmentKind, AttachmentView, Audience, BudgetNotice, BudgetRefusal, Cell, Chart, ChartKind,
        CodeSpans, Column, ConversationSummary, ConversationView, Cursor, Decision, Feedback, FieldKind, Folder,
        FormField, ImportReport, Lang, MathMl, MessageAuthor, MessageStatus, MessageView, Money, Page, Part,
        PersonEvent, Quality, Question, Rich, RichContent, RichKey, RichSource, Risk, SearchHit, Series, ShareView,
        Siblings, SnippetPiece, Table, Theme, Timestamp, Tokens, ToolCallStatus, ToolCallView, ToolOutput,
        TurnEnvelope, TurnError, TurnErrorCode, TurnEvent, TurnStarted, TurnUsage, UsageMeter, Wish,
    },
    wire,
};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// What the server writes is read here.
fn reads<T: Serialize + wire::Read + PartialEq + Debug>(value: T) {
    for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
        assert_eq!(wire::read::<T>(&text).as_ref(), Some(&value), "{text}");
    }
}

/// What is written here the server reads.
fn writes<T: DeserializeOwned + wire::Write + PartialEq + Debug>(value: T) {
    let text = wire::write(&value);
    let back: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(back, value);
}

fn id<T: From<Uuid>>(number: u128) -> T {
    T::from(Uuid::from_u128(number))
}

const AT: Timestamp = Timestamp(1_795_226_400_123);

fn usage() -> TurnUsage {
    TurnUsage {
        tokens: Tokens { input: 1, cache_read: 2, cache_write_5m: 3, cache_write_1h: 4, output: i64::MAX },
        cost: Money(-9_007_199_254_740_993),
        quality: Quality::Estimated,
        calls: 2,
        duration_ms: 412,
        first_token_ms: Some(90),
        tool_ms: 7,
    }
}

fn refusal() -> BudgetRefusal {
    BudgetRefusal {
        budget: "PRS".into(),
        limit: "1,000".into(),
        resets_at: Some(AT),
        contact: "ana@prs.example".into(),
        is_used_up: true,
        left: Some(Money(7)),
    }
}

fn call(status: ToolCallStatus) -> ToolCallView {
    let table = Table {
        caption: "Days".into(),
        columns: vec![Column { label: "Day".into(), unit: String::new(), numeric: false }],
        rows: vec![vec![Cell { text: "1,5 “x”\n".into(), value: Some(1.5) }, Cell { text: "–".into(), value: None }]],
        omitted: 3,
    };
    let series = vec![Series { name: "kWh".into(), values: vec![Some(-0.25), None, Some(1e21), Some(312.0)] }];
    let chart =
        |kind| Chart { title: "t".into(), description: "d".into(), unit: "kWh".into(), kind, series: series.clone() };
    let charts = vec![
        chart(ChartKind::Time { at: vec![AT, Timestamp(-1)], offset_minutes: -90 }),
        chart(ChartKind::Bars { categories: vec!["a".into()], stacked: true }),
        chart(ChartKind::Shares { categories: vec![] }),
    ];
    ToolCallView {
        call_id: "c\u{1}".into(),
        name: "peak".into(),
        title: "Peak".into(),
        arguments: "{\n  \"a\": \"\\\\\"\n}".into(),
        summary: "😀 \u{202e}".into(),
        status,
        output: Some(ToolOutput { text: "x".into(), tables: vec![table], charts, json: "{}".into(), bytes: 3 }),
        duration_ms: Some(4),
        ran_as: "PRS · Ana".into(),
    }
}

fn error(code: TurnErrorCode) -> TurnError {
    TurnError {
        code,
        message: "m".into(),
        request_id: "r".into(),
        refusal: Some(refusal()),
        retry_at: Some(Timestamp(7)),
    }
}

fn statuses() -> Vec<ToolCallStatus> {
    let form = Wish::Form {
        message: "When?".into(),
        fields: [
            FieldKind::Text { max_chars: 80 },
            FieldKind::Number,
            FieldKind::Integer,
            FieldKind::Flag,
            FieldKind::Choice(vec!["a".into(), "b".into()]),
        ]
        .into_iter()
        .map(|kind| FormField { name: "n".into(), label: "l".into(), description: "d".into(), kind, required: true })
        .collect(),
    };
    let asks = |wish| ToolCallStatus::Waiting(Question { wish, expires_at: AT });
    let approval = |risk| asks(Wish::Approval { risk, effect: "Adds".into() });
    vec![
        ToolCallStatus::Running,
        ToolCallStatus::Done,
        ToolCallStatus::Denied("no".into()),
        ToolCallStatus::Failed("it".into()),
        approval(Risk::Read),
        approval(Risk::Write),
        approval(Risk::Destructive),
        asks(form),
    ]
}

fn message() -> MessageView {
    let file = |kind| AttachmentView { id: id(7), name: "a.csv".into(), kind, bytes: 1, max_tokens: 2 };
    let kinds = [
        AttachmentKind::Image { width: 1, height: 2 },
        AttachmentKind::Text,
        AttachmentKind::Csv,
        AttachmentKind::Pdf { pages: 3 },
    ];
    let mut parts = vec![Part::Text { text: "a\t\"\\/\u{7f}é".into() }, Part::Reasoning { text: String::new() }];
    parts.extend(kinds.into_iter().map(|kind| Part::Attachment { file: file(kind) }));
    parts.extend(statuses().into_iter().map(|status| Part::Tool { call: call(status) }));
    MessageView {
        id: id(1),
        parent: Some(id(2)),
        author: MessageAuthor::Assistant,
        parts,
        status: MessageStatus::Failed(error(TurnErrorCode::OverBudget)),
        created_at: AT,
        turn: Some(id(3)),
        siblings: Siblings { index: 1, count: 2, previous: None, next: Some(id(4)) },
        usage: Some(usage()),
        model: Some("Demo".into()),
        feedback: Some(Feedback::Down),
        edited: true,
        rich: vec![
            Rich { key: RichKey(u64::MAX), content: RichContent::Math(MathMl("<math/>".into())) },
            Rich { key: RichKey(0), content: RichContent::Code(CodeSpans("3k".into())) },
        ],
    }
}

fn summary() -> ConversationSummary {
    ConversationSummary {
        id: id(9),
        title: "Peak".into(),
        updated_at: AT,
        running: true,
        waiting: false,
        pinned: true,
        archived: false,
    }
}

fn meter() -> UsageMeter {
    UsageMeter {
        percent: Some(41),
        used: usage().tokens,
        requests: 3,
        cost: Money(5),
        limits: app::model::BudgetLimits { input_tokens: Some(0), tokens: Some(9), ..Default::default() },
        resets_at: AT,
        quality: Quality::Unknown,
        notice: Some(BudgetNotice { key: "0190.soft".into(), budget: "PRS".into(), percent: 81, resets_at: Some(AT) }),
    }
}

fn errors() -> Vec<AppError> {
    vec![
        AppError::SignedOut,
        AppError::NotFound,
        AppError::Forbidden,
        AppError::invalid("title", "too long"),
        AppError::Conflict { message: "m".into() },
        AppError::OverBudget(refusal()),
        AppError::RateLimited { retry_after_s: 3 },
        AppError::TooLarge { max_bytes: 7 },
        AppError::Unavailable { request_id: "r".into() },
        AppError::Internal { request_id: "r".into() },
        AppError::Offline,
    ]
}

#[test]
fn what_the_server_writes_is_read() {
    reads(message());
    for status in [MessageStatus::Complete, MessageStatus::Running, MessageStatus::Stopped] {
        reads(MessageView { status, usage: None, parent: None, ..message() });
    }
    reads(ConversationView {
        id: id(1),
        title: "t".into(),
        archived: true,
        messages: vec![message()],
        earlier: Some(Cursor("c".into())),
        running: Some((id(5), u64::MAX)),
    });
    reads(Page { items: vec![summary()], next: None });
    reads(meter());
    reads(TurnStarted { conversation: id(1), turn: id(2), user_message: id(3), assistant_message: id(4) });
    for error in errors() {
        reads(error.clone());
        reads(Err::<Option<ConversationView>, AppError>(error));
    }
    reads(Ok::<Option<MessageView>, AppError>(Some(message())));
    let piece = |text: &str, hit| SnippetPiece { text: text.into(), hit };
    reads(SearchHit {
        conversation: id(1),
        title: vec![piece("a", false), piece("b", true)],
        message: None,
        author: Some(MessageAuthor::User),
        snippet: vec![],
        at: AT,
        archived: true,
    });
    reads(ShareView { id: id(1), path: "/s/x".into(), audience: Audience::Public, created_at: AT });
    reads(ImportReport { imported: 1, known: 2, problems: vec!["x".into()] });
    reads((Theme::Dark, Lang::Indonesian));
}

#[test]
fn every_event_is_read() {
    let mut events: Vec<TurnEvent> = vec![
        TurnEvent::Snapshot { parts: message().parts },
        TurnEvent::Text { text: "\u{0}\u{8}\u{c}\r".into() },
        TurnEvent::Reasoning { text: "hm".into() },
        TurnEvent::Titled { title: "t".into() },
        TurnEvent::Finished { usage: usage() },
        TurnEvent::Stopped { usage: usage() },
    ];
    for status in statuses() {
        events.push(TurnEvent::ToolStarted { call: call(status.clone()) });
        events.push(TurnEvent::ToolChanged { call: call(status.clone()) });
        events.push(TurnEvent::ToolFinished { call: call(status) });
    }
    for code in [
        TurnErrorCode::Interrupted,
        TurnErrorCode::ModelUnavailable,
        TurnErrorCode::RateLimited,
        TurnErrorCode::ContextTooLong,
        TurnErrorCode::ModelRefused,
        TurnErrorCode::OverBudget,
        TurnErrorCode::LimitReached,
        TurnErrorCode::CutOff,
        TurnErrorCode::Internal,
    ] {
        events.push(TurnEvent::Failed { error: error(code) });
    }
    for event in events {
        let envelope = TurnEnvelope { turn: id(1), seq: 4, event };
        reads(envelope.clone());
        reads(PersonEvent::Turn(envelope));
    }
    for event in [
        PersonEvent::Conversation(summary()),
        PersonEvent::Gone(id(3)),
        PersonEvent::Meter(meter()),
        PersonEvent::Resync,
    ] {
        reads(event);
    }
}

#[test]
fn what_the_browser_writes_is_read_by_the_server() {
    writes(Again::Answer(id(1)));
    writes(Again::Continue(id(1)));
    for decision in [
        Decision::Deny,
        Decision::AllowOnce,
        Decision::AllowForChat,
        Decision::Answer(vec![("a\"".into(), "b\n\u{1}".into())]),
    ] {
        writes(decision);
    }
    writes(vec![
        RichSource::Code { language: "sql".into(), text: "select '\\'".into() },
        RichSource::Math { tex: "x".into(), display: true },
    ]);
    let file = |kind| AttachmentView { id: id(7), name: "a \"b\".csv".into(), kind, bytes: i64::MAX, max_tokens: 2 };
    writes(vec![
        file(AttachmentKind::Image { width: 640, height: 480 }),
        file(AttachmentKind::Text),
        file(AttachmentKind::Csv),
        file(AttachmentKind::Pdf { pages: 12 }),
    ]);
    writes(vec![Folder::Inbox, Folder::Archive]);
    writes(vec![Some(Feedback::Up), Some(Feedback::Down), None]);
    writes(vec![Audience::Tenant, Audience::Public]);
    writes(Cursor("x".into()));
}

/// The browser's calls name the endpoint and the arguments of the server functions.
#[test]
fn calls_are_like_their_functions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let mut functions: BTreeMap<String, (String, Vec<String>, bool)> = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for piece in source.split("\n#[server(").skip(1) {
            let (attributes, rest) = piece.split_once(")]").expect("an attribute");
            let endpoint = attributes.split("endpoint = \"").nth(1).and_then(|e| e.split('"').next()).unwrap();
            let name = rest.split("async fn ").nth(1).and_then(|f| f.split('(').next()).unwrap();
            let arguments = rest.split_once('(').and_then(|(_, a)| a.split_once(") ->")).unwrap().0;
            let json = attributes.contains("input = Json");
            functions.insert(name.to_owned(), (endpoint.to_owned(), argument_names(arguments), json));
        }
    }
    let calls = fs::read_to_string(folder.join("calls.rs")).unwrap();
    let calls = calls.split("\ncalls! {").nth(1).and_then(|calls| calls.split("\n}").next()).unwrap();
    let mut seen = 0;
    for call in calls.split(';').map(str::trim).filter(|call| !call.is_empty()) {
        let kind = call.split_whitespace().next().unwrap();
        let endpoint = call.split('"').nth(1).unwrap();
        let rest = call.splitn(3, '"').nth(2).unwrap();
        let (name, arguments) = rest.split_once('(').unwrap();
        let arguments = arguments.split_once(") ->").unwrap().0;
        let expected = functions.get(name.trim()).unwrap_or_else(|| panic!("there is no {name}"));
        assert_eq!(*expected, (endpoint.to_owned(), argument_names(arguments), kind == "json"), "{name}");
        seen += 1;
    }
    assert!(seen > 15, "only {seen} calls were found");
    let by_hand = &functions["start_turn"];
    let names = ["tenant", "conversation", "parent", "text", "attachments", "model", "key"];
    assert_eq!(*by_hand, ("turns/start".to_owned(), names.map(str::to_owned).to_vec(), false));
}

fn argument_names(arguments: &str) -> Vec<String> {
    let names = arguments.split(", ").flat_map(|piece| piece.split(",\n")).filter_map(|piece| piece.split_once(':'));
    names.map(|(name, _)| name.trim().trim_start_matches("#[server(default)]").trim().to_owned()).collect()
}

proptest! {
    /// What any other writer could send is refused or read, never a panic.
    #[test]
    fn anything_is_read_or_not(text in "[\\[\\]{}\",:\\\\a-z0-9 ]{0,60}") {
        let _event: Option<TurnEnvelope> = wire::read(&text);
        let _view: Option<ConversationView> = wire::read(&text);
    }

    /// Text survives the way through both.
    #[test]
    fn text_survives(text in "\\PC{0,30}[\\u{0}-\\u{20}\"\\\\😀]{0,10}") {
        prop_assert_eq!(wire::read::<String>(&serde_json::to_string(&text).unwrap()), Some(text.clone()));
        prop_assert_eq!(serde_json::from_str::<String>(&wire::write(&text)).unwrap(), text.clone());
        let form = wire::Form::default().with("text", &text.as_str()).text;
        let back: Vec<(String, String)> = form_urlencoded(&form);
        prop_assert_eq!(back, vec![("text".to_owned(), text)]);
    }
}

/// As axum reads it.
fn form_urlencoded(text: &str) -> Vec<(String, String)> {
    let request = axum::http::Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(axum::body::Body::from(text.to_owned())).unwrap();
    let read = <axum::Form<Vec<(String, String)>> as axum::extract::FromRequest<()>>::from_request(request, &());
    futures::executor::block_on(read).expect("a form").0
}
