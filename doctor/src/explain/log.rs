//! SIP messages in a text log: whatever a stack, a proxy or a person pasted into a file. Line ends
//! and indentation are often not those of the wire, so lengths are not trusted; the shape is.
//!
//! Read first: RFC 3261 §7, RFC 8866 §5.

use crate::calls::{Calls, Place};
use crate::secret::Text;
use crate::sip;

/// Methods looked for in the middle of a line, where a log puts a time or an arrow before them.
const METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "PRACK",
    "UPDATE",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
];

/// Adds the messages of a log to `calls`; what begins like a message and is none is returned as
/// sentences with line numbers.
pub fn read(text: &str, calls: &mut Calls) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut lines = text.lines().zip(1..).peekable();
    while let Some((line, number)) = lines.next() {
        let Some(at) = start(line) else { continue };
        let (prefix, first) = line.split_at_checked(at).unwrap_or(("", line));
        let mut message = Text::from(first.trim_end());
        let mut in_body = false;
        // Up to the next start line; the body ends where SDP does.
        while let Some((next, _)) = lines.next_if(|(next, _)| start(next).is_none()) {
            let next = next.strip_prefix(prefix).unwrap_or(next).trim_end();
            let next = if prefix.trim().is_empty() && in_body { next.trim_start() } else { next };
            match (in_body, next.is_empty()) {
                (false, true) => in_body = true,
                (true, true) => break,
                (true, false) if !is_sdp_line(next) => break,
                (false, false) if is_length(next) => continue,
                _ => {}
            }
            message.push("\r\n");
            message.push(next);
        }
        message.push("\r\n");
        match sip::parse(message.as_bytes()) {
            Some(Ok(message)) => calls.add(message, Place { number, hop: None }),
            Some(Err(error)) => complaints.push(format!("line {number}: {error}")),
            None => {}
        }
    }
    complaints
}

/// Where in a line a SIP start line begins, if it does.
fn start(line: &str) -> Option<usize> {
    // Most lines of a log are decided by this.
    line.contains("SIP/2.0").then_some(())?;
    let begins = line.char_indices().scan(true, |blank_before, (at, letter)| {
        let begins = *blank_before && !letter.is_whitespace();
        *blank_before = letter.is_whitespace();
        Some((at, begins))
    });
    begins.filter(|(_, begins)| *begins).map(|(at, _)| at).find(|&at| {
        let rest = line.get(at..).unwrap_or_default().trim_end();
        match sip::start_line(rest) {
            Some(sip::Start::Request(method)) => METHODS.contains(&method.as_str()),
            Some(sip::Start::Response { .. }) => true,
            None => false,
        }
    })
}

fn is_sdp_line(line: &str) -> bool {
    let mut letters = line.chars();
    letters.next().is_some_and(|first| first.is_ascii_lowercase()) && letters.next() == Some('=')
        // The second half of a crypto line that was broken in two is worth keeping: it is reported.
        || line.trim_start().starts_with("inline:")
}

fn is_length(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, _)| {
        let name = name.trim();
        name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("l")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Outcome;

    const CALL: &str = "INVITE sip:b@h SIP/2.0\nVia: SIP/2.0/UDP h;branch=1\nCall-ID: c\nCSeq: 1 INVITE\n\
        Content-Type: application/sdp\nContent-Length: 999\n\nv=0\nm=audio 1 RTP/SAVP 0\n\n\
        SIP/2.0 200 OK\nVia: SIP/2.0/UDP h;branch=1\nCall-ID: c\nCSeq: 1 INVITE\n\
        Content-Type: application/sdp\n\nv=0\nm=audio 2 RTP/SAVP 0\n";

    fn answered(log: &str) -> (String, String) {
        let mut calls = Calls::default();
        assert_eq!(read(log, &mut calls), [""; 0]);
        let exchanges = calls.exchanges();
        let Outcome::Answered { answer, .. } = &exchanges[0].outcome else {
            panic!("{exchanges:?}")
        };
        (exchanges[0].offer.text.to_string(), answer.text.to_string())
    }

    /// Bare, indented, prefixed with a bar, with a time before the start line, with other lines
    /// between: the same exchange.
    #[test]
    fn messages_are_found_however_they_are_set() {
        let wanted = answered(CALL);
        assert!(wanted.0.contains("audio 1") && wanted.1.contains("audio 2"), "{wanted:?}");
        let indented = CALL.replace('\n', "\n    ");
        assert_eq!(answered(&format!("    {indented}")), wanted);
        let barred = CALL.replace('\n', "\n| ");
        assert_eq!(answered(&format!("| {barred}")), wanted);
        let timed = CALL
            .replace("INVITE sip", "12:00:01 sent: INVITE sip")
            .replace("SIP/2.0 200", "<-- SIP/2.0 200");
        assert_eq!(answered(&format!("log opened\n{timed}\nlog closed")), wanted);
        assert_eq!(answered(&CALL.replace('\n', "\r\n")), wanted);
    }

    #[test]
    fn broken_messages_are_named_by_line() {
        let complaints = read("x\nSIP/2.0 200 OK\nCall-ID: 1\n\n", &mut Calls::default());
        assert_eq!(complaints, ["line 2: the SIP message has no CSeq with a number and a method"]);
    }
}
