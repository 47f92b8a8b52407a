//! What files mean, and that no file does harm.

use proptest::prelude::*;
use serde_json::json;

use super::*;

pub(super) fn chatgpt() -> Value {
    let message = |role: &str, at: f64, content: Value| json!({"author": {"role": role}, "create_time": at, "content": content, "metadata": {"model_slug": "gpt-5"}});
    let text = |text: &str| json!({"content_type": "text", "parts": [text]});
    json!({
        "title": "Peaks", "create_time": 1_700_000_000.5, "update_time": 1_700_000_500.0, "conversation_id": "c-1",
        "current_node": "a2",
        "mapping": {
            "root": {"id": "root", "parent": null, "message": null},
            "sys": {"parent": "root", "message": message("system", 0.0, text("You are ChatGPT"))},
            "u": {"parent": "sys", "message": message("user", 1_700_000_001.0, text("When is the peak?"))},
            "t": {"parent": "u", "message": message("assistant", 1_700_000_002.0,
                json!({"content_type": "thoughts", "thoughts": [{"summary": "Looking", "content": "at it"}]}))},
            "code": {"parent": "t", "message": message("assistant", 1_700_000_003.0,
                json!({"content_type": "code", "text": "print(1)"}))},
            "out": {"parent": "code", "message": message("tool", 1_700_000_004.0,
                json!({"content_type": "execution_output", "text": "1"}))},
            "a1": {"parent": "out", "message": message("assistant", 1_700_000_005.0, text("At noon."))},
            "a2": {"parent": "u", "message": message("assistant", 1_700_000_006.0,
                json!({"content_type": "multimodal_text", "parts": ["At 13:00.", {"content_type": "image_asset_pointer"}]}))},
        }
    })
}

pub(super) fn claude() -> Value {
    json!({
        "uuid": "k-1", "name": "", "created_at": "2025-03-01T10:00:00.000Z", "updated_at": "2025-03-01T10:05:00Z",
        "chat_messages": [
            {"uuid": "1", "sender": "human", "text": "Read this", "created_at": "2025-03-01T10:00:01Z",
             "content": [{"type": "text", "text": "Read this"}],
             "attachments": [{"file_name": "a.txt", "extracted_content": "```\nend"}], "files": [{"file_name": "b.png"}]},
            {"uuid": "2", "sender": "assistant", "text": "Done", "created_at": "1970-01-01T00:00:00Z",
             "content": [{"type": "thinking", "thinking": "hm"}, {"type": "tool_use", "name": "web", "input": {"q": 1}},
                         {"type": "tool_result", "content": [{"type": "text", "text": "found"}]},
                         {"type": "text", "text": "Done"}]},
        ]
    })
}

pub(super) fn ours() -> Value {
    json!({
        "id": "0190aaaa-0000-7000-8000-000000000001", "title": "Ours\nand yours", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2200-01-01T00:00:00Z", "current_leaf": "m2", "messages": [
            {"id": "m1", "parent": null, "author": "user", "parts": [{"kind": "text", "text": "a\u{0}b"},
                {"kind": "attachment", "file": {"name": "x.pdf"}}]},
            {"id": "m2", "parent": "m1", "author": "assistant", "model": "Claude", "parts": [
                {"kind": "tool", "call": {"title": "Peak", "arguments": "{}", "output": {"text": "42"}, "ran_as": "ROOT"}},
                {"kind": "text", "text": "42 kW"}]},
        ]
    })
}

