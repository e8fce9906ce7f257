//! `packet`: a filter from packets in hex to packets in hex, all through one context. For tests of
//! other programs, and to look at one packet closely.
//!
//! Read first: RFC 3711 §3.1 and §3.3, RFC 5761 §4.

pub mod layout;
pub mod line;
pub mod session;

use std::io::{self, BufRead, Read, Write};

use sdes_sdp::{CryptoAttribute, CryptoSuite, MasterKey};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::{Common, PacketArgs};
use crate::failure::{Exit, Failure};
use crate::input::plainly;
use crate::rtp::Kind;
use crate::secret;
use crate::table::style::{BAD, GOOD, QUIET};

use layout::Layout;
use line::{Directive, Hex, Line, MAX_LINE};
use session::{Refusal, Refused, Rekeyed, Session, Setting, Way};

/// What a line came to, as one line of JSON.
#[derive(Serialize)]
struct Json<'a> {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<&'a Layout>,
}

/// What a line came to.
struct Answer {
    result: Result<String, Refusal>,
    layout: Option<Layout>,
}

/// Runs the command on standard input.
///
/// # Errors
/// A crypto line that is none, keys that do not fit; an input that cannot be read.
pub fn run(args: &PacketArgs, common: Common, out: &mut dyn Write) -> Result<Exit, Failure> {
    filter(args, common, &mut io::stdin().lock(), out)
}

/// The same with any input.
///
/// # Errors
/// As [`run`].
pub fn filter(
    args: &PacketArgs,
    common: Common,
    input: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let mut input = secret::Reader::new(input);
    let mut session = session(args)?;
    let mut exit = Exit::Secured;
    // A line with keys is shorter, so that it is in no other place on the way.
    let mut buffer = Zeroizing::new(Vec::with_capacity(1 << 16));
    for number in 1.. {
        buffer.clear();
        let limit = u64::try_from(MAX_LINE + 2).unwrap_or(u64::MAX);
        let read = Read::take(&mut input, limit).read_until(b'\n', &mut buffer);
        let read = read.map_err(|error| Failure::input("standard input", plainly(&error)))?;
        if read == 0 {
            break;
        }
        if buffer.last() != Some(&b'\n') {
            skip_line(&mut input)
                .map_err(|error| Failure::input("standard input", plainly(&error)))?;
        }
        while matches!(buffer.last(), Some(b'\n' | b'\r')) {
            buffer.pop();
        }
        let Some(answer) = answer(&mut session, args, common, number, &buffer) else { continue };
        exit = exit.max(if answer.result.is_err() { Exit::Refused } else { Exit::Secured });
        let written = say(&answer, common, number, out).and_then(|()| {
            // A filter that somebody talks to answers before it waits for more, and one that is fed
            // does not stop for every line.
            if input.waiting().contains(&b'\n') { Ok(()) } else { out.flush() }
        });
        written.map_err(|error| Failure::input("standard output", plainly(&error)))?;
    }
    Ok(exit)
}

/// What is left of a line that is too long.
fn skip_line(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let waiting = input.fill_buf()?;
        if waiting.is_empty() {
            return Ok(());
        }
        match waiting.iter().position(|&byte| byte == b'\n') {
            Some(at) => {
                input.consume(at + 1);
                return Ok(());
            }
            None => {
                let len = waiting.len();
                input.consume(len);
            }
        }
    }
}

fn session(args: &PacketArgs) -> Result<Session, Failure> {
    let way = match args.way {
        crate::cli::PacketWay::Protect => Way::Protect,
        crate::cli::PacketWay::Unprotect => Way::Unprotect,
    };
    let setting = Setting { way, roc: args.roc, window: args.window, streams: args.streams };
    let attribute = match (&args.crypto, &args.salt_key, &args.suite) {
        (Some(line), _, _) => session::attribute(line)
            .map_err(|error| Failure::usage(format!("--crypto: {error}")))?,
        (None, Some(hex), Some(suite)) => bare(hex, suite)?,
        // clap asks for one or the other.
        _ => return Err(Failure::usage("--crypto LINE, or --salt-key HEX with --suite NAME")),
    };
    Session::new(attribute, setting).map_err(Failure::usage)
}

