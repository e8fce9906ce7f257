//! What `decrypt` says in the end: a table for people, JSON for scripts, and the exit code.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::net::SocketAddr;

use serde::Serialize;

use super::direction::{Direction, Protection, Shown};
use super::engine::Judged;
use super::sink::Written;
use super::stream::Stream;
use crate::calls::{Exchange, Outcome};
use crate::cli::Common;
use crate::failure::Exit;
use crate::rtp::Kind;
use crate::table::{Align, Cell, Table, style};

/// Streams that nothing announces and nothing opens are listed from this many packets on; below,
/// they are stray datagrams that happen to look like RTP.
const WORTH_A_LINE: u64 = 10;

type Id = (SocketAddr, SocketAddr, Kind, u32);

/// All there is to say.
pub struct Report<'a> {
    directions: &'a [Direction],
    exchanges: &'a [Exchange],
    streams: Vec<Line>,
}

struct Line {
    stream: Stream,
    direction: Option<usize>,
    opened: BTreeMap<usize, u64>,
    written: Written,
}

impl<'a> Report<'a> {
    /// Puts together what was found.
    pub fn new(
        directions: &'a [Direction],
        exchanges: &'a [Exchange],
        streams: Vec<Judged>,
    ) -> Self {
        let mut lines = Vec::new();
        for Judged { mut stream, direction, opened } in streams {
            if !stream.known {
                if stream.packets < WORTH_A_LINE {
                    continue;
                }
                if exchanges.is_empty() {
                    stream.find("none of the keys given opens it");
                } else {
                    stream.find(
                        "no SDP in the capture names these addresses, and no key in it opens it",
                    );
                    // Nobody said that it should open.
                    stream.failed = 0;
                }
            }
            lines.push(Line { stream, direction, opened, written: Written::default() });
        }
        // The streams of a call together, media before its control.
        lines.sort_by_key(|line| {
            let direction = line.direction.and_then(|at| directions.get(at));
            let media = direction.map_or((usize::MAX, 0), |known| (known.call, known.media));
            (media, line.stream.kind)
        });
        Self { directions, exchanges, streams: lines }
    }

    /// Adds what was written of each stream.
    pub fn attach(&mut self, mut written: HashMap<Id, Written>) {
        for Line { stream, written: of_it, .. } in &mut self.streams {
            let id = (stream.src, stream.dst, stream.kind, stream.ssrc);
            *of_it = written.remove(&id).unwrap_or_default();
        }
    }

