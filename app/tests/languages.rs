//! Two languages: every page in Indonesian holds no English phrase, and components hold no text outside of `words`.

#![expect(clippy::expect_used, reason = "tests: a broken fixture should fail loudly")]

#[path = "support/fake_backend.rs"]
mod fake_backend;
#[path = "support/november.rs"]
mod november;
#[path = "support/site.rs"]
#[expect(dead_code, reason = "shared with the tests of the chat, which ask for more")]
mod site;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use app::{
    error::AppError,
    model::{Lang, MessageAuthor, MessageStatus, Part, Role, TenantChoice, Theme, Timestamp},
    plain::{
        ChooseTenantPage, ErrorPage, LoginError, LoginNotice, LoginPage, PlainFrame, WaitingPage, choose_tenant, error,
        login, waiting,
    },
};
use fake_backend::{FakeBackend, NOW, answer, message, question};
use november::page;
use site::Site;

/// A phrase in both languages.
struct Phrase {
    english: String,
    indonesian: String,
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every Rust file below a folder, as (path relative to `app`, text without comments and tests).
fn sources(path: &str) -> Vec<(String, String)> {
    let mut open = vec![folder(path)];
    let mut found = Vec::new();
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a file");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                let name = path.strip_prefix(folder("")).expect("below app").to_string_lossy().into_owned();
                found.push((name, lines.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    found.sort();
    found
}

/// What stands between the first two quotes, and the rest behind them.
fn quoted(text: &str) -> Option<(String, &str)> {
    let start = text.find('"')? + 1;
    let rest = &text[start..];
    let end = rest.find('"')?;
    Some((rest[..end].to_owned(), &rest[end + 1..]))
}

/// The tables of `phrases!`: `name = "English" | "Indonesian";`
fn phrases() -> Vec<Phrase> {
    let mut phrases = Vec::new();
    for (_, text) in sources("src/words") {
        for line in text.lines() {
            let Some((english, rest)) = quoted(line) else { continue };
            let Some((indonesian, _)) = rest.trim_start().strip_prefix('|').and_then(quoted) else { continue };
            phrases.push(Phrase { english, indonesian });
        }
    }
    assert!(phrases.len() > 200, "the tables are read: {}", phrases.len());
    phrases
}

/// Every text and every attribute that people read, as whole pieces.
fn pieces(html: &str) -> BTreeSet<String> {
    // What scripts find in the page is not read by people.
    let without_scripts = html.split("<script").enumerate().map(|(place, part)| match place {
        0 => part,
        _ => part.split_once("</script>").map_or("", |(_, rest)| rest),
    });
    let html: String = without_scripts.collect();
    let mut found = BTreeSet::new();
    let mut add = |text: &str| {
        let text = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&#x27;", "'");
        found.insert(text.trim().to_owned());
    };
    for part in html.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        add(text);
        for name in [" aria-label=\"", " title=\"", " placeholder=\"", " alt=\"", " data-label=\""] {
            if let Some((value, _)) = tag.split_once(name).and_then(|(_, rest)| rest.split_once('"')) {
                add(value);
            }
        }
    }
    found
}

/// Fails when a page holds an English phrase that is written otherwise in Indonesian.
fn assert_indonesian(name: &str, html: &str) {
    assert!(html.contains("lang=\"id\"") || !html.contains("<html"), "{name}: <html lang>");
    let pieces = pieces(html);
    let phrases = phrases();
    let also_indonesian: BTreeSet<&str> = phrases.iter().map(|phrase| phrase.indonesian.trim()).collect();
    for Phrase { english, .. } in &phrases {
        let english = english.trim();
        let is_word = english.chars().filter(|c| c.is_alphabetic()).count() > 1;
        if is_word && !also_indonesian.contains(english) {
            assert!(!pieces.contains(english), "{name} says {english:?}");
            let is_long = english.split(' ').count() > 3;
            assert!(!is_long || !html.contains(english), "{name} contains {english:?}");
        }
    }
}

fn frame(lang: Lang) -> PlainFrame {
    PlainFrame { css_href: "/pkg/steward.css".to_owned(), theme: Theme::System, lang }
}

fn plain_pages(lang: Lang) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let login_page = |error, notice| {
        login(&LoginPage { frame: frame(lang), error, notice, email: String::new(), next: "/t/prs".to_owned() })
    };
    for problem in [
        LoginError::Credentials,
        LoginError::Missing,
        LoginError::RateLimited { retry_after_s: 7 },
        LoginError::RateLimited { retry_after_s: 700 },
        LoginError::Unavailable,
        LoginError::Stale,
    ] {
        pages.push((format!("login {problem:?}"), login_page(Some(problem), None)));
    }
    for notice in [LoginNotice::SignedOut, LoginNotice::SessionEnded, LoginNotice::PasswordChanged] {
        pages.push((format!("login {notice:?}"), login_page(None, Some(notice))));
    }
    for status in [403, 404, 500, 503] {
        pages.push((format!("error {status}"), error(&ErrorPage::of_status(frame(lang), status, "req-1".to_owned()))));
    }
    for contact in ["", "ops@example.com"] {
        let page = WaitingPage { frame: frame(lang), email: "ana@example.com".into(), contact: contact.into() };
        pages.push((format!("waiting for {contact}"), waiting(&page)));
    }
    let choice = TenantChoice { code: "prs".parse().expect("a code"), name: "PRS".into(), role: Role::Admin };
    let page = ChooseTenantPage { frame: frame(lang), email: "ana@example.com".into(), tenants: vec![choice] };
    pages.push(("choice".to_owned(), choose_tenant(&page)));
    pages
}

#[test]
fn plain_pages_speak_both_languages() {
    let (english, indonesian) = (plain_pages(Lang::English), plain_pages(Lang::Indonesian));
    for ((name, english), (_, indonesian)) in english.iter().zip(&indonesian) {
        assert!(english.contains("<html lang=\"en\""), "{name}: {english}");
        assert_ne!(english.replace("lang=\"en\"", "lang=\"id\""), *indonesian, "{name} is the same in both");
        assert_indonesian(name, indonesian);
    }
}

#[tokio::test]
async fn settings_and_usage_speak_both_languages() {
    for address in ["/settings", "/settings?done=name", "/settings?done=language", "/settings?done=password"] {
        assert_indonesian(address, &page(address, Lang::Indonesian, FakeBackend::of_november()).await);
    }
    for address in ["/t/prs/usage", "/t/prs/usage?month=2026-12-01", "/nowhere"] {
        assert_indonesian(address, &page(address, Lang::Indonesian, FakeBackend::of_november()).await);
    }
    let html = page("/t/prs/usage", Lang::Indonesian, FakeBackend::of_november()).await;
    for words in ["Pemakaian", "November 2026", "41 % anggaran bulan ini sudah terpakai", "1 permintaan perkiraan"] {
        assert!(html.contains(words), "{words} is missing in {html}");
    }
    let backend = FakeBackend::of_november();
    backend.state().report = Err(AppError::Forbidden);
    assert_indonesian("forbidden", &page("/t/prs/usage", Lang::Indonesian, backend).await);
}

#[tokio::test]
async fn numbers_follow_the_tenant_and_words_the_reader() {
    let backend = FakeBackend::of_november();
    backend.state().locale = Lang::Indonesian;
    let html = page("/t/prs/usage", Lang::English, backend).await;
    for words in ["412.300", "$50,00", "Input tokens", "Resets on"] {
        assert!(html.contains(words), "{words} is missing in {html}");
    }
}

#[tokio::test]
async fn the_chat_speaks_both_languages() {
    let site = Site { lang: Lang::Indonesian, ..Site::default() };
    assert_indonesian("a new chat", &without_composer(site.get("/t/prs").await.html));
    let failed = message(4, MessageAuthor::Assistant, vec![Part::Text { text: "…".into() }], MessageStatus::Stopped);
    let messages = vec![question(1, "Halo"), answer(2, "Baik."), question(3, "Lagi"), failed];
    let id = site.backend.add("Obrolan", Timestamp(NOW.0), messages);
    for address in [format!("/t/prs/c/{id}"), "/t/prs/c/nonsense".to_owned(), "/t/prs?archive=1".to_owned()] {
        assert_indonesian(&address, &without_composer(site.get(&address).await.html));
    }
}

/// Text in a view that is no word of a language. May only shrink.
const ALLOWED: &[(&str, &str)] = &[("src/plain/frame.rs", "Steward")];

/// The composer gets its words with its own room; until then it speaks English.
fn composer_has_words() -> bool {
    folder("src/words/composer.rs").exists()
}

/// Without the composer, while it has no words.
fn without_composer(html: String) -> String {
    if composer_has_words() {
        return html;
    }
    let (before, rest) = html.split_once("<form id=\"composer\"").expect("the composer");
    [before, rest.split_once("</form>").expect("its end").1].concat()
}

/// Literals that people read: children of an element, or an attribute that is read out.
fn literals(code: &str) -> Vec<String> {
    let is_text = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count() > 1;
    let mut found = Vec::new();
    for line in code.lines() {
        let line = line.trim();
        // A child on a line of its own; arguments end in a comma, statements in a semicolon.
        if line.starts_with('"')
            && let Some((text, "")) = quoted(line)
        {
            found.push(text);
        }
        for start in [">\"", "} \"", "aria-label=\"", "title=\"", "placeholder=\"", "alt=\""] {
            for (at, _) in line.match_indices(start) {
                let Some((text, rest)) = quoted(&line[at + start.len() - 1..]) else { continue };
                let is_child = rest.starts_with('<') || rest.starts_with(" {") || start.ends_with("=\"");
                if is_child {
                    found.push(text);
                }
            }
        }
    }
    found.retain(|text| is_text(text));
    found
}

#[test]
fn components_hold_no_text_of_their_own() {
    let mut strays = Vec::new();
    for room in ["src/components", "src/pages", "src/plain"] {
        for (path, code) in sources(room) {
            let found = literals(&code).into_iter().map(|text| (path.clone(), text));
            strays.extend(found.filter(|(path, text)| !ALLOWED.contains(&(path.as_str(), text.as_str()))));
        }
    }
    strays.retain(|(path, _)| composer_has_words() || !path.starts_with("src/components/composer"));
    assert!(strays.is_empty(), "move these to app/src/words: {strays:#?}");
    let seen = literals("    <p class=\"x\">\"Some text\"</p>\n    \"More text\"\n    call(\"not text\"),\n");
    assert_eq!(seen, ["Some text", "More text"], "the scan sees text");
}
