//! What a profile changes about a request, in each format: instructions that come first, and whether it brings tools.

use serde_json::{Value, json};

use super::{WireFormat, WireRequest, given, json};

impl WireRequest {
    /// With instructions before the request's own. They stand at the very start, so that a provider's cache of the
    /// beginning serves every request of the profile; what the client wrote keeps its bytes.
    #[must_use]
    pub fn with_instructions(self, text: &str) -> Self {
        if text.is_empty() {
            return self;
        }
        match self.format {
            WireFormat::OpenAi | WireFormat::Ollama => {
                self.with_first("messages", json!({"role": "system", "content": text}))
            }
            WireFormat::Anthropic => match given(&self.body, "system") {
                Some(Value::Array(_)) => self.with_first("system", json!({"type": "text", "text": text})),
                Some(Value::String(own)) => {
                    let both = format!("{text}\n\n{own}");
                    self.with_field("system", Some(both.into()))
                }
                // Neither text nor a list: the provider says so itself.
                Some(_) => self,
                None => self.with_field("system", Some(text.into())),
            },
        }
    }

    /// Whether the model is given tools, or is to use some that its provider runs.
    #[must_use]
    pub fn brings_tools(&self) -> bool {
        let has = |field: &str| given(&self.body, field).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        // `functions`: OpenAI's older name.
        has("tools") || has("functions") || self.server_tool().is_some()
    }

    /// With `item` before all others of the list in `field`, whose bytes stay.
    fn with_first(self, field: &str, item: Value) -> Self {
        let mut values = given(&self.body, field).and_then(Value::as_array).cloned().unwrap_or_default();
        let raw = json::raw_field(&self.bytes, field).unwrap_or("[]").trim_start();
        let rest = raw.strip_prefix('[').unwrap_or("]");
        let between = if values.is_empty() { "" } else { "," };
        let written = format!("[{item}{between}{rest}");
        values.insert(0, item);
        self.with_written(field, Value::Array(values), &written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(format: WireFormat, body: &str) -> WireRequest {
        WireRequest::parse(format, body.to_owned().into()).expect("a good request")
    }

    fn with(format: WireFormat, body: &str) -> String {
        let changed = request(format, body).with_instructions("Be \"kind\".");
        let again = request(format, std::str::from_utf8(changed.bytes()).expect("text"));
        assert_eq!(changed.body(), again.body(), "the bytes say the same");
        String::from_utf8(changed.bytes().to_vec()).expect("text")
    }

    #[test]
    fn instructions_come_first_in_every_format() {
        let chat = r#"{"model":"m","messages": [ {"role":"user","content":"\u00e9 1.0"} ],"x":1.50}"#;
        for format in [WireFormat::OpenAi, WireFormat::Ollama] {
            assert_eq!(
                with(format, chat),
                r#"{"model":"m","messages":[{"content":"Be \"kind\".","role":"system"}, {"role":"user","content":"\u00e9 1.0"} ],"x":1.50}"#
                    .replace(r#"{"content":"Be \"kind\".","role":"system"}"#, &json!({"role": "system", "content": "Be \"kind\"."}).to_string())
            );
        }
        let own = |system: &str| {
            let body = format!(
                r#"{{"model":"m","max_tokens":5,"system":{system},"messages":[{{"role":"user","content":"x"}}]}}"#
            );
            let text = with(WireFormat::Anthropic, &body);
            let value: Value = serde_json::from_str(&text).expect("JSON");
            value.get("system").cloned().expect("a system prompt")
        };
        assert_eq!(own("null"), json!("Be \"kind\"."));
        assert_eq!(own("\"Mine.\""), json!("Be \"kind\".\n\nMine."));
        let cached = r#"[{"type":"text","text":"Mine.","cache_control":{"type":"ephemeral"}}]"#;
        let blocks = own(cached);
        assert_eq!(blocks[0], json!({"type": "text", "text": "Be \"kind\"."}));
        assert_eq!(blocks[1]["cache_control"]["type"], "ephemeral");
        assert_eq!(own("[]"), json!([{"type": "text", "text": "Be \"kind\"."}]));
        let unchanged = request(WireFormat::OpenAi, chat).with_instructions("");
        assert_eq!(unchanged.bytes().as_ref(), chat.as_bytes());
    }

    #[test]
    fn tools_are_seen_however_they_are_brought() {
        let brings = |more: &str| {
            let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}]{more}}}"#);
            request(WireFormat::OpenAi, &body).brings_tools()
        };
        assert!(!brings("") && !brings(r#","tools":[]"#) && !brings(r#","tools":null,"tool_choice":"none""#));
        assert!(brings(r#","tools":[{"type":"function","function":{"name":"f"}}]"#));
        assert!(brings(r#","functions":[{"name":"f"}]"#));
        assert!(brings(r#","web_search_options":{}"#));
    }
}
