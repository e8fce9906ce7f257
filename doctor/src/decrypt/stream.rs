//! What is counted and concluded about one stream: the packets of one SSRC between two addresses.

use std::net::SocketAddr;

use sdes_sdp::CryptoSuite;
use srtp_core::wire::RtpHeader;

use crate::rtp::{Kind, Sequence};

/// Where a run of packets was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// First frame.
    pub first: u64,
    /// Last frame.
    pub last: u64,
    /// How many there are.
    pub count: u64,
}

impl Span {
    /// Stretches a span, or begins one, up to a frame.
    pub fn reach(span: &mut Option<Self>, frame: u64) {
        let (first, before) = span.map_or((frame, 0), |span| (span.first, span.count));
        *span = Some(Self { first, last: frame, count: before + 1 });
    }

    /// `frame 3`, `frames 3 and 9` or `frames 3 to 9`.
    pub fn words(self) -> String {
        let Self { first, last, count } = self;
        match count {
            0 | 1 => format!("frame {first}"),
            2 => format!("frames {first} and {last}"),
            _ => format!("frames {first} to {last}"),
        }
    }
}

/// A stream with its counts.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Sender.
    pub src: SocketAddr,
    /// Receiver.
    pub dst: SocketAddr,
    /// Synchronisation source.
    pub ssrc: u32,
    /// RTP or RTCP.
    pub kind: Kind,
    /// Suite of the key that opened it, or that should have.
    pub suite: Option<CryptoSuite>,
    /// All packets.
    pub packets: u64,
    /// Packets that were authenticated and decrypted.
    pub decrypted: u64,
    /// Packets in the clear: all of them where RTP was agreed, else RTCP that was not protected.
    pub plain: u64,
    /// Packets that no key opened.
    pub failed: u64,
    /// Packets that came a second time, or behind the replay window.
    pub replayed: u64,
    /// Which sequence numbers came.
    pub sequence: Sequence,
    /// The rollover counter at the end.
    pub roc: u32,
    /// Whether the signalling, or a key, tells whose stream it is.
    pub known: bool,
    /// What was found out on the way, as sentences.
    pub findings: Vec<String>,
    /// Frames of the packets that failed.
    pub failures: Option<Span>,
    /// Frames of unprotected packets on a secured stream.
    pub in_clear: Option<Span>,
    /// What the lengths of packets that do not open say.
    pub lengths: Lengths,
}

impl Stream {
    /// A stream without packets.
    pub fn new(src: SocketAddr, dst: SocketAddr, kind: Kind, ssrc: u32) -> Self {
        Self {
            src,
            dst,
            ssrc,
            kind,
            suite: None,
            packets: 0,
            decrypted: 0,
            plain: 0,
            failed: 0,
            replayed: 0,
            sequence: Sequence::default(),
            roc: 0,
            known: false,
            findings: Vec::new(),
            failures: None,
            in_clear: None,
            lengths: Lengths::default(),
        }
    }

    /// Packets missing between the first and the last; RTP only.
    pub fn lost(&self) -> u64 {
        self.sequence.lost()
    }

    /// Adds a sentence once.
    pub fn find(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.findings.contains(&sentence) {
            self.findings.push(sentence);
        }
    }

    /// Why the stream is not simply decrypted, or `None` if it is.
    pub fn diagnosis(&self) -> Option<String> {
        let mut sentences = self.findings.clone();
        if let (true, 1.., Some(failures)) = (self.known, self.failed, self.failures) {
            let (failed, frames) = (self.failed, failures.words());
            sentences.push(if self.decrypted > 0 {
                format!(
                    "{failed} of {} packets ({frames}) fail authentication while the others pass: \
                     forged, damaged, or under a key that is not in the capture",
                    self.packets
                )
            } else if let (Kind::Rtp, Some(verdict)) = (self.kind, self.lengths.verdict()) {
                verdict.to_owned()
            } else if sentences.is_empty() {
                "no packet opens: the key is not the one the sender uses; other rollover counters, \
                 MKIs, suites and the keys of other streams were tried too"
                    .to_owned()
            } else {
                String::new()
            });
        }
        sentences.retain(|sentence| !sentence.is_empty());
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }
}

/// For codecs of one byte a sample, the timestamp says how long the payload is without a tag: a
/// stream that was never protected gives itself away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lengths {
    last: Option<(u16, u32)>,
    as_plain: u64,
    longer: u64,
}

impl Lengths {
    /// Looks at a packet of a codec of one byte a sample.
    pub fn look(&mut self, header: &RtpHeader, packet_len: usize) {
        let payload = u32::try_from(packet_len.saturating_sub(header.len)).unwrap_or(u32::MAX);
        if let Some((number, timestamp)) = self.last
            && header.sequence_number == number.wrapping_add(1)
        {
            let step = header.timestamp.wrapping_sub(timestamp);
            self.as_plain += u64::from(payload == step);
            self.longer += u64::from(payload > step && payload - step <= 16 + 128);
        }
        self.last = Some((header.sequence_number, header.timestamp));
    }

    fn verdict(&self) -> Option<&'static str> {
        if self.as_plain > 3 * self.longer && self.as_plain > 0 {
            return Some(
                "not SRTP at all: payloads are exactly as long as their samples, with no room for \
                 an authentication tag",
            );
        }
        (self.longer > 3 * self.as_plain).then_some(
            "wrong key: payloads are longer than their samples, as with SRTP, but no key at hand \
             opens them; other rollover counters, MKIs and suites were tried too",
        )
    }
}
