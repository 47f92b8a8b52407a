//! Reading a request the way Ollama does: types are checked, unknown fields are not.

use serde_json::Value;

use crate::{
    formats::Format,
    request::{Images, Request, input_tokens, invalid, kind_of, last_user_text, text_in},
    script::ApiError,
};

/// Reads and checks the body.
pub(crate) fn read(body: &Value) -> Result<Request, ApiError> {
    if !body.is_object() {
        return Err(invalid("invalid character looking for beginning of value"));
    }
    let model = body["model"].as_str().filter(|model| !model.is_empty()).ok_or_else(|| invalid("model is required"))?;
    let is_stream = match &body["stream"] {
        Value::Null => true,
        Value::Bool(is_stream) => *is_stream,
        _ => return Err(wrong_type("stream", "bool")),
    };
    let tools = match &body["tools"] {
        Value::Null => 0,
        Value::Array(tools) => tools.len(),
        _ => return Err(wrong_type("tools", "api.Tools")),
    };
    let none = Vec::new();
    let messages = match &body["messages"] {
        Value::Null => &none,
        Value::Array(messages) => messages,
        _ => return Err(wrong_type("messages", "[]api.Message")),
    };
    let images = check_messages(messages)?;
    let max_tokens = read_cap(&body["options"])?;
    let (user_text, step) = last_user_text(messages);
    let system = messages.iter().filter(|message| message["role"] == "system");
    Ok(Request {
        kind: kind_of(tools, max_tokens),
        max_tokens,
        is_stream,
        system: system.map(|message| text_in(&message["content"])).collect::<Vec<_>>().join("\n"),
        step,
        input_tokens: input_tokens(&[&body["tools"], &body["messages"]], images),
        ..Request::about(Format::Ollama, model, &user_text)
    })
}

/// `options.num_predict`; what is not above zero is no cap.
fn read_cap(options: &Value) -> Result<i64, ApiError> {
    match &options["num_predict"] {
        Value::Null => Ok(i64::MAX),
        Value::Number(number) => {
            // The real one reads a float and cuts it off.
            let cap = number.as_i64().or_else(|| number.as_f64().map(|cap| cap as i64)).unwrap_or(0);
            Ok(if cap > 0 { cap } else { i64::MAX })
        }
        _ => Err(invalid("option \"num_predict\" must be of type integer")),
    }
}

fn check_messages(messages: &[Value]) -> Result<Images, ApiError> {
    let mut images = Images::default();
    for message in messages {
        if !matches!(message["role"].as_str(), Some("system" | "user" | "assistant" | "tool")) {
            return Err(invalid("invalid role: must be system, user, assistant or tool"));
        }
        if !message["content"].is_string() && !message["content"].is_null() {
            return Err(wrong_type("messages.content", "string"));
        }
        for image in message["images"].as_array().into_iter().flatten() {
            images.add(image.as_str().unwrap_or_default(), None)?;
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            if !call["function"]["arguments"].is_object() {
                let place = "messages.tool_calls.function.arguments";
                return Err(wrong_type(place, "api.ToolCallFunctionArguments"));
            }
        }
    }
    Ok(images)
}

fn wrong_type(field: &str, kind: &str) -> ApiError {
    invalid(format!("json: cannot unmarshal value into Go struct field ChatRequest.{field} of type {kind}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::Kind;

    #[test]
    fn a_tool_loop_is_read_and_streams_by_default() {
        let request = read(&json!({"model": "m", "options": {"num_predict": -1}, "made_up": 1, "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "How much?"},
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "t", "arguments": {}}}]},
            {"role": "tool", "tool_name": "t", "content": "5"}
        ]}))
        .expect("valid");
        assert_eq!((request.user_text.as_str(), request.step, request.kind), ("How much?", 1, Kind::Answer));
        assert_eq!((request.is_stream, request.max_tokens, request.system.as_str()), (true, i64::MAX, "Be brief."));
    }

    #[test]
    fn what_the_real_one_cannot_read_is_refused() {
        let why = |body: Value| read(&body).err().map(|error| error.message).unwrap_or_default();
        assert_eq!(why(json!({"messages": []})), "model is required");
        assert!(why(json!({"model": "m", "options": {"num_predict": "x"}})).contains("num_predict"));
        let call = json!({"role": "assistant", "tool_calls": [{"function": {"name": "t", "arguments": "{}"}}]});
        assert!(why(json!({"model": "m", "messages": [call]})).contains("arguments"));
        let parts = json!({"role": "user", "content": [{"type": "text", "text": "x"}]});
        assert!(why(json!({"model": "m", "messages": [parts]})).contains("of type string"));
    }
}