    /// Whether there is no stream to speak of.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    fn known(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter().map(|line| &line.stream).filter(|stream| stream.known)
    }

    fn sum(&self, count: impl Fn(&Stream) -> u64) -> u64 {
        self.known().map(count).sum()
    }

    /// Whether a call was refused and none was answered.
    pub fn refused(&self) -> bool {
        let refused = |exchange: &Exchange| matches!(exchange.outcome, Outcome::Refused { .. });
        let answered = |exchange: &Exchange| matches!(exchange.outcome, Outcome::Answered { .. });
        self.exchanges.iter().any(refused) && !self.exchanges.iter().any(answered)
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        let plain = |stream: &Stream| {
            if stream.suite.is_none() && stream.kind == Kind::Rtp { stream.plain } else { 0 }
        };
        if self.sum(|stream| stream.failed) > 0 || self.refused() {
            Exit::Refused
        } else if self.sum(plain) > 0 {
            Exit::Plain
        } else if self.sum(|stream| stream.decrypted) == 0 {
            Exit::Refused
        } else {
            Exit::Secured
        }
    }

    /// The document of the contract.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let streams = self.streams.iter().map(JsonStream::new).collect();
        serde_json::to_writer(&mut *out, &Json { streams })?;
        writeln!(out)
    }

    /// The table, the verdict before it and the details after it.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn human(&self, common: Common, out: &mut dyn Write) -> io::Result<()> {
        self.verdict(out)?;
        if !self.streams.is_empty() {
            write!(out, "\n{}", self.table())?;
        }
        self.details(out)?;
        self.keys(common, out)?;
        self.files(out)
    }

    fn verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        let decrypted =
            |kind| self.sum(|stream| if stream.kind == kind { stream.decrypted } else { 0 });
        let (rtp, rtcp) = (decrypted(Kind::Rtp), decrypted(Kind::Rtcp));
        let failed = self.sum(|stream| stream.failed);
        let clear = self.sum(|stream| if stream.suite.is_some() { stream.plain } else { 0 });
        let plain = self.sum(|stream| if stream.suite.is_none() { stream.plain } else { 0 });
        let (color, word) = match self.exit() {
            Exit::Secured => (style::GOOD, "Decrypted"),
            Exit::Plain => (style::NOTE, "Not secured"),
            _ if self.streams.is_empty() && self.refused() => (style::BAD, "Refused"),
            _ if rtp + rtcp == 0 => (style::BAD, "Nothing decrypted"),
            _ => (style::BAD, "Not all decrypted"),
        };
        write!(out, "{color}{word}{color:#}: ")?;
        if self.streams.is_empty() {
            return writeln!(out, "there is no RTP or RTCP.");
        }
        let mut parts = Vec::new();
        if rtp + rtcp > 0 {
            let verb = if self.exit() == Exit::Secured { "" } else { " decrypted" };
            parts.push(format!("{rtp} RTP and {rtcp} RTCP packets{verb}"));
        }
        if failed > 0 {
            parts.push(format!("{} failed authentication", counted(failed, "packet")));
        }
        if plain > 0 {
            parts.push(format!("{} plain, as was agreed", counted(plain, "packet")));
        }
        if clear > 0 {
            let packets = counted(clear, "RTCP packet");
            parts.push(format!("{packets} in the clear on a secured stream"));
        }
        if parts.is_empty() {
            parts.push("no stream belongs to a call with a key".to_owned());
        }
        writeln!(out, "{}.", parts.join("; "))
    }

    fn table(&self) -> Table {
        use Align::{Left, Right};
        let mut table = Table::new(&[
            ("STREAM", Left),
            ("SSRC", Left),
            ("KIND", Left),
            ("PACKETS", Right),
            ("DECRYPTED", Right),
            ("PLAIN", Right),
            ("FAILED", Right),
            ("REPLAYED", Right),
            ("LOST", Right),
            ("ROC", Right),
            ("SUITE", Left),
        ]);
        for Line { stream, .. } in &self.streams {
            let suite = match stream.suite {
                Some(suite) => Cell::from(suite.name()),
                None => Cell::styled("none", style::NOTE),
            };
            let rtp = stream.kind == Kind::Rtp;
            let of_rtp = |number: u64, style| {
                if rtp { Cell::count(number, style) } else { Cell::styled("-", style::QUIET) }
            };
            table.row([
                format!("{} → {}", stream.src, stream.dst).into(),
                format!("0x{:08x}", stream.ssrc).into(),
                stream.kind.name().into(),
                stream.packets.into(),
                Cell::count(stream.decrypted, style::GOOD),
                Cell::count(stream.plain, style::NOTE),
                Cell::count(stream.failed, style::BAD),
                Cell::count(stream.replayed, style::NOTE),
                of_rtp(stream.lost(), style::NOTE),
                of_rtp(stream.roc.into(), style::NOTE),
                suite,
            ]);
        }
        table
    }

    fn details(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut sentences = Vec::new();
        for Line { stream, written, .. } in &self.streams {
            let who = format!("{} → {} {}", stream.src, stream.dst, stream.kind);
            if let Some(diagnosis) = stream.diagnosis() {
                let color = if stream.failed > 0 { style::BAD } else { style::NOTE };
                sentences.push(format!("{color}{who}{color:#}: {diagnosis}."));
            }
            if let (1.., Some(span)) = (stream.plain, stream.in_clear) {
                let color = style::NOTE;
                sentences.push(format!(
                    "{color}{who}{color:#}: {} sent in the clear on a secured stream ({}).",
                    counted(stream.plain, "packet"),
                    span.words()
                ));
            }
            for (payload_type, encoding) in &written.left_out {
                sentences.push(format!(
                    "{who}: no audio of payload type {payload_type}{}; PCMU, PCMA and L16 are written.",
                    if encoding.is_empty() { String::new() } else { format!(" ({encoding})") }
                ));
            }
        }
        for exchange in self.exchanges {
            let name =
                format!("call {} ({}), {}", exchange.call, exchange.call_id, exchange.request);
            match &exchange.outcome {
                Outcome::Refused { status, phrase, place } => sentences.push(format!(
                    "{}{name}{:#}: refused with {status} {phrase} (packet {}).",
                    style::BAD,
                    style::BAD,
                    place.number
                )),
                Outcome::Unanswered => sentences.push(format!(
                    "{name}: the SDP in packet {} has no counterpart in the capture.",
                    exchange.offer.place.number
                )),
                Outcome::Answered { .. } => {}
            }
        }
        if !sentences.is_empty() {
            writeln!(out)?;
        }
        sentences.iter().try_for_each(|sentence| writeln!(out, "{sentence}"))
    }

    /// Which keys did it, under their calls.
    fn keys(&self, common: Common, out: &mut dyn Write) -> io::Result<()> {
        let used = |at: usize| {
            let of = |line: &Line| line.direction == Some(at) || line.opened.contains_key(&at);
            self.streams.iter().any(of)
        };
        let mut last = None;
        for (at, direction) in self.directions.iter().enumerate().filter(|(at, _)| used(*at)) {
            if last.replace(direction.call) != Some(direction.call) {
                let head =
                    match self.exchanges.iter().find(|exchange| exchange.call == direction.call) {
                        Some(exchange) => format!("Call {}, {}", exchange.call, exchange.call_id),
                        None => "Keys given".to_owned(),
                    };
                writeln!(out, "\n{}{head}{:#}", style::HEAD, style::HEAD)?;
            }
            let who = direction.from.map_or("the sender".to_owned(), |from| from.to_string());
            write!(out, "  {} {who}: ", direction.kind)?;
            match &direction.protection {
                Protection::Plain => writeln!(out, "plain RTP")?,
                Protection::Unusable(reason) => writeln!(out, "{reason}")?,
                Protection::Srtp(keying) => {
                    let tag = direction.tag.map_or(String::new(), |tag| format!("tag {tag}, "));
                    let keys: Vec<String> = keying
                        .keys
                        .iter()
                        .map(|key| Shown { key, secret: common.show_keys }.to_string())
                        .collect();
                    write!(out, "{tag}{}, {}", keying.suite, keys.join(", "))?;
                    match self.since(at) {
                        Some(frame) => {
                            writeln!(out, ", from frame {frame} on ({})", direction.request)?
                        }
                        None => writeln!(out)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// From which frame on a key was in use, where a stream had another before.
    fn since(&self, direction: usize) -> Option<u64> {
        let of = |line: &Line| {
            let since = *line.opened.get(&direction)?;
            line.opened.values().any(|&other| other < since).then_some(since)
        };
        self.streams.iter().filter_map(of).min()
    }

    fn files(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut files: Vec<_> = self.streams.iter().flat_map(|line| &line.written.files).collect();
        files.sort();
        files.dedup();
        if !files.is_empty() {
            writeln!(out, "\n{}Written{:#}", style::HEAD, style::HEAD)?;
        }
        files.iter().try_for_each(|file| writeln!(out, "  {}", file.display()))
    }
}

fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[derive(Serialize)]
struct Json {
    streams: Vec<JsonStream>,
}

#[derive(Serialize)]
struct JsonStream {
    src: String,
    dst: String,
    ssrc: String,
    kind: &'static str,
    suite: Option<&'static str>,
    packets: u64,
    decrypted: u64,
    plain: u64,
    failed: u64,
    replayed: u64,
    lost: u64,
    roc: u32,
    diagnosis: Option<String>,
    files: Vec<String>,
}

impl JsonStream {
    fn new(line: &Line) -> Self {
        let stream = &line.stream;
        Self {
            src: stream.src.to_string(),
            dst: stream.dst.to_string(),
            ssrc: format!("0x{:08x}", stream.ssrc),
            kind: stream.kind.name(),
            suite: stream.suite.map(|suite| suite.name()),
            packets: stream.packets,
            decrypted: stream.decrypted,
            plain: stream.plain,
            failed: stream.failed,
            replayed: stream.replayed,
            lost: stream.lost(),
            roc: stream.roc,
            diagnosis: stream.diagnosis(),
            files: line.written.files.iter().map(|file| file.display().to_string()).collect(),
        }
    }
}
