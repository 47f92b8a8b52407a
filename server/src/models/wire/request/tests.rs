use super::*;
use proptest::prelude::*;

fn parse(format: WireFormat, body: &str) -> Result<WireRequest, BadRequest> {
    WireRequest::parse(format, Bytes::copy_from_slice(body.as_bytes()))
}

fn openai(rest: &str) -> Result<WireRequest, BadRequest> {
    parse(WireFormat::OpenAi, &format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}]{rest}}}"#))
}

fn sent(request: &WireRequest) -> &str {
    std::str::from_utf8(request.bytes()).expect("text")
}

#[test]
fn what_we_read_is_read() {
    let request = openai(r#","stream":true,"max_tokens":9,"max_completion_tokens":7,"n":3,"x":1"#).expect("good");
    assert_eq!((request.model(), request.is_streaming(), request.max_output()), ("m", true, Some(7)));
    assert_eq!((request.choices(), request.wants_usage()), (3, false));
    assert!(openai(r#","stream_options":{"include_usage":true}"#).expect("good").wants_usage());
    let plain = openai(r#","stream":null,"n":null,"max_tokens":null"#).expect("null is absent");
    assert_eq!((plain.is_streaming(), plain.max_output(), plain.choices()), (false, None, 1));
    let ollama = parse(WireFormat::Ollama, r#"{"model":"m","messages":[],"options":{"num_predict":5}}"#).expect("good");
    assert_eq!((ollama.is_streaming(), ollama.max_output()), (true, Some(5)));
    let endless = r#"{"model":"m","messages":[],"options":{"num_predict":-1}}"#;
    assert_eq!(parse(WireFormat::Ollama, endless).expect("good").max_output(), None);
    let zero = r#"{"model":"m","max_tokens":0,"messages":[{}]}"#;
    assert_eq!(parse(WireFormat::Anthropic, zero).expect("good").max_output(), Some(0), "legal: it warms the cache");
}

#[test]
fn bad_input_is_refused_in_words() {
    for (rest, param, words) in [
        (r#","stream":"true""#, "stream", "true or false"),
        (r#","stream":1"#, "stream", "true or false"),
        (r#","n":2147483648"#, "n", "1 to 128"),
        (r#","n":0"#, "n", "1 to 128"),
        (r#","n":"2""#, "n", "1 to 128"),
        (r#","n":1.5"#, "n", "1 to 128"),
        (r#","max_tokens":9223372036854775808"#, "max_tokens", "from 0 to 9223372036854775807"),
        (r#","max_tokens":-1"#, "max_tokens", "from 0"),
        (r#","max_completion_tokens":1e3"#, "max_completion_tokens", "whole number"),
        (r#","max_tokens":"9""#, "max_tokens", "must be a number"),
        (r#","stream_options":7"#, "stream_options", "an object"),
        (r#","stream_options":{"include_usage":"yes"}"#, "stream_options", "include_usage"),
        (r#","tools":{}"#, "tools", "a list"),
        (r#","Max_Tokens":9"#, "max_tokens", "small letters"),
        (r#","optionſ":{"num_predict":9}"#, "options", "small letters"),
    ] {
        let refusal = openai(rest).expect_err(rest);
        assert_eq!(refusal.param, Some(param), "{rest}");
        assert!(refusal.message.contains(words), "{rest}: {refusal}");
    }
    for (body, param) in [
        (r#"{"messages":[{}]}"#, Some("model")),
        (r#"{"model":" ","messages":[{}]}"#, Some("model")),
        (r#"{"model":["m"],"messages":[{}]}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("messages")),
        (r#"{"model":"m","messages":{}}"#, Some("messages")),
        (r#"{"model":"m","messages":[]}"#, Some("messages")),
        (r#"{"model":"m","messages":["Hi"]}"#, Some("messages")),
        (r#"{"model":"m","model":"n","messages":[{}]}"#, None),
        ("[]", None),
        ("{", None),
    ] {
        assert_eq!(parse(WireFormat::OpenAi, body).expect_err(body).param, param, "{body}");
    }
    let wrong = r#"{"model":"m","messages":[],"options":{"num_predict":1.5}}"#;
    assert_eq!(parse(WireFormat::Ollama, wrong).expect_err("no count").param, Some("options"));
    let long = format!(r#"{{"model":"{}","messages":[{{}}]}}"#, "m".repeat(257));
    assert_eq!(parse(WireFormat::OpenAi, &long).expect_err("long").param, Some("model"));
}

#[test]
fn deep_tool_schemas_are_refused() {
    let schema = format!("{}{}", r#"{"properties":"#.repeat(200), "1".to_owned() + &"}".repeat(200));
    let refusal = openai(&format!(r#","tools":[{{"function":{{"parameters":{schema}}}}}]"#)).expect_err("deep");
    assert!(refusal.message.contains("128 levels"), "{refusal}");
}

#[test]
fn what_need_not_change_is_sent_as_it_came() {
    let body =
        "{ \"messages\" : [ {\"content\":\"\\u0048i\",\"role\":\"user\"} ],\n \"model\":\"m\", \"max_tokens\" : 5 }";
    let request = parse(WireFormat::OpenAi, body).expect("good");
    let same = request.with_model("m").with_max_output(5, CapField::MaxCompletionTokens).with_usage_asked();
    assert_eq!(sent(&same), body);
}

#[test]
fn only_what_must_change_changes() {
    let request = openai(r#","stream":true,"stream_options":{"x": 1.0}"#).expect("good");
    let changed = request.with_model("n").with_max_output(5, CapField::MaxCompletionTokens).with_usage_asked();
    assert_eq!(
        sent(&changed),
        r#"{"model":"n","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"x":1.0,"include_usage":true},"max_completion_tokens":5}"#
    );
    assert_eq!((changed.max_output(), changed.wants_usage()), (Some(5), false));
    let ollama = parse(WireFormat::Ollama, r#"{"model":"m","messages":[],"options":{"seed": 1}}"#).expect("good");
    let changed = ollama.with_max_output(3, CapField::MaxTokens);
    assert_eq!(sent(&changed), r#"{"model":"m","messages":[],"options":{"seed":1,"num_predict":3}}"#);
}

#[test]
fn the_cap_stands_where_the_provider_reads_it() {
    let cap = |rest: &str, field| {
        let request = openai(rest).expect("good").with_max_output(5, field);
        (request.body().get("max_tokens").cloned(), request.body().get("max_completion_tokens").cloned())
    };
    use CapField::{MaxCompletionTokens, MaxTokens};
    let five = || Some(Value::from(5));
    assert_eq!(cap("", MaxCompletionTokens), (None, five()));
    assert_eq!(cap(r#","max_tokens":9"#, MaxCompletionTokens), (five(), None));
    assert_eq!(cap(r#","max_tokens":9,"max_completion_tokens":9"#, MaxCompletionTokens), (five(), five()));
    assert_eq!(cap(r#","max_tokens":9,"max_completion_tokens":9"#, MaxTokens), (five(), None));
    assert_eq!(cap("", MaxTokens), (five(), None));
}

#[test]
fn tools_that_the_provider_runs_are_named() {
    let anthropic = |tools: &str| {
        parse(WireFormat::Anthropic, &format!(r#"{{"model":"m","max_tokens":1,"messages":[{{}}],"tools":{tools}}}"#))
    };
    let own = anthropic(r#"[{"name":"a","input_schema":{}},{"type":"bash_20250124","name":"bash"}]"#).expect("good");
    assert_eq!(own.server_tool(), None);
    let theirs = anthropic(r#"[{"type":"web_search_20250305","name":"web_search"}]"#).expect("good");
    assert_eq!(theirs.server_tool(), Some("web_search_20250305"));
    assert_eq!(theirs.searches(), None, "as many as it likes");
    assert_eq!(openai(r#","web_search_options":{}"#).expect("good").server_tool(), Some("web_search_options"));
}

#[test]
fn searches_are_counted_where_nothing_else_is_run() {
    let with = |tools: &str, rest: &str| {
        let body = format!(r#"{{"model":"m","max_tokens":1,"messages":[{{}}],"tools":[{tools}]{rest}}}"#);
        parse(WireFormat::Anthropic, &body).expect("good").searches()
    };
    let of = |tools: &str| with(tools, "");
    let own = r#"{"name":"a","input_schema":{}},{"type":"custom","name":"b","input_schema":{}}"#;
    let search = |kind: &str, rest: &str| format!(r#"{{"type":"web_search_{kind}","name":"web_search"{rest}}}"#);
    let (one, two) = (search("20250305", r#","max_uses":1"#), search("20250305", r#","max_uses":2"#));
    assert_eq!(of(own), None);
    assert_eq!((of(&two), of(&format!("{own},{two},{one}"))), (Some(2), Some(3)));
    for max_uses in ["0", "-1", "1.5", "\"2\"", "null", "9223372036854775808"] {
        assert_eq!(of(&search("20250305", &format!(r#","max_uses":{max_uses}"#))), None, "{max_uses}");
    }
    let most = search("20250305", r#","max_uses":9223372036854775807"#);
    assert_eq!((of(&most), of(&format!("{most},{one}"))), (Some(i64::MAX), None));
    // Later ones run code, unless the model alone may call them.
    assert_eq!(of(&search("20260209", r#","max_uses":2"#)), None);
    assert_eq!(
        of(&search("20260209", r#","max_uses":2,"allowed_callers":["direct","code_execution_20260120"]"#)),
        None
    );
    assert_eq!(of(&search("20260209", r#","max_uses":2,"allowed_callers":["direct"]"#)), Some(2));
    assert_eq!(of(&format!(r#"{two},{{"type":"code_execution_20250825","name":"code_execution"}}"#)), None);
    assert_eq!(with(&two, r#","mcp_servers":[{}]"#), None);
    assert_eq!(openai(r#","tools":[{"type":"web_search_20250305","max_uses":2}]"#).expect("good").searches(), None);
}

#[test]
fn fields_that_cost_extra_are_named() {
    let by = |rest: &str| openai(rest).expect("good").dearer_by();
    assert_eq!(by(r#","service_tier":"priority""#), Some("service_tier"));
    assert_eq!(by(r#","service_tier":"flex","speed":"standard","inference_geo":"global""#), None);
    assert_eq!(by(r#","speed":"fast""#), Some("speed"));
    assert_eq!(by(r#","inference_geo":"us""#), Some("inference_geo"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama] {
            let _ = WireRequest::parse(format, bytes.clone().into());
        }
    }

    #[test]
    fn bytes_and_body_stay_the_same_thing(
        value in crate::models::wire::testing::json_value(), cap in 0..i64::MAX, name in "[a-z]{1,5}"
    ) {
        let mut body = Map::new();
        body.insert("model".to_owned(), "m".into());
        body.insert("messages".to_owned(), serde_json::json!([{}]));
        body.insert("stream".to_owned(), true.into());
        body.insert("extra".to_owned(), value);
        for format in [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama] {
            let request = WireRequest::from_body(format, body.clone()).expect("good");
            let changed =
                request.with_model(&name).with_max_output(cap, CapField::MaxTokens).with_usage_asked();
            let read = WireRequest::parse(format, changed.bytes().clone()).expect("still good");
            prop_assert_eq!(read.body(), changed.body());
            prop_assert_eq!(read.max_output(), Some(cap));
        }
    }
}
