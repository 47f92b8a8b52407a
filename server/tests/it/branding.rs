//! How a tenant looks and speaks, from the command line to the page; the reader's language; what is left to set up. Both
//! engines.

use app::model::{Lang, Prompt, Role};
use image::{DynamicImage, ImageFormat};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use server::{cli::tenants::TenantCommand, error::Error};

use crate::support::{
    db::db_test,
    server::{Browser, TestServer},
};

#[derive(clap::Parser)]
struct Line {
    #[command(subcommand)]
    command: TenantCommand,
}

/// Runs `steward tenant …`.
async fn tenant(server: &TestServer, words: &[&str]) -> Result<String, Error> {
    let line = <Line as clap::Parser>::parse_from(["tenant"].iter().chain(words));
    line.command.execute(&server.db, &server.world).await
}

async fn home(browser: &Browser, code: &str) -> Value {
    let request = browser.request(Method::POST, "/fn/tenant/home").json(&json!({ "tenant": code }));
    request.send().await.expect("an answer").json().await.expect("JSON")
}

fn header_of(response: &reqwest::Response, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// A page as a browser with this `Accept-Language` gets it.
async fn page(browser: &Browser, path: &str, asks: &str) -> String {
    let mut request = browser.request(Method::GET, path);
    if !asks.is_empty() {
        request = request.header(header::ACCEPT_LANGUAGE, asks);
    }
    request.send().await.expect("an answer").text().await.expect("text")
}

fn logo_file() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    DynamicImage::new_rgb8(600, 300).save_with_format(file.path(), ImageFormat::Png).expect("a picture");
    file
}

