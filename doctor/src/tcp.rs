//! SIP messages out of TCP: segments put in order and together, messages cut at their
//! `Content-Length`. Memory is bounded however long the capture: only connections that speak SIP are
//! remembered, and of each no more than the message that is under way.
//!
//! Read first: RFC 3261 §18.3 (framing), §7.5; RFC 9293 §3.4 (sequence numbers).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

use crate::net::Segment;
use crate::secret::Bytes;
use crate::sip;

/// Bytes of one direction that are held at most, in order and out of it; SIP messages have a few
/// thousand.
const MAX_HELD: usize = 256 << 10;
/// Segments of one direction that wait for others at most.
const MAX_EARLY: usize = 256;
/// Bytes of header lines at most.
const MAX_HEAD: usize = 64 << 10;
/// Directions that are remembered at most.
const MAX_STREAMS: usize = 4096;
/// Streams that are named at most: those with holes, and those of TLS.
const MAX_NAMED: usize = 8;
/// The port of SIP over TLS (RFC 3261 §18.2.1).
const SIPS: u16 = 5061;

type Ends = (SocketAddr, SocketAddr);

/// One direction of a connection, from the first start line seen on it.
#[derive(Debug)]
struct Stream {
    /// The sequence number of the byte after `ready`.
    next: u32,
    ready: Bytes,
    /// How much of `ready` was searched for the end of the header lines.
    searched: usize,
    /// Bytes without which there is no message.
    wanted: usize,
    /// Segments that came before their time, by their sequence number.
    early: BTreeMap<u32, Bytes>,
    /// Frame of the last segment.
    frame: u64,
}

/// Puts segments together.
#[derive(Debug, Default)]
pub struct Reassembly {
    streams: HashMap<Ends, Stream>,
    complaints: Vec<String>,
    tls: BTreeSet<Ends>,
    crowded: u64,
}

impl Reassembly {
    /// Takes in a segment and hands every message that it completes to `message`.
    pub fn segment(&mut self, segment: &Segment<'_>, mut message: impl FnMut(&[u8])) {
        let ends = (segment.src, segment.dst);
        let Segment { seq, syn, payload, frame, .. } = segment;
        if *syn {
            // A new connection between the same ports.
            self.streams.remove(&ends);
        }
        if payload.is_empty() {
            return;
        }
        let begins = begins(payload);
        if !self.streams.contains_key(&ends) {
            if !begins {
                self.look_for_tls(ends, payload);
                return;
            }
            if self.streams.len() >= MAX_STREAMS {
                self.crowded += 1;
                return;
            }
            self.streams.insert(ends, Stream::new(*seq));
        }
        let Some(stream) = self.streams.get_mut(&ends) else { return };
        stream.frame = *frame;
        stream.take(*seq, payload);
        if stream.held() > MAX_HELD || stream.early.len() > MAX_EARLY {
            if self.complaints.len() < MAX_NAMED {
                self.complaints.push(format!(
                "packet {frame}: bytes are missing in the TCP stream {} → {}; SIP is read again from \
                 the next message on",
                ends.0, ends.1
            ));
            }
            self.streams.remove(&ends);
            return;
        }
        loop {
            match stream.cut() {
                Cut::Message(len) => {
                    message(stream.ready.get(..len).unwrap_or_default());
                    stream.ready.consume(len);
                    (stream.searched, stream.wanted) = (0, 0);
                }
                Cut::More => return,
                Cut::NotSip => break,
            }
        }
        self.streams.remove(&ends);
    }

    fn look_for_tls(&mut self, (src, dst): Ends, payload: &[u8]) {
        // A handshake record of TLS 1.x (RFC 8446 §5.1).
        let handshake = payload.starts_with(&[0x16, 0x03]);
        if handshake && [src.port(), dst.port()].contains(&SIPS) && self.tls.len() < MAX_NAMED {
            self.tls.insert(if src < dst { (src, dst) } else { (dst, src) });
        }
    }

