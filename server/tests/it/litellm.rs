//! LiteLLM's administration with an administrator's key: teams, keys, people and spending of one tenant, money exact.

use app::model::{Role, TenantId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    db::api_key::Scopes,
    identity::api_keys::{KeyText, WantedKey},
};
use upstream::Script;

use crate::support::{
    db::db_test,
    keys::{hello, make_key, settled, with_key},
    server::{TestServer, http_client},
};

const ADMIN: Scopes = Scopes { asks: false, administers: true };

struct Admin {
    server: TestServer,
    tenant: TenantId,
    key: KeyText,
}

impl Admin {
    async fn new(server: TestServer, code: &str) -> Self {
        let tenant = server.tenant(code).await;
        let key = make_key(&server, tenant, WantedKey { scopes: ADMIN, ..WantedKey::default() }).await.text;
        Self { server, tenant, key }
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let response = with_key(&self.server, Method::POST, path, &self.key).json(&body).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn text(&self, path: &str) -> (StatusCode, String) {
        let response = with_key(&self.server, Method::GET, path, &self.key).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let (status, text) = self.text(path).await;
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")))
    }
}

db_test! {
    async fn a_team_its_people_its_keys_and_its_budget(t: TestDb) {
        let admin = Admin::new(TestServer::start(t).await, "prs").await;
        let ana = admin.server.account("ana@prs.example", &[(admin.tenant, Role::Member)]).await;
        let (status, team) = admin.post("/team/new", json!({"team_alias": "Research", "team_id": "research", "max_budget": 0.01,
            "budget_duration": "30d", "tpm_limit": 50_000, "rpm_limit": 7, "models": ["claude-haiku-4-5"], "metadata": {"cost_centre": "17"}})).await;
        assert_eq!(status, StatusCode::OK, "{team}");
        assert_eq!((&team["team_id"], &team["team_alias"], &team["max_budget"], &team["budget_duration"]), (&json!("research"), &json!("Research"), &json!(0.01), &json!("1mo")));
        assert_eq!((&team["tpm_limit"], &team["rpm_limit"], &team["metadata"]["cost_centre"]), (&json!(50_000), &json!(7), &json!("17")));
        assert_eq!((&team["budget_period"], &team["budget_reset_at"]), (&json!("calendar month, Asia/Jakarta"), &json!("2026-03-31T17:00:00.000Z")));
        let (status, added) = admin.post("/team/member_add", json!({"team_id": "research", "member": {"role": "user", "user_email": "Ana@prs.example"}})).await;
        assert_eq!((status, &added["members_with_roles"][0]["user_id"]), (StatusCode::OK, &json!(ana)), "{added}");

        // A member's key and a service's: both pay from the team's budget, each with its rates.
        let (status, personal) = admin.post("/key/generate", json!({"key_alias": "Ana's", "user_id": ana, "team_id": "research", "duration": "30d", "metadata": {}})).await;
        assert_eq!(status, StatusCode::OK, "{personal}");
        assert_eq!((&personal["team_id"], &personal["user_id"], &personal["rpm_limit"], &personal["models"]), (&json!("research"), &json!(ana), &json!(7), &json!(["claude-haiku-4-5"])));
        assert!(personal["expires"].as_str().unwrap().starts_with("2026-04-09T"), "{personal}");
        let (_, service) = admin.post("/key/generate", json!({"team_id": "research", "max_budget": 5, "budget_duration": "1d", "rpm_limit": 3})).await;
        assert_eq!((&service["max_budget"], &service["budget_duration"], &service["rpm_limit"]), (&json!(5.0), &json!("1d"), &json!(3)));
        let key = |made: &Value| KeyText::parse(made["key"].as_str().unwrap()).unwrap();
        let upstream = admin.server.upstream.as_ref().unwrap();
        for made in [&personal, &service] {
            upstream.enqueue(Script::text("Hello.").usage(|usage| { usage.input = Some(100); usage.output = Some(20); }));
            let asked = with_key(&admin.server, Method::POST, "/v1/messages", &key(made)).json(&hello()).send().await.unwrap();
            assert_eq!(asked.status(), StatusCode::OK);
            asked.text().await.unwrap();
        }
        settled(&admin.server).await;

        // haiku: $1 and $5 a million: 100 + 100 millionths a call, to the last digit.
        let (_, text) = admin.text("/team/info?team_id=research").await;
        assert!(text.contains("\"spend\":0.0004,") && text.contains("\"max_budget\":0.01,"), "{text}");
        assert!(!text.contains(key(&personal).reveal().as_str()), "no key is told again");
        let info: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((info["team_info"]["members"].as_array().unwrap().len(), info["keys"].as_array().unwrap().len()), (2, 2));
        let (_, listed) = admin.get("/team/list").await;
        assert_eq!((&listed["data"][0]["team_id"], &listed["data"][0]["spend"]), (&json!("research"), &json!(0.0004)));
        let (_, info) = admin.get(&format!("/key/info?key={}", service["token"].as_str().unwrap())).await;
        assert_eq!((&info["info"]["spend"], &info["info"]["team_id"]), (&json!(0.0002), &json!("research")), "{info}");
        let (_, user) = admin.get("/user/info?user_id=ana@prs.example").await;
        assert_eq!((&user["user_id"], &user["user_info"]["spend"], &user["user_info"]["teams"]), (&json!(ana), &json!(0.0002), &json!(["research"])));
        assert_eq!((user["keys"].as_array().unwrap().len(), &user["teams"][0]["team_alias"]), (1, &json!("Research")));
        let (_, lines) = admin.get("/spend/logs").await;
        assert_eq!(lines.as_array().unwrap().len(), 2);
        assert_eq!((&lines[0]["spend"], &lines[0]["prompt_tokens"], &lines[0]["completion_tokens"], &lines[0]["metadata"]["quality"]), (&json!(0.0002), &json!(100), &json!(20), &json!("exact")));
        let (_, own) = admin.get(&format!("/spend/logs?user_id={ana}")).await;
        assert_eq!((own.as_array().unwrap().len(), &own[0]["user"]), (1, &json!(ana)));
        let (_, older) = admin.get(&format!("/spend/logs?limit=1&before={}", lines[0]["id"].as_str().unwrap())).await;
        assert_eq!(older[0]["id"], lines[1]["id"]);
        let (_, days) = admin.get("/spend/logs?start_date=2026-03-01&end_date=2026-03-31").await;
        assert_eq!((&days[0]["spend"], &days[0]["models"]["claude-haiku-4-5"], &days[0]["users"][ana.to_string()]), (&json!(0.0004), &json!(0.0004), &json!(0.0002)));

        // The team's budget stops both: 0.0005 leaves less than a call needs.
        let (status, changed) = admin.post("/team/update", json!({"team_id": "research", "max_budget": 0.0005, "budget_duration": "1mo", "team_alias": "Research II", "rpm_limit": null})).await;
        assert_eq!((status, &changed["data"]["team_alias"], &changed["data"]["rpm_limit"], &changed["data"]["tpm_limit"]), (StatusCode::OK, &json!("Research II"), &Value::Null, &json!(50_000)), "{changed}");
        for made in [&personal, &service] {
            let asked = with_key(&admin.server, Method::POST, "/v1/messages", &key(made)).json(&hello()).send().await.unwrap();
            assert_eq!(asked.status(), StatusCode::PAYMENT_REQUIRED);
        }
        // Another period takes the place of the old one; null lifts it.
        let (_, changed) = admin.post("/team/update", json!({"team_id": "research", "max_budget": 0.02, "budget_duration": "7d"})).await;
        assert_eq!((&changed["data"]["max_budget"], &changed["data"]["budget_duration"]), (&json!(0.02), &json!("7d")));
        let (_, changed) = admin.post("/team/update", json!({"team_id": "research", "max_budget": null})).await;
        assert_eq!(changed["data"]["max_budget"], Value::Null);
        let asked = with_key(&admin.server, Method::POST, "/v1/messages", &key(&personal)).json(&hello()).send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::OK);
        asked.text().await.unwrap();
        settled(&admin.server).await;
        admin.server.books_balance(&["prs"]).await;
    }