fn texts(foreign: &Foreign) -> String {
    let parts = foreign.messages.iter().flat_map(|message| &message.parts);
    parts
        .filter_map(|part| match part {
            Part::Text { text } | Part::Reasoning { text } => Some(text.as_str()),
            _ => None,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn chatgpts_tree_keeps_its_branches() {
    let taken = foreign(&chatgpt()).expect("a conversation");
    assert_eq!(
        (taken.source, taken.title.as_str(), taken.created_at),
        ("chatgpt", "Peaks", Some(Timestamp(1_700_000_000_500)))
    );
    let shape: Vec<_> = taken.messages.iter().map(|message| (message.parent, message.parts.len())).collect();
    assert_eq!(shape, [(None, 1), (Some(0), 4), (Some(0), 1)], "thoughts, code, output and text are one answer");
    assert_eq!((taken.leaf, taken.is_cut), (2, false));
    assert_eq!(taken.messages[1].model.as_deref(), Some("gpt-5"));
    let texts = texts(&taken);
    assert!(texts.contains("```\nprint(1)\n```") && texts.contains("[image]") && !texts.contains("ChatGPT"), "{texts}");
}

#[test]
fn claudes_files_and_tools_are_text() {
    let taken = foreign(&claude()).expect("a conversation");
    assert_eq!((taken.title.as_str(), taken.messages.len(), taken.leaf), ("Imported conversation", 2, 1));
    let texts = texts(&taken);
    assert!(texts.contains("[a.txt]\n\n````\n```\nend\n````") && texts.contains("[b.png]"), "{texts}");
    assert!(texts.contains("*web*") && texts.contains("found") && texts.contains("Done"), "{texts}");
}

#[test]
fn our_own_claims_no_identity() {
    let taken = foreign(&ours()).expect("a conversation");
    let texts = texts(&taken);
    assert_eq!(taken.title, "Ours and yours");
    assert!(texts.contains("ab") && texts.contains("*Peak*") && texts.contains("42 kW"), "{texts}");
    assert!(!texts.contains("ROOT") && !texts.contains('\0'), "{texts}");
}

#[test]
fn huge_texts_are_cut_and_say_so() {
    let mut value = claude();
    value["chat_messages"][0]["content"][0]["text"] = "ä".repeat(5_000_000).into();
    let taken = foreign(&value).expect("a conversation");
    assert!(taken.is_cut);
    let text = texts(&taken);
    assert!(text.contains(CUT_MARK) && text.len() < 2 * MAX_TEXT_BYTES);
}

#[test]
fn instants_are_read_or_not() {
    for (value, expected) in [
        (json!(0), Some(0)),
        (json!(1e300), None),
        (json!("2024-02-29T12:00:00+07:00"), Some(1_709_182_800_000)),
        (json!("yesterday"), None),
        (json!({}), None),
    ] {
        assert_eq!(instant(&value), expected.map(Timestamp), "{value}");
    }
}

/// Everywhere in a tree of JSON, by a path of numbers: the value there becomes another one.
fn mutate(value: &mut Value, path: &[usize], new: Value) {
    let Some((step, rest)) = path.split_first() else {
        *value = new;
        return;
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            let count = items.len();
            mutate(&mut items[step % count], rest, new);
        }
        Value::Object(fields) if !fields.is_empty() => {
            let count = fields.len();
            if let Some(field) = fields.values_mut().nth(step % count) {
                mutate(field, rest, new);
            }
        }
        _ => *value = new,
    }
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[{}]]])),
        Just(json!(-1e300)),
        Just(json!(i64::MIN)),
        Just(json!("u")),
        Just(json!("a2")),
        Just(json!("\u{0}\u{202E}")),
        "\\PC{0,20}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn no_conversation_does_harm(
        which in 0usize..3,
        changes in proptest::collection::vec((proptest::collection::vec(0usize..8, 1..7), anything()), 0..6),
    ) {
        let mut value = [chatgpt(), claude(), ours()][which].clone();
        for (path, new) in changes {
            mutate(&mut value, &path, new);
        }
        if let Ok(taken) = foreign(&value) {
            prop_assert!(!taken.messages.is_empty() && taken.leaf < taken.messages.len());
            prop_assert!(!taken.title.is_empty() && taken.title.chars().count() <= 120);
            prop_assert!(taken.messages.iter().enumerate().all(|(at, one)| one.parent.is_none_or(|parent| parent < at)));
            prop_assert!(!texts(&taken).contains('\0'));
        }
    }

    #[test]
    fn no_file_does_harm(cut in 0usize..2_000, noise in proptest::collection::vec((0usize..2_000, any::<u8>()), 0..4)) {
        let mut bytes = serde_json::to_vec(&json!([claude(), chatgpt(), ours()])).expect("JSON");
        for (at, byte) in noise {
            let count = bytes.len();
            bytes[at % count] = byte;
        }
        bytes.truncate(cut.max(1));
        let (give, arriving) = mpsc::channel(64);
        for piece in bytes.chunks(97) {
            give.blocking_send(Bytes::copy_from_slice(piece)).expect("room");
        }
        drop(give);
        let (to_store, mut found) = mpsc::channel(64);
        let _how_it_ended = read::read(arriving, &to_store);
        drop(to_store);
        let mut count = 0;
        while found.blocking_recv().is_some() {
            count += 1;
        }
        prop_assert!(count <= 3);
    }
}
