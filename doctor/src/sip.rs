//! The little of SIP that leads to SDP: start line, the headers that pair an offer with its answer,
//! and the body. Everything else in a message is left alone.
//!
//! Read first: RFC 3261 §7, §7.3.3 (compact forms), §17.1.3 (which response is whose), §20.

use std::fmt;

use crate::secret::Text;

/// First line of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// A request, by its method.
    Request(String),
    /// A response.
    Response {
        /// Status code, 100 to 699.
        status: u16,
        /// Reason phrase as sent.
        phrase: String,
    },
}

/// A SIP message as far as it matters here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Request or response.
    pub start: Start,
    /// `Call-ID`.
    pub call_id: String,
    /// Number in `CSeq`.
    pub cseq: u32,
    /// Method in `CSeq`: the request a response answers.
    pub method: String,
    /// `branch` of the topmost `Via`, empty without one.
    pub branch: String,
    /// `tag` of `From`: who sent the request.
    pub from_tag: String,
    /// `tag` of `To`: which of several forks this is.
    pub to_tag: String,
    /// `Warning`, which says more of a refusal than its status.
    pub warning: Option<String>,
    /// The SDP in the body, out of a multipart body if need be.
    pub sdp: Option<Text>,
}

/// Why something that starts like a SIP message is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SipError {
    /// No `Call-ID` (RFC 3261 §8.1.1.4).
    NoCallId,
    /// No `CSeq` of number and method (RFC 3261 §8.1.1.5).
    NoCSeq,
    /// `Content-Length` promises more than the datagram has (RFC 3261 §18.3).
    Short {
        /// Bytes promised.
        promised: usize,
        /// Bytes there.
        there: usize,
    },
}

impl fmt::Display for SipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCallId => f.write_str("the SIP message has no Call-ID"),
            Self::NoCSeq => f.write_str("the SIP message has no CSeq with a number and a method"),
            Self::Short { promised, there } => write!(
                f,
                "the SIP message announces a body of {promised} bytes and ends after {there}"
            ),
        }
    }
}

impl std::error::Error for SipError {}

const VERSION: &str = "SIP/2.0";

/// The start line of a SIP message, if the text begins with one.
pub fn start_line(text: &str) -> Option<Start> {
    let line = text.split(['\r', '\n']).next()?;
    let (first, rest) = line.split_once(' ')?;
    if first == VERSION {
        let (status, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = status.parse().ok().filter(|status| (100..700).contains(status))?;
        return Some(Start::Response { status, phrase: phrase.trim().to_owned() });
    }
    let method = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_uppercase());
    let request = method && rest.rsplit_once(' ').is_some_and(|(_, version)| version == VERSION);
    request.then(|| Start::Request(first.to_owned()))
}

/// Reads one message out of a datagram. `None` if the datagram does not begin like SIP at all,
/// which for RTP is decided by its first byte.
///
/// # Errors
/// [`SipError`] for something that begins like SIP and cannot be used.
pub fn parse(datagram: &[u8]) -> Option<Result<Message, SipError>> {
    // RFC 3261 §7.5: empty lines before the start line are ignored; they are keep-alives, too.
    let datagram = datagram.trim_ascii_start();
    if !datagram.first()?.is_ascii_uppercase() {
        return None;
    }
    let start = start_line(&Text::lossy(datagram.get(..1024).unwrap_or(datagram)))?;
    Some(message(start, datagram))
}

/// The body length that the header lines of a message promise.
pub fn content_length(head: &str) -> Option<usize> {
    Headers::new(head).get("Content-Length", "l")?.parse().ok()
}

fn message(start: Start, datagram: &[u8]) -> Result<Message, SipError> {
    let (head, body) = split_body(datagram);
    let head = String::from_utf8_lossy(head);
    let headers = Headers::new(&head);
    let call_id = headers.get("Call-ID", "i").ok_or(SipError::NoCallId)?;
    let cseq = headers.get("CSeq", "").ok_or(SipError::NoCSeq)?;
    let (number, method) = cseq.split_once([' ', '\t']).ok_or(SipError::NoCSeq)?;
    let length = headers.get("Content-Length", "l").and_then(|length| length.parse().ok());
    let body = match length {
        Some(promised) => {
            let there = body.len();
            body.get(..promised).ok_or(SipError::Short { promised, there })?
        }
        None => body,
    };
    let kind = headers.get("Content-Type", "c").unwrap_or_default();
    Ok(Message {
        start,
        cseq: number.parse().map_err(|_| SipError::NoCSeq)?,
        method: method.trim().to_owned(),
        branch: headers
            .get("Via", "v")
            .and_then(|via| parameter(&via, "branch"))
            .unwrap_or_default(),
        from_tag: headers.get("From", "f").and_then(|from| tag(&from)).unwrap_or_default(),
        to_tag: headers.get("To", "t").and_then(|to| tag(&to)).unwrap_or_default(),
        warning: headers.get("Warning", ""),
        call_id,
        sdp: sdp_in(&kind, &Text::lossy(body)),
    })
}

fn split_body(message: &[u8]) -> (&[u8], &[u8]) {
    for (blank, width) in [(&b"\r\n\r\n"[..], 4), (&b"\n\n"[..], 2)] {
        let at = message.windows(width).position(|window| window == blank);
        if let Some((head, rest)) = at.and_then(|at| message.split_at_checked(at)) {
            return (head, rest.get(width..).unwrap_or_default());
        }
    }
    (message, &[])
}

/// Header lines, folded ones joined (RFC 3261 §7.3.1).
struct Headers(Vec<String>);