db_test! {
    async fn what_the_command_line_says_is_what_members_see(t: TestDb) {
        let server = TestServer::start(t).await;
        let (prs, iop) = (server.tenant("prs").await, server.tenant("iop").await);
        let member = server.person("budi@prs.example", &[(prs, Role::Member)]).await;
        let stranger = server.person("citra@iop.example", &[(iop, Role::Admin)]).await;
        let before = home(&member, "prs").await;
        assert_eq!((&before["tenant"]["logo"], &before["tenant"]["brand_css"]), (&Value::Null, &Value::Null));
        assert_eq!(member.get("/t/prs/logo").await.status(), StatusCode::NOT_FOUND);
        assert_eq!(member.get("/t/prs/brand.css").await.text().await.expect("text"), "");

        let file = logo_file();
        let logo = format!("logo=@{}", file.path().display());
        let words = [
            "set", "prs", "accent=oklch(.51 .09 190)", "welcome=Selamat datang", "locale=id", "shows-cost=yes",
            "command.digest=Digest|How was {{day}}?", "prompt=First?", "prompt+=Second?", &logo,
        ];
        assert_eq!(tenant(&server, &words).await.expect("set"), "prs was changed.\n");
        let shown = tenant(&server, &["show", "prs"]).await.expect("shown");
        for line in ["welcome=Selamat datang\n", "locale=id\n", "shows-cost=yes\n", "public-links=no\n", "accent=#"] {
            assert!(shown.contains(line), "{line} is missing in {shown}");
        }

        let view = home(&member, "prs").await["tenant"].clone();
        assert_eq!(view["welcome"], "Selamat datang");
        assert_eq!(view["locale"], json!(Lang::Indonesian));
        assert_eq!((&view["shows_cost"], &view["allows_public_links"]), (&json!(true), &json!(false)));
        assert_eq!(view["prompts"], json!(["First?", "Second?"]));
        let command = Prompt { name: "digest".into(), title: "Digest".into(), text: "How was {{day}}?".into() };
        assert_eq!(view["commands"], json!([command]));

        let css_path = view["brand_css"].as_str().expect("a path").to_owned();
        let css = member.get(&css_path).await;
        assert_eq!(header_of(&css, "content-type"), "text/css; charset=utf-8");
        assert_eq!(header_of(&css, "cache-control"), "private, max-age=31536000, immutable");
        let css = css.text().await.expect("text");
        assert!(css.starts_with(":root{--accent:#") && css.contains(".dark{"), "{css}");
        assert!(page(&member, "/t/prs", "en").await.contains(&css_path), "the page links it");

        let logo_path = view["logo"].as_str().expect("a path").to_owned();
        let logo = member.get(&logo_path).await;
        assert_eq!(header_of(&logo, "content-type"), "image/png");
        assert_eq!(header_of(&logo, "x-content-type-options"), "nosniff");
        assert!(header_of(&logo, "content-security-policy").contains("sandbox"));
        let picture = image::load_from_memory(&logo.bytes().await.expect("bytes")).expect("a picture");
        assert_eq!((picture.width(), picture.height()), (256, 128), "written anew, smaller");
        assert_eq!(header_of(&member.get("/t/prs/logo?v=old").await, "cache-control"), "private, no-cache");
        for path in [&css_path, &logo_path] {
            assert_eq!(stranger.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(home(&stranger, "iop").await["tenant"]["brand_css"], Value::Null, "another tenant is not dressed");

        tenant(&server, &["set", "prs", "logo=", "accent="]).await.expect("set");
        let view = home(&member, "prs").await["tenant"].clone();
        assert_eq!((&view["logo"], &view["brand_css"]), (&Value::Null, &Value::Null));
    }

    async fn a_setting_that_cannot_be_changes_nothing(t: TestDb) {
        let server = TestServer::start(t).await;
        server.tenant("prs").await;
        let before = tenant(&server, &["show", "prs"]).await.expect("shown");
        for wrong in ["accent=#ffff00", "logo=@/no/such/file", "locale=xx", "shoes=red"] {
            let refused = tenant(&server, &["set", "prs", "welcome=New", wrong]).await;
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong}: {refused:?}");
        }
        assert_eq!(tenant(&server, &["show", "prs"]).await.expect("shown"), before);
    }

    async fn a_page_speaks_the_readers_language(t: TestDb) {
        let server = TestServer::start(t).await;
        let prs = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(prs, Role::Admin)]).await;
        let (english, indonesian) = ("<html lang=\"en\"", "<html lang=\"id\"");
        for path in ["/t/prs", "/settings", "/t/prs/usage", "/t/prs/c/nonsense", "/nowhere"] {
            assert!(page(&ana, path, "id-ID,id;q=0.9,en;q=0.8").await.contains(indonesian), "{path}");
            assert!(page(&ana, path, "en").await.contains(english), "{path}");
        }
        assert!(page(&server.nobody(), "/login", "id").await.contains("Kata sandi"));
        // Who asks for nothing gets the tenant's.
        assert!(page(&ana, "/t/prs", "").await.contains(english));
        tenant(&server, &["set", "prs", "locale=id"]).await.expect("set");
        assert!(page(&ana, "/t/prs", "").await.contains(indonesian));
        assert!(page(&ana, "/t/prs", "de").await.contains(indonesian));
        assert!(page(&ana, "/t/prs", "en").await.contains(english), "the browser goes before the tenant");
        // A choice goes before everything, and can be taken back.
        let choose = |lang: &'static str| {
            let form = ana.request(Method::POST, "/fn/account/language").header(header::ACCEPT, "text/html");
            form.header(header::REFERER, "/settings").form(&[("lang", lang)]).send()
        };
        let chosen = choose("id").await.expect("an answer");
        assert_eq!(header_of(&chosen, "location"), "/settings?done=language");
        let settings = page(&ana, "/settings?done=language", "en").await;
        assert!(settings.contains(indonesian) && settings.contains("Bahasa Anda telah disimpan."), "{settings}");
        assert!(page(&ana, "/nowhere", "en").await.contains("Halaman ini tidak ada"));
        choose("").await.expect("an answer");
        assert!(page(&ana, "/settings", "en").await.contains(english));
    }

    async fn the_administrator_sees_what_is_left_to_set_up(t: TestDb) {
        let server = TestServer::start(t).await;
        let prs = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(prs, Role::Admin)]).await;
        let done = |home: Value| -> Vec<bool> {
            home["setup"].as_array().expect("steps").iter().map(|step| step["done"] == true).collect()
        };
        // Model (the scripted one speaks as a real one), tools, tenant, budget, people.
        assert_eq!(done(home(&ana, "prs").await), [true, false, true, true, false]);
        let budi = server.person("budi@prs.example", &[(prs, Role::Member)]).await;
        assert_eq!(done(home(&ana, "prs").await), [true, false, true, true, true]);
        assert_eq!(done(home(&budi, "prs").await), [false; 0], "members have nothing to set up");
        // Hidden by an administrator, for the tenant.
        let hide = [("tenant", "prs")];
        assert_eq!(budi.post_form("tenant/dismiss_setup", &hide).await.0, StatusCode::FORBIDDEN);
        assert_eq!(ana.post_form("tenant/dismiss_setup", &hide).await.0, StatusCode::OK);
        assert_eq!(done(home(&ana, "prs").await), [false; 0]);
    }

    async fn the_application_can_be_installed(t: TestDb) {
        let server = TestServer::start(t).await;
        let login = page(&server.nobody(), "/login", "en").await;
        assert!(login.contains(r#"<link rel="manifest" href="/manifest.webmanifest""#), "{login}");
        assert!(login.contains(r#"<link rel="apple-touch-icon" href="/apple-touch-icon.png""#), "{login}");
    }
}

#[test]
fn the_manifest_names_icons_that_are_there() {
    let assets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../style/assets");
    let manifest = std::fs::read_to_string(assets.join("manifest.webmanifest")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    for icon in manifest["icons"].as_array().expect("icons") {
        let path = icon["src"].as_str().expect("a path").trim_start_matches('/');
        let bytes = std::fs::read(assets.join(path)).expect("the icon");
        if icon["type"] == "image/png" {
            let picture = image::load_from_memory(&bytes).expect("a picture");
            assert_eq!(icon["sizes"], format!("{}x{}", picture.width(), picture.height()));
            assert!(bytes.len() < 10_000, "{path} is small");
        }
    }
}