/// A key and salt without a line around them.
fn bare(hex: &str, suite: &str) -> Result<CryptoAttribute, Failure> {
    let suite = CryptoSuite::from_name(suite).ok_or_else(|| crate::keys::unknown(suite))?;
    let bytes = line::hex(hex.as_bytes())
        .map(Zeroizing::new)
        .map_err(|error| Failure::usage(format!("--salt-key: {error}")))?;
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("--salt-key: {error}"));
    let key = MasterKey::new(suite, &bytes).map_err(|error| wrong(&error))?;
    CryptoAttribute::new(1, key, Default::default()).map_err(|error| wrong(&error))
}

/// What a line comes to; nothing for a comment.
fn answer(
    session: &mut Session,
    args: &PacketArgs,
    common: Common,
    number: u64,
    line: &[u8],
) -> Option<Answer> {
    let mut layout = None;
    let result = match Line::parse(line) {
        Ok(Line::Nothing) => return None,
        Err(error) => Err(Refusal::new(Refused::Malformed, format!("line {number}, {error}"))),
        Ok(Line::Directive(directive)) => obey(session, directive),
        Ok(Line::Packet(mut packet)) => {
            let kind = args.kind(&packet);
            let before = args.explain.then(|| (packet.clone(), session.stream_of(kind, &packet)));
            let done = session.packet(kind, &mut packet);
            if let Some((before, stream)) = before {
                let made = done.is_ok().then_some(&packet[..]);
                let seen = layout::Seen { kind, before: &before, made, stream };
                layout = Some(Layout::of(session, &seen, common.show_keys));
            }
            done.map(|()| Hex(&packet).to_string())
        }
    };
    Some(Answer { result, layout })
}

fn obey(session: &mut Session, directive: Directive<'_>) -> Result<String, Refusal> {
    let none = || "none".to_owned();
    Ok(match directive {
        Directive::SetRoc(ssrc, roc) => {
            session.set_roc(ssrc, roc)?;
            roc.to_string()
        }
        Directive::GetRoc(ssrc) => session.roc(ssrc).map_or_else(none, |roc| roc.to_string()),
        Directive::Remove(ssrc) => match session.remove(ssrc) {
            true => "removed".to_owned(),
            false => none(),
        },
        Directive::Rekey(line) => match session.rekey(line)? {
            Rekeyed::Kept => "same key, roc kept",
            Rekeyed::RocKept => "new key, roc kept",
            Rekeyed::RocZero => "new key, roc 0",
        }
        .to_owned(),
        Directive::Streams => {
            let streams: Vec<String> = session
                .streams()
                .iter()
                .map(|stream| {
                    let index = |index: Option<u64>| {
                        index.map_or_else(|| "-".to_owned(), |index| index.to_string())
                    };
                    format!(
                        "0x{:08x} roc {} rtp {} rtcp {}",
                        stream.ssrc,
                        stream.roc,
                        index(stream.rtp_index),
                        index(stream.rtcp_index.map(u64::from))
                    )
                })
                .collect();
            if streams.is_empty() { none() } else { streams.join(", ") }
        }
    })
}

fn say(answer: &Answer, common: Common, line: u64, out: &mut dyn Write) -> io::Result<()> {
    let Answer { result, layout } = answer;
    if common.json {
        let json = match result {
            Ok(ok) => {
                Json { line, ok: Some(ok), err: None, reason: None, explain: layout.as_ref() }
            }
            Err(refusal) => Json {
                line,
                ok: None,
                err: Some(refusal.kind.name()),
                reason: Some(&refusal.reason),
                explain: layout.as_ref(),
            },
        };
        serde_json::to_writer(&mut *out, &json)?;
        return writeln!(out);
    }
    // As comments, so that the output of one filter is the input of the next.
    if let Some(layout) = layout {
        for told in layout.to_string().lines() {
            writeln!(out, "{QUIET}# {told}{QUIET:#}")?;
        }
    }
    match result {
        Ok(ok) => writeln!(out, "{GOOD}ok{GOOD:#} {ok}"),
        Err(Refusal { kind, reason }) => {
            writeln!(out, "{BAD}err{BAD:#} {}: {reason}", kind.name())
        }
    }
}

impl PacketArgs {
    /// RTP or RTCP: as the options say, or by the second byte (RFC 5761 §4).
    fn kind(&self, packet: &[u8]) -> Kind {
        match (self.rtp, self.rtcp, packet.get(1)) {
            (true, _, _) => Kind::Rtp,
            (_, true, _) | (_, _, Some(192..=223)) => Kind::Rtcp,
            _ => Kind::Rtp,
        }
    }
}