impl Headers {
    fn new(head: &str) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for line in head.lines().skip(1) {
            match lines.last_mut() {
                Some(last) if line.starts_with([' ', '\t']) => {
                    last.push(' ');
                    last.push_str(line.trim());
                }
                _ => lines.push(line.to_owned()),
            }
        }
        Self(lines)
    }

    /// Value of the first header with this name or this compact form (RFC 3261 §7.3.3).
    fn get(&self, name: &str, compact: &str) -> Option<String> {
        self.0.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            let key = key.trim_end();
            let same = key.eq_ignore_ascii_case(name)
                || (!compact.is_empty() && key.eq_ignore_ascii_case(compact));
            same.then(|| value.trim().to_owned())
        })
    }
}

/// A `;name=value` parameter of the first entry of a header value.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let value = value.split([',', '>', ' ']).next()?.trim_matches('"');
        key.trim().eq_ignore_ascii_case(name).then(|| value.to_owned())
    })
}

/// `tag` of a `From` or `To`: a parameter of the header, not of the URI in angle brackets.
fn tag(value: &str) -> Option<String> {
    let parameters = value.rsplit_once('>').map_or(value, |(_, parameters)| parameters);
    parameter(parameters, "tag")
}

/// The SDP in a body: the body itself, or the part of a multipart body (RFC 5621 §3) that is SDP.
fn sdp_in(kind: &str, body: &str) -> Option<Text> {
    let media_type = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type == "application/sdp" || (media_type.is_empty() && body.starts_with("v=")) {
        return (!body.trim().is_empty()).then(|| body.into());
    }
    if !media_type.starts_with("multipart/") {
        return None;
    }
    let boundary = format!("--{}", parameter(kind, "boundary")?);
    body.split(&boundary).skip(1).find_map(|part| {
        let part = part.strip_prefix("\r\n").or_else(|| part.strip_prefix('\n'))?;
        let (head, rest) = split_body(part.as_bytes());
        let headers = Headers::new(&format!("\n{}", String::from_utf8_lossy(head)));
        sdp_in(&headers.get("Content-Type", "c")?, &Text::lossy(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:b@10.77.0.2 SIP/2.0\r\n\
        v: SIP/2.0/UDP 10.77.0.1:5060;branch=z9hG4bK3c;rport, SIP/2.0/UDP x;branch=other\r\n\
        t: <sip:b@10.77.0.2;transport=udp>\r\n\
        From: \"A;tag=no\" <sip:a@10.77.0.1>;tag=71\r\n\
        i: c10f\r\n\
        CSeq:  20977\r\n \tINVITE\r\n\
        c: application/sdp\r\nl: 5\r\n\r\nv=0\r\nrest of the datagram";

    fn parsed(text: &str) -> Message {
        parse(text.as_bytes()).unwrap().unwrap()
    }

    /// RFC 3261 §7.3: compact forms, folding, case, and a body as long as Content-Length says.
    #[test]
    fn compact_and_folded_headers() {
        let message = parsed(INVITE);
        assert_eq!(message.start, Start::Request("INVITE".into()));
        assert_eq!((message.call_id.as_str(), message.cseq), ("c10f", 20977));
        assert_eq!((message.method.as_str(), message.branch.as_str()), ("INVITE", "z9hG4bK3c"));
        assert_eq!((message.to_tag.as_str(), message.sdp.as_deref()), ("", Some("v=0\r\n")));
        let lower = INVITE.replace("CSeq", "cseq").replace("\r\n", "\n").replace("l: 5", "l: 4");
        assert_eq!(parsed(&lower).cseq, 20977);
    }

    #[test]
    fn responses_have_status_phrase_and_warning() {
        let message = parsed(
            "SIP/2.0 488 Not Acceptable Here\r\nVia: SIP/2.0/UDP x;branch=z9\r\nTo: <sip:b@x>;tag=7\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\nWarning: 304 x \"no\"\r\n\r\n",
        );
        assert_eq!(
            message.start,
            Start::Response { status: 488, phrase: "Not Acceptable Here".into() }
        );
        assert_eq!((message.to_tag.as_str(), message.sdp), ("7", None));
        assert_eq!(message.warning.as_deref(), Some("304 x \"no\""));
    }

    #[test]
    fn sdp_is_found_in_a_multipart_body() {
        let message = parsed(
            "INVITE sip:b@x SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
             Content-Type: multipart/mixed;boundary=\"b1\"\r\n\r\n\
             --b1\r\nContent-Type: application/pidf+xml\r\n\r\n<x/>\r\n\
             --b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n--b1--\r\n",
        );
        assert_eq!(message.sdp.as_deref(), Some("v=0\r\ns=-\r\n"));
    }

    /// What is not SIP is not an error; what is SIP and broken says how.
    #[test]
    fn rubbish_and_broken_messages_are_told_apart() {
        for not_sip in [&b""[..], b"\r\n\r\n", b"\x80\x00SIP/2.0 200 OK", b"GET / HTTP/1.1\r\n\r\n"]
        {
            assert_eq!(parse(not_sip), None);
        }
        let broken = |text: &str| parse(text.as_bytes()).unwrap().unwrap_err();
        assert_eq!(broken("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"), SipError::NoCallId);
        assert_eq!(broken("SIP/2.0 200 OK\r\ni: 1\r\nCSeq: x INVITE\r\n\r\n"), SipError::NoCSeq);
        assert_eq!(
            broken(&INVITE.replace("l: 5", "l: 500")),
            SipError::Short { promised: 500, there: 25 }
        );
    }
}