    async fn a_tenant_is_all_its_administrator_sees(t: TestDb) {
        let admin = Admin::new(TestServer::start(t).await, "prs").await;
        let other = admin.server.tenant("iop").await;
        let budi = admin.server.account("budi@iop.example", &[(other, Role::Admin)]).await;
        let theirs = make_key(&admin.server, other, WantedKey { user: Some(budi), ..WantedKey::default() }).await;
        let foreign = make_key(&admin.server, other, WantedKey { scopes: ADMIN, ..WantedKey::default() }).await.text;
        let made = with_key(&admin.server, Method::POST, "/team/new", &foreign).json(&json!({"team_id": "theirs"})).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::OK);
        let id = "0190aaaa-0000-7000-8000-000000000009";
        for (known, unknown) in [
            (format!("/team/info?team_id={}", "theirs"), "/team/info?team_id=nosuch".to_owned()),
            (format!("/key/info?key={}", theirs.text.public_id()), "/key/info?key=AAAAAAAAAAAA".to_owned()),
            (format!("/key/info?key={}", theirs.text.reveal()), "/key/info?key=AAAAAAAAAAAA".to_owned()),
            (format!("/spend/logs?api_key={}", theirs.text.public_id()), "/spend/logs?api_key=AAAAAAAAAAAA".to_owned()),
        ] {
            let (one, other) = (admin.get(&known).await, admin.get(&unknown).await);
            assert_eq!((one.0, &one.1), (other.0, &other.1), "{known}");
            assert_eq!(one.0, StatusCode::NOT_FOUND);
        }
        for (known, unknown) in [(budi.to_string(), id.to_owned()), ("budi@iop.example".to_owned(), "nobody@iop.example".to_owned())] {
            let (one, other) = (admin.text(&format!("/user/info?user_id={known}")).await, admin.text(&format!("/user/info?user_id={unknown}")).await);
            assert_eq!((one.0, one.1.replace(&known, "X")), (other.0, other.1.replace(&unknown, "X")));
            assert_eq!(one.0, StatusCode::BAD_REQUEST);
        }
        let (_, teams) = admin.get("/team/list").await;
        assert_eq!(teams, json!({"data": []}));
        // The same id may be another tenant's.
        assert_eq!(admin.post("/team/new", json!({"team_id": "theirs"})).await.0, StatusCode::OK);
        let (status, refused) = admin.post("/team/member_add", json!({"team_id": "theirs", "member": [{"role": "user", "user_id": budi}]})).await;
        assert_eq!((status, refused["error"]["message"].as_str().unwrap().contains("not a member")), (StatusCode::BAD_REQUEST, true));
    }

    async fn what_cannot_be_kept_is_refused_in_words(t: TestDb) {
        let admin = Admin::new(TestServer::start(t).await, "prs").await;
        let ana = admin.server.account("ana@prs.example", &[(admin.tenant, Role::Member)]).await;
        assert_eq!(admin.post("/team/new", json!({"team_id": "one", "team_alias": "One", "models": ["claude-haiku-4-5"]})).await.0, StatusCode::OK);
        for (path, body, words) in [
            ("/team/new", json!({"team_id": "one"}), "already"),
            ("/team/new", json!({"team_alias": "One"}), "already"),
            ("/team/new", json!({"team_alias": "  "}), ""),
            ("/team/new", json!({"team_alias": "B", "max_budget": -1}), "zero or more"),
            ("/team/new", json!({"team_alias": "B", "max_budget": 1, "budget_duration": "45d"}), "calendar month"),
            ("/team/new", json!({"team_alias": "B", "tpm_limit": 0}), "1 or more"),
            ("/team/new", json!({"team_alias": "B", "blocked": true}), "not possible"),
            ("/team/new", json!({"team_alias": "B", "members_with_roles": [{"role": "admin", "user_id": ana}]}), "administrators"),
            ("/team/update", json!({"team_alias": "B"}), "team_id"),
            ("/team/member_add", json!({"team_id": "one"}), "member"),
            ("/team/member_add", json!({"team_id": "one", "member": {"role": "user"}}), "user_email"),
            ("/key/generate", json!({"team_id": "nosuch"}), "/team/new"),
            ("/key/generate", json!({"team_id": "one", "user_id": ana}), "/team/member_add"),
            ("/key/generate", json!({"team_id": "one", "models": ["gpt-4o-mini"]}), "may not ask"),
            ("/key/generate", json!({"user_id": "nobody@prs.example"}), "not a member"),
            ("/key/generate", json!({"duration": "forever"}), "30d"),
            ("/key/generate", json!({"key": "sk-my-own"}), "not possible"),
            ("/key/generate", json!({"key_type": "management"}), "--admin"),
            ("/key/generate", json!([]), "JSON object"),
        ] {
            let (status, refused) = admin.post(path, body.clone()).await;
            if words.is_empty() {
                assert_eq!(status, StatusCode::OK, "an empty name is none");
                continue;
            }
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}: {refused}");
            assert!(refused["error"]["message"].as_str().unwrap().contains(words), "{path} {body}: {refused}");
        }
        for path in ["/team/info", "/spend/logs?start_date=2026-03-01", "/spend/logs?start_date=x&end_date=y", "/spend/logs?limit=0", "/spend/logs?before=x"] {
            assert_eq!(admin.get(path).await.0, StatusCode::BAD_REQUEST, "{path}");
        }
        assert_eq!(admin.get("/team/info?team_id=nosuch").await.0, StatusCode::NOT_FOUND);
        // Who asks models does not administer, who administers does not ask.
        let asking = make_key(&admin.server, admin.tenant, WantedKey::default()).await.text;
        let refused = with_key(&admin.server, Method::GET, "/team/list", &asking).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        let refused = with_key(&admin.server, Method::POST, "/v1/messages", &admin.key).json(&hello()).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        // Its own key, its own account.
        let (_, own) = admin.get("/key/info").await;
        assert_eq!(own["key"], json!(admin.key.public_id()));
        assert_eq!(admin.get("/user/info").await.0, StatusCode::OK);
        // Anybody may ask whether it is well.
        for (path, word) in [("/health/liveliness", "I'm alive!"), ("/health/readiness", "connected")] {
            let well = http_client().get(format!("{}{path}", admin.server.base)).send().await.unwrap();
            assert_eq!(well.status(), StatusCode::OK);
            assert!(well.text().await.unwrap().contains(word));
        }
    }
}
