//! What a file is that was given for a configuration and is none. Says of which kind it looks and how
//! long it is, and repeats no word of it: any may be a password.

use serde::de::IgnoredAny;

use crate::{capture, parties};

/// What was looked for in vain.
const LOOKED_FOR: &str = "a party is a Cisco IOS configuration (voice service voip, dial-peer voice, sip-ua; commands count \
     below the line that opens their mode) or a Polycom sip.cfg (attributes sec.srtp.…)";

/// The sentence for a file of these first bytes and this text.
pub fn sentence(magic: &[u8], text: &str, len: u64) -> String {
    if len == 0 {
        return "is empty, and no configuration".to_owned();
    }
    if text.trim().is_empty() {
        return "has only blanks in it, and no configuration".to_owned();
    }
    if is_utf16(magic, len) {
        return format!("is text in UTF-16, not in UTF-8; {LOOKED_FOR}");
    }
    format!("is {}, and no configuration; {LOOKED_FOR}", kind(magic, text, len))
}

fn kind(magic: &[u8], text: &str, len: u64) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let sip = |line: &str| line.ends_with(" SIP/2.0") || line.starts_with("SIP/2.0 ");
    if capture::is_capture(magic) {
        "a capture (explain and decrypt take those)".to_owned()
    } else if is_binary(text) {
        format!("binary data, {len} bytes")
    } else if text.lines().any(sip) {
        "a log of SIP messages (explain takes those)".to_owned()
    } else if first.starts_with("v=0") {
        "an SDP".to_owned()
    } else if first.starts_with("#!") {
        "a script".to_owned()
    } else if first.starts_with('<') {
        xml(text)
    } else if first.starts_with('{') || serde_json::from_str::<IgnoredAny>(text).is_ok() {
        "JSON".to_owned()
    } else if first.starts_with('!') && lines.all(|line| line.starts_with('!')) {
        format!("{} of comments alone", counted(text.lines().count(), "line"))
    } else {
        let words = counted(first.split_whitespace().count(), "word");
        format!("text of {}, the first of {words}", counted(text.lines().count(), "line"))
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn is_utf16(magic: &[u8], len: u64) -> bool {
    matches!(magic, [0xff, 0xfe, _, 0, ..] | [0xfe, 0xff, 0, ..]) && len.is_multiple_of(2)
}

/// Whether there are characters that no text has, or many bytes that were none.
fn is_binary(text: &str) -> bool {
    let control =
        |c: char| c.is_control() && !c.is_whitespace() && !matches!(c, '\u{1b}' | '\u{1a}');
    let (all, lost) = (text.chars().count(), text.chars().filter(|c| *c == '\u{fffd}').count());
    text.chars().any(control) || lost.saturating_mul(10) > all
}

fn xml(text: &str) -> String {
    match roxmltree::Document::parse(text) {
        Ok(document) => {
            format!("XML with the root <{}>", document.root_element().tag_name().name())
        }
        Err(error) => format!("XML that is broken in line {}", parties::broken_at(text, &error)),
    }
}