    /// What could not be read, as sentences: messages that the capture has only a part of, TLS.
    pub fn finish(self) -> Vec<String> {
        let mut complaints = self.complaints;
        let mut rest: Vec<_> = self.streams.into_iter().collect();
        rest.sort_by_key(|(_, stream)| stream.frame);
        for ((src, dst), stream) in rest.iter().filter(|(_, stream)| stream.held() > 0) {
            let gap = if stream.early.is_empty() {
                "it ends there".to_owned()
            } else {
                let early: usize = stream.early.values().map(|held| held.len()).sum();
                format!("a segment is missing before {early} further bytes")
            };
            complaints.push(format!(
                "packet {}: of a SIP message over TCP {src} → {dst} only {} bytes are in the capture; \
                 {gap}",
                stream.frame,
                stream.ready.len()
            ));
        }
        for (one, other) in self.tls {
            complaints.push(format!(
                "TLS between {one} and {other}: the SIP in it, and the keys in that, cannot be read"
            ));
        }
        if self.crowded > 0 {
            complaints.push(format!(
                "{} TCP segments of ever more connections are left out",
                self.crowded
            ));
        }
        complaints
    }
}

impl Stream {
    fn new(next: u32) -> Self {
        Self {
            next,
            ready: Bytes::default(),
            searched: 0,
            wanted: 0,
            early: BTreeMap::new(),
            frame: 0,
        }
    }

    fn held(&self) -> usize {
        self.ready.len() + self.early.values().map(|held| held.len()).sum::<usize>()
    }

    /// Takes in what is new in a segment, and what waited for it.
    fn take(&mut self, seq: u32, payload: &[u8]) {
        // What is behind has come before: a retransmission. Its end may still be new.
        let behind = self.next.wrapping_sub(seq);
        if behind < 1 << 31 {
            let old = usize::try_from(behind).unwrap_or(usize::MAX);
            self.append(payload.get(old..).unwrap_or_default());
        } else {
            let longer = self.early.get(&seq).is_none_or(|held| held.len() < payload.len());
            if longer {
                self.early.insert(seq, payload.into());
            }
            return;
        }
        while let Some(seq) = self.due() {
            if let Some(waited) = self.early.remove(&seq) {
                let old = usize::try_from(self.next.wrapping_sub(seq)).unwrap_or(usize::MAX);
                self.append(waited.get(old..).unwrap_or_default());
            }
        }
    }

    /// A segment that waited and whose time has come.
    fn due(&self) -> Option<u32> {
        self.early.keys().copied().find(|seq| self.next.wrapping_sub(*seq) < 1 << 31)
    }

    /// What is at the front. Nothing is looked at twice, however short the segments.
    fn cut(&mut self) -> Cut {
        let bytes = &self.ready;
        if bytes.len() < self.wanted {
            return Cut::More;
        }
        let blank = bytes.len() - bytes.trim_ascii_start().len();
        if blank == bytes.len() {
            return Cut::More;
        }
        let from = self.searched.max(blank);
        let unseen = bytes.get(from..).unwrap_or_default();
        let Some(end) = unseen.windows(4).position(|window| window == b"\r\n\r\n") else {
            let first_look = self.searched == 0 && unseen.contains(&b'\n');
            self.searched = bytes.len().saturating_sub(3).max(blank);
            let wrong = first_look && !begins(unseen) || bytes.len() > MAX_HEAD;
            return if wrong { Cut::NotSip } else { Cut::More };
        };
        let rest = bytes.get(blank..).unwrap_or_default();
        if !begins(rest) {
            return Cut::NotSip;
        }
        let head = String::from_utf8_lossy(bytes.get(blank..from + end).unwrap_or_default());
        // RFC 3261 §18.3: over a stream there has to be one; without it there is no body.
        let length = sip::content_length(&head).unwrap_or(0);
        let len = from.saturating_add(end + 4).saturating_add(length);
        if bytes.len() >= len {
            return Cut::Message(len);
        }
        (self.searched, self.wanted) = (from + end, len);
        Cut::More
    }

    fn append(&mut self, bytes: &[u8]) {
        self.ready.push(bytes);
        let len = u32::try_from(bytes.len()).unwrap_or(0);
        self.next = self.next.wrapping_add(len);
    }
}

