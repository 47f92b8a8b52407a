//! The brief one, answers that go on, and notes.

use super::*;

const QUESTION: &str = "What did compressor 3 cost us last week?";

#[test]
fn the_brief_one_says_one_sentence_with_the_same_numbers() {
    let mut brief = request(QUESTION);
    brief.model = ModelId(DEMO_BRIEF_MODEL.into());
    let (rounds, answer) = play(&mut brief, good);
    let (same_rounds, whole) = ask(QUESTION);
    assert_eq!(rounds, same_rounds);
    assert!(whole.starts_with(&answer) && answer.len() < whole.len(), "{answer}");
    assert!(answer.contains("**Rp1234.5k**") && !answer.contains('|'), "{answer}");
}

#[test]
fn a_stopped_answer_goes_on_to_the_same_text() {
    let mut whole = request(QUESTION);
    let (_, answer) = play(&mut whole, good);
    let opening = whole.messages[1].content[0].clone();
    let Content::Text { text: opening } = opening else { panic!("an opening") };
    for end in [0, 1, answer.len() / 2, answer.len() - 1] {
        let Some(said) = answer.get(..end) else { continue };
        // With its tool calls, as after a stop …
        let mut stopped = whole.clone();
        stopped.messages.pop();
        stopped
            .messages
            .push(Message { role: MessageRole::Assistant, content: vec![Content::Text { text: said.into() }] });
        stopped.messages.push(user(CONTINUE));
        let (rounds, rest) = play(&mut stopped, good);
        assert_eq!((rounds.len(), format!("{said}{rest}")), (0, answer.clone()));
        // … and without, as after a crash.
        let mut lost = request(QUESTION);
        let text = format!("{opening}{said}");
        lost.messages.push(Message { role: MessageRole::Assistant, content: vec![Content::Text { text }] });
        lost.messages.push(user(CONTINUE));
        let (rounds, rest) = play(&mut lost, good);
        assert_eq!((rounds.len(), format!("{said}{rest}")), (2, answer.clone()));
    }
}

#[test]
fn a_note_is_stored_or_not_and_both_are_said() {
    let note = json!({"note": 1, "device": {"id": 3, "code": "CMP-3", "name": "Compressor 3"}, "at": "x",
        "local": "2026-11-21 09:20", "text": "bearing noise", "author": "Ana"});
    let stored = |_: &str, _: &Value| (format!("Stored.\n{note}"), false);
    let (rounds, answer) = play(&mut request("Catat di kompresor 3: bearing noise"), stored);
    assert_eq!(rounds, [[r#"add_note {"device":"compressor 3","text":"bearing noise"}"#]]);
    assert!(answer.starts_with("Tersimpan: catatan 1, **Compressor 3**"), "{answer}");
    let denied = |_: &str, _: &Value| ("Not run: the person did not allow this call.".to_owned(), true);
    let (rounds, answer) = play(&mut request("Delete note 2"), denied);
    assert_eq!(
        (rounds.concat(), answer.as_str()),
        (vec![r#"delete_note {"note":2}"#.to_owned()], "All right, nothing was changed.")
    );
}
