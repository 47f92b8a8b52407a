//! Which script answers a request: see the library's head comment.

use std::time::Duration;

use super::Shared;
use crate::{
    request::{Kind, Request},
    script::{Script, Step},
};

/// The first queued script that fits, which is used up.
pub(super) fn take_queued(shared: &Shared, request: &Request) -> Option<Script> {
    let mut inner = shared.lock();
    let index = inner.queue.iter().position(|script| request.fits(script.when.as_ref()))?;
    inner.queue.remove(index)
}

/// For requests that are answered in any case unless a queued script objects.
pub(super) fn queued_or_nothing(shared: &Shared) -> impl Fn(&Request) -> Script {
    |request| take_queued(shared, request).unwrap_or_default()
}

/// The script for a request.
pub(super) fn choose(shared: &Shared, request: &Request) -> Script {
    if let Some(script) = take_queued(shared, request) {
        return script;
    }
    if request.kind == Kind::Side {
        return Script::text("A short title");
    }
    let Some(name) = script_name(&request.user_text) else {
        return echo(&request.user_text, shared.options.echo_delay);
    };
    let named = shared.options.named.get(name);
    named
        .and_then(|script| nth(script, request.step))
        .unwrap_or_else(|| Script::error(404, "not_found_error", &format!("there is no script {name} for this step")))
}

/// `NAME` of `[[script:NAME]]`.
fn script_name(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("[[script:")?;
    Some(rest.split_once("]]")?.0)
}

/// The script of the n-th model call for one user message.
fn nth(script: &Script, step: usize) -> Option<Script> {
    match step.checked_sub(1) {
        None => Some(script.clone()),
        Some(index) => script.then.get(index).cloned(),
    }
}

fn echo(text: &str, delay: Duration) -> Script {
    let mut script = Script::text("You said: ");
    let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    for word in text.split_inclusive(' ') {
        if ms > 0 {
            script.steps.push(Step::WaitMs(ms));
        }
        script.steps.push(Step::Text(word.to_owned()));
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_waits_before_every_word() {
        assert_eq!(echo("a b", Duration::ZERO).steps.len(), 3);
        let steps = echo("a b", Duration::from_millis(5)).steps;
        assert_eq!(steps[1..3], [Step::WaitMs(5), Step::Text("a ".into())]);
        assert_eq!(steps.len(), 5);
    }

    #[test]
    fn a_script_is_named_in_the_text() {
        assert_eq!(script_name("x [[script:held]] y"), Some("held"));
        assert_eq!(script_name("x [[script:held y"), None);
    }
}
