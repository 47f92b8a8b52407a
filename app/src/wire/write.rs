//! Values → text: JSON for calls and other tabs, URL encoding for the calls that plain forms can make, too.

use std::fmt;

/// What can be written as JSON.
pub trait Write {
    fn write(&self, out: &mut String);
}

/// Writes an object member by member.
pub struct Object {
    pub text: String,
}

impl Default for Object {
    fn default() -> Self {
        Self { text: String::from("{") }
    }
}

impl Object {
    #[must_use]
    pub fn with(mut self, name: &str, value: &dyn Write) -> Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        name.write(&mut self.text);
        self.text.push(':');
        value.write(&mut self.text);
        self
    }

    /// The object so far, closed.
    #[must_use]
    pub fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// The fields of a form: `application/x-www-form-urlencoded` (WHATWG URL §5.2).
#[derive(Default)]
pub struct Form {
    pub text: String,
}

/// What can be a field of a form; `None` leaves it out.
pub trait Field {
    fn add(&self, name: &str, form: &mut Form);
}

impl<T: fmt::Display> Field for T {
    fn add(&self, name: &str, form: &mut Form) {
        form.push(name, &self.to_string());
    }
}

impl Form {
    #[must_use]
    pub fn with(mut self, name: &str, value: &dyn Field) -> Self {
        value.add(name, &mut self);
        self
    }

    #[must_use]
    pub fn with_some<T: Field>(self, name: &str, value: Option<&T>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn push(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        escape(name, &mut self.text);
        self.text.push('=');
        escape(value, &mut self.text);
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

impl Write for str {
    fn write(&self, out: &mut String) {
        out.push('"');
        for c in self.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\0'..='\x1f' => {
                    let code = c as usize;
                    out.push_str("\\u00");
                    out.push(char::from(HEX[code >> 4]));
                    out.push(char::from(HEX[code & 15]));
                }
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

impl Write for &str {
    fn write(&self, out: &mut String) {
        (*self).write(out);
    }
}

impl Write for String {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}

impl Write for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Write for $number {
            fn write(&self, out: &mut String) {
                out.push_str(&self.to_string());
            }
        })*
    };
}
numbers!(i32, i64, u32, u64);

impl<T: Write> Write for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }
}

impl<T: Write> Write for Vec<T> {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (place, value) in self.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            value.write(out);
        }
        out.push(']');
    }
}

impl<A: Write, B: Write> Write for (A, B) {
    fn write(&self, out: &mut String) {
        out.push('[');
        self.0.write(out);
        out.push(',');
        self.1.write(out);
        out.push(']');
    }
}
