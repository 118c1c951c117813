//! How times and messages are written.

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::IgnoredAny};

/// An instant, and how far it is from now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct When {
    iso: String,
    text: String,
    distance: String,
}

impl When {
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Self {
        let text = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        Self { iso: at.to_string(), text, distance: distance(at.duration_since(now)) }
    }
}

/// The distance in its largest unit.
fn distance(from_now: SignedDuration) -> String {
    let seconds = from_now.as_secs().unsigned_abs();
    let span = match seconds {
        0 => return "now".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        172_800.. => format!("{} days", seconds / 86_400),
    };
    if from_now.is_negative() { format!("{span} ago") } else { format!("in {span}") }
}

/// JSON with line breaks and indents, and otherwise character for character what it was; other text as it is.
pub(super) fn pretty(text: &str) -> String {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return text.to_owned();
    }
    let mut pretty = Pretty { out: String::with_capacity(text.len() * 2), depth: 0 };
    let (mut in_string, mut escaped) = (false, false);
    for character in text.chars() {
        if in_string {
            pretty.out.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else {
            in_string = character == '"';
            pretty.outside_string(character);
        }
    }
    pretty.out
}

struct Pretty {
    out: String,
    depth: usize,
}

impl Pretty {
    fn outside_string(&mut self, character: char) {
        match character {
            ' ' | '\t' | '\r' | '\n' => {}
            '{' | '[' => {
                self.out.push(character);
                self.depth += 1;
                self.line();
            }
            '}' | ']' => self.close(character),
            ',' => {
                self.out.push(character);
                self.line();
            }
            ':' => self.out.push_str(": "),
            other => self.out.push(other),
        }
    }

    /// What has nothing inside stays on one line.
    fn close(&mut self, bracket: char) {
        self.depth = self.depth.saturating_sub(1);
        let inside = self.out.trim_end().len();
        if self.out[..inside].ends_with(['{', '[']) {
            self.out.truncate(inside);
        } else {
            self.line();
        }
        self.out.push(bracket);
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_have_one_unit() {
        let of = |seconds| distance(SignedDuration::from_secs(seconds));
        let shown = [0, 1, -59, 60, -3_599, 7_300, -172_800].map(of);
        assert_eq!(shown, ["now", "in 1 s", "59 s ago", "in 1 min", "59 min ago", "in 2 h", "2 days ago"]);
    }

    #[test]
    fn json_keeps_its_order_and_its_numbers() {
        let text = r#"{"z":[1,{}, [ ]],"a":"{[,:\"\\","big":12345678901234567890.10,"n":null}"#;
        let shown = "{\n  \"z\": [\n    1,\n    {},\n    []\n  ],\n  \"a\": \"{[,:\\\"\\\\\",\n  \"big\": 12345678901234567890.10,\n  \"n\": null\n}";
        assert_eq!(pretty(text), shown);
        assert_eq!(pretty("{not json"), "{not json");
    }
}