/// Whether SIP begins here, perhaps after empty lines (RFC 3261 §7.5).
fn begins(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    let line = bytes.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
    line.len() <= 1024
        && line.first().is_some_and(u8::is_ascii_uppercase)
        && sip::start_line(&String::from_utf8_lossy(line)).is_some()
}

/// What the front of a stream is.
enum Cut {
    /// A whole message of this many bytes, empty lines before it included.
    Message(usize),
    /// The beginning of one, or nothing.
    More,
    /// Something else.
    NotSip,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "INVITE sip:b@h SIP/2.0\r\nCall-ID: 1\r\nl: 5\r\n\r\nv=0\r\n";

    fn ends() -> Ends {
        ("10.0.0.1:40000".parse().unwrap(), "10.0.0.2:5060".parse().unwrap())
    }

    /// Feeds segments given as (sequence number, bytes): how many messages, and what is complained of.
    fn feed(segments: &[(u32, &[u8])]) -> (Vec<String>, Vec<String>) {
        let mut reassembly = Reassembly::default();
        let mut found = Vec::new();
        for ((seq, payload), frame) in segments.iter().zip(1..) {
            let (src, dst) = ends();
            let segment =
                Segment { frame, src, dst, seq: *seq, syn: false, payload: (*payload).into() };
            reassembly.segment(&segment, |message| {
                found.push(String::from_utf8(message.to_vec()).unwrap());
            });
        }
        (found, reassembly.finish())
    }

    /// Cut at every byte, in order, the other way round, with retransmissions that overlap, over the
    /// wrap of the sequence numbers: the same two messages.
    #[test]
    fn messages_are_put_together_however_they_are_cut() {
        let both = [MESSAGE, "\r\n\r\n", MESSAGE].concat().into_bytes();
        let wanted = vec![MESSAGE.to_owned(), format!("\r\n\r\n{MESSAGE}")];
        for start in [0, u32::MAX - 20] {
            let at = |offset: usize| start.wrapping_add(u32::try_from(offset).unwrap());
            for cut in 24..both.len() {
                let (one, two) = both.split_at(cut);
                let straight = feed(&[(at(0), one), (at(cut), two)]);
                assert_eq!(straight, (wanted.clone(), vec![]), "cut at {cut}");
                let (first, middle) = one.split_at(24);
                let swapped = feed(&[
                    (at(0), first),
                    (at(cut), two),
                    (at(0), first),
                    (at(24), middle),
                    (at(20), both.get(20..cut).unwrap()),
                ]);
                assert_eq!(swapped, (wanted.clone(), vec![]), "swapped at {cut}");
            }
        }
    }

    /// What is missing is said; what is not SIP is not remembered.
    #[test]
    fn gaps_and_strangers_are_told_apart() {
        let (found, complaints) = feed(&[(0, &MESSAGE.as_bytes()[..30])]);
        assert!(found.is_empty());
        assert_eq!(
            complaints,
            [
                "packet 1: of a SIP message over TCP 10.0.0.1:40000 → 10.0.0.2:5060 only 30 bytes are in \
              the capture; it ends there"
            ]
        );
        let (_, complaints) = feed(&[(0, &MESSAGE.as_bytes()[..30]), (40, b"x")]);
        assert!(complaints[0].ends_with("a segment is missing before 1 further bytes"));
        let (found, complaints) = feed(&[(0, b"GET / HTTP/1.1\r\n\r\n"), (18, MESSAGE.as_bytes())]);
        assert_eq!((found.len(), complaints.len()), (1, 0));
    }

    /// A hole that never closes does not fill the memory, and SIP after it is read again.
    #[test]
    fn a_hole_is_given_up() {
        let much = vec![b'x'; MAX_HELD];
        let (found, complaints) =
            feed(&[(0, &MESSAGE.as_bytes()[..30]), (100, &much), (1_000_000, MESSAGE.as_bytes())]);
        assert_eq!(found, [MESSAGE]);
        assert!(complaints[0].contains("bytes are missing in the TCP stream"), "{complaints:?}");
    }
}
