//! Another answer, more of an answer, another model, what a model thinks; and the limit of running answers.

use app::model::{Again, MessageStatus, Part, TurnEvent};
use futures::future::join_all;
use server::{
    error::Error,
    models::{Billed, Content, MessageRole, ProviderErrorKind, StopReason, demo::CONTINUE},
    turns::TurnsConfig,
};

use crate::{
    support::db::db_test,
    turns_fake::{Act, Gate, House, config, played, provider_error, says, text, used},
};

/// What the last request ended with.
fn last_texts(house: &House) -> Vec<(MessageRole, String)> {
    let requests = house.fake.requests();
    let messages = &requests.last().expect("a request").messages;
    messages
        .iter()
        .map(|message| {
            let texts = message.content.iter().filter_map(|content| match content {
                Content::Text { text } => Some(text.as_str()),
                _ => None,
            });
            (message.role, texts.collect())
        })
        .collect()
}

db_test! {
    async fn another_answer_is_a_sibling_and_the_question_is_not_repeated(t: TestDb) {
        let house = House::new(t).await;
        house.fake.then(says("First.")).then(says("Second."));
        let first = house.ask("How much?", None).await;
        house.t.clock.advance_ms(1_000);
        let key = house.t.world.id();
        let again = async |key| {
            let again = Again::Answer(first.user_message);
            house.turns.again(&house.scope, "req-2", first.conversation, again, None, key).await.expect("it begins")
        };
        let second = again(key).await;
        assert_eq!(again(key).await, second, "the same key is the same turn");
        house.events(second.turn, 0).await;
        assert_eq!((second.user_message, second.conversation), (first.user_message, first.conversation));
        assert_eq!(last_texts(&house), [(MessageRole::User, "How much?".to_owned())]);
        let view = house.view(first.conversation).await;
        assert_eq!(view.messages.len(), 2);
        assert_eq!((view.messages[1].id, view.messages[1].siblings.count), (second.assistant_message, 2));
        assert_eq!(view.messages[1].siblings.previous, Some(first.assistant_message));
        house.close().await;
    }

    async fn what_makes_no_sense_is_refused_in_words(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(says("First.")).then(vec![text("half"), Act::Wait(gate.clone())]);
        let done = house.ask("How much?", None).await;
        let running = house.start("And now?", Some((done.conversation, Some(done.assistant_message)))).await;
        gate.reached().await;
        let again = async |conversation, again| {
            house.turns.again(&house.scope, "req", conversation, again, None, house.t.world.id()).await
        };
        let conversation = done.conversation;
        for (what, field) in [
            (Again::Answer(done.assistant_message), "an answer is not answered"),
            (Again::Continue(done.user_message), "a question does not go on"),
        ] {
            let refused = again(conversation, what).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "again", .. })), "{field}: {refused:?}");
        }
        for (what, why) in [
            (Again::Continue(done.assistant_message), "complete"),
            (Again::Continue(running.assistant_message), "still being written"),
            (Again::Answer(running.user_message), "still being written"),
        ] {
            let Err(Error::Conflict(words)) = again(conversation, what).await else { panic!("no conflict: {why}") };
            assert!(words.contains(why), "{words}");
        }
        let unknown = again(conversation, Again::Answer(house.t.world.id())).await;
        assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
        let foreign = again(house.t.world.id(), Again::Answer(done.user_message)).await;
        assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
        let colleague = house.colleague().await;
        let key = house.t.world.id();
        let foreign =
            house.turns.again(&colleague, "req", conversation, Again::Answer(done.user_message), None, key).await;
        assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
        house.turns.stop(&house.scope, running.turn).await.expect("stopped");
        house.close().await;
    }

    async fn a_stopped_answer_goes_on_where_it_stopped(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![text("The first half"), used(10, 3), Act::Wait(gate.clone())]);
        let first = house.start("Tell me", None).await;
        gate.reached().await;
        house.turns.stop(&house.scope, first.turn).await.expect("stopped");
        house.events(first.turn, 0).await;
        let before = house.view(first.conversation).await.messages[1].usage.expect("its usage");

        house.fake.then(says(" and the second."));
        house.t.clock.advance_ms(1_000);
        let (what, key) = (Again::Continue(first.assistant_message), house.t.world.id());
        let more = house.turns.again(&house.scope, "req-2", first.conversation, what, None, key).await.expect("more");
        assert_eq!((more.assistant_message, more.user_message), (first.assistant_message, first.user_message));
        let client = played(&house.events(more.turn, 0).await);
        assert_eq!(client.text(), "The first half and the second.");
        assert_eq!(
            last_texts(&house),
            [
                (MessageRole::User, "Tell me".to_owned()),
                (MessageRole::Assistant, "The first half".to_owned()),
                (MessageRole::User, CONTINUE.to_owned()),
            ]
        );
        let view = house.view(first.conversation).await;
        let answer = &view.messages[1];
        assert_eq!((view.messages.len(), &answer.status, &answer.parts), (2, &MessageStatus::Complete, &client.parts));
        assert_eq!(answer.parts.len(), 1, "one text");
        let usage = answer.usage.expect("its usage");
        assert_eq!(usage.calls, before.calls + 1, "each call is charged once");
        assert_eq!(usage.tokens.input, before.tokens.input + 10);
        // Later the model sees one answer, without the nudge.
        house.ask("Thanks", Some((first.conversation, Some(first.assistant_message)))).await;
        assert_eq!(last_texts(&house)[1], (MessageRole::Assistant, "The first half and the second.".to_owned()));
        house.close().await;
    }

    async fn a_failed_answer_without_a_word_is_asked_for_anew(t: TestDb) {
        let house = House::new(t).await;
        let error = provider_error(ProviderErrorKind::Rejected, Billed::No);
        house.fake.then_opening(crate::turns_fake::Opening::Refuses(error));
        let first = house.ask("Tell me", None).await;
        house.fake.then(says("Here."));
        let (what, key) = (Again::Continue(first.assistant_message), house.t.world.id());
        let more = house.turns.again(&house.scope, "req", first.conversation, what, None, key).await.expect("more");
        assert_eq!(played(&house.events(more.turn, 0).await).text(), "Here.");
        assert_eq!(last_texts(&house), [(MessageRole::User, "Tell me".to_owned())]);
        house.close().await;
    }

    async fn a_crash_while_it_goes_on_takes_nothing_away(t: TestDb) {
        let config = TurnsConfig { write_every: std::time::Duration::from_secs(3600), ..config() };
        let house = House::with(t, config.clone()).await;
        let cut = vec![text("The first half"), used(10, 3), Act::Stop(StopReason::MaxTokens)];
        let gate = Gate::new();
        house.fake.then(cut).then(vec![text(" lost"), Act::Wait(gate.clone())]);
        let first = house.ask("Tell me", None).await;
        let (what, key) = (Again::Continue(first.assistant_message), house.t.world.id());
        let more = house.turns.again(&house.scope, "req", first.conversation, what, None, key).await.expect("more");
        gate.reached().await;
        house.t.clock.advance_ms(3_600_000);
        let other = crate::turns_fake::turns_on(&house.t.db, &house.t.world, &house.fake, config);
        assert_eq!(other.reap().await.expect("a reaping"), 1);
        let view = house.view(first.conversation).await;
        assert!(matches!(view.messages[1].status, MessageStatus::Failed(_)));
        assert_eq!(crate::turns_fake::text_of(&view.messages[1].parts), "The first half");
        gate.open();
        house.turns.stop(&house.scope, more.turn).await.expect("it is over");
        house.turns.stop_here(&[more.turn]);
        house.close().await;
    }

    async fn another_model_is_chosen_for_one_answer(t: TestDb) {
        let house = House::new(t).await;
        let mut start = house.message("How much?", None);
        start.model = Some("claude-sonnet-5".into());
        let first = house.turns.start(&house.scope, "req", start).await.expect("it begins");
        house.events(first.turn, 0).await;
        assert_eq!(house.fake.requests()[0].model.0, "claude-sonnet-5");
        let (what, key) = (Again::Answer(first.user_message), house.t.world.id());
        let second = house.turns.again(&house.scope, "req", first.conversation, what, None, key).await.expect("again");
        house.events(second.turn, 0).await;
        assert_eq!(house.fake.requests()[1].model.0, "claude-haiku-4-5", "the usual one");
        let model = async |leaf| house.view_at(first.conversation, Some(leaf)).await.messages[1].model.clone();
        assert_eq!(model(first.assistant_message).await.as_deref(), Some("Claude Sonnet 5"));
        assert_eq!(model(second.assistant_message).await.as_deref(), Some("Claude Haiku 4.5"));
        for wrong in ["", "claude", "steward-demo", "gpt-5.5"] {
            let mut start = house.message("How much?", None);
            start.model = Some(wrong.into());
            let refused = house.turns.start(&house.scope, "req", start).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "model", .. })), "{refused:?}");
        }
        house.close().await;
    }

    async fn what_the_model_thinks_is_shown_and_never_sent_back(t: TestDb) {
        let house = House::new(t).await;
        let thought = |text: &str| Act::Reasoning(text.to_owned());
        let end = Act::Stop(StopReason::EndTurn);
        house.fake.then(vec![thought("Hm, "), thought("42?"), text("It is 42."), used(10, 9), end]);
        let first = house.ask("How much?", None).await;
        let view = house.view(first.conversation).await;
        let (reasoning, said) = ("Hm, 42?".to_owned(), "It is 42.".to_owned());
        assert_eq!(view.messages[1].parts, [Part::Reasoning { text: reasoning }, Part::Text { text: said.clone() }]);
        let usage = view.messages[1].usage.expect("its usage");
        assert!(usage.first_token_ms.is_some_and(|ms| ms >= 0));
        house.ask("Sure?", Some((first.conversation, Some(first.assistant_message)))).await;
        assert_eq!(last_texts(&house)[1], (MessageRole::Assistant, said));
        house.close().await;
    }

    async fn many_at_the_same_moment_do_not_pass_the_limit(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        for _ in 0..8 {
            house.fake.then(vec![text("half"), Act::Wait(gate.clone()), text(" whole"), Act::Stop(StopReason::EndTurn)]);
        }
        let starts = (0..8).map(|_| house.turns.start(&house.scope, "req", house.message("Go", None)));
        let started = join_all(starts).await;
        let (let_in, refused): (Vec<_>, Vec<_>) = started.into_iter().partition(Result::is_ok);
        assert_eq!(let_in.len(), usize::try_from(config().max_running_per_person).expect("few"));
        // A machine that is very busy may give up waiting for the database instead; nobody gets in by that.
        let is_fair = |refused: &server::error::Result<_>| {
            matches!(refused, Err(Error::Conflict(_) | Error::Db(server::db::Error::Unavailable(_))))
        };
        assert!(refused.iter().all(is_fair), "{refused:?}");
        gate.open();
        for started in let_in.into_iter().flatten() {
            let client = played(&house.events(started.turn, 0).await);
            assert!(matches!(client.ends.first(), Some(TurnEvent::Finished { .. })), "{:?}", client.ends);
        }
        house.close().await;
    }
}
