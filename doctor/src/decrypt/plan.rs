//! From SDP to directions: which key protects what is sent where.
//!
//! Read first: RFC 4568 §5.1.1 and §5.1.3 (the key in an SDP is the one its author sends under),
//! RFC 3264 §6 (m-lines are paired by place), RFC 3605, RFC 8643 §3.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use sdes_sdp::{Meaning, Media, Sdp, Tolerance};

use super::direction::{Direction, Keying, Protection};
use crate::calls::{Description, Exchange, Outcome};
use crate::dtls;

/// Directions, and what was wrong in the SDP they come from.
#[derive(Debug, Default)]
pub struct Plan {
    /// All directions, in the order of their offers.
    pub directions: Vec<Direction>,
    /// What could not be read, as sentences with packet, line and column.
    pub complaints: Vec<String>,
}

impl Plan {
    /// The directions of every exchange.
    pub fn new(exchanges: &[Exchange]) -> Self {
        let mut plan = Self::default();
        for exchange in exchanges {
            plan.exchange(exchange, |number| format!("packet {number}, SDP"));
        }
        plan
    }

    /// Adds the directions of one exchange; `place` names an SDP by the number of its place.
    pub fn exchange(&mut self, exchange: &Exchange, place: impl Fn(u64) -> String) {
        let Some(offer) = self.parse(&exchange.offer, &place) else {
            return;
        };
        match &exchange.outcome {
            Outcome::Answered { answer, .. } => {
                let Some(answer) = self.parse(answer, &place) else {
                    return;
                };
                for (offered, answered) in offer.media().zip(answer.media()) {
                    if offered.port() != 0 && answered.port() != 0 {
                        self.agreed(exchange, &offered, &answered);
                    }
                }
            }
            // Nobody said which of the offered lines is in use, so each is a candidate.
            Outcome::Refused { .. } | Outcome::Unanswered => {
                for media in offer.media().filter(|media| media.port() != 0) {
                    for (tag, keying) in lines(&media).valid {
                        let protection = Protection::Srtp(keying);
                        self.direction(exchange, &media, None, Some(tag), protection);
                    }
                }
            }
        }
    }

    fn parse<'a>(
        &mut self,
        description: &'a Description,
        place: impl Fn(u64) -> String,
    ) -> Option<Sdp<'a>> {
        let place = place(description.place.number);
        let sdp = match Sdp::parse(&description.text) {
            Ok(sdp) => sdp,
            Err(error) => {
                self.complaints.push(format!("{place} {error}"));
                return None;
            }
        };
        for media in sdp.media() {
            for (line, error) in lines(&media).broken {
                self.complaints.push(format!("{place} line {line}, {error}"));
            }
        }
        Some(sdp)
    }

    /// Both directions of an accepted m-line.
    fn agreed(&mut self, exchange: &Exchange, offered: &Media<'_>, answered: &Media<'_>) {
        let (offer, answer) = (lines(offered), lines(answered));
        // RFC 4568 §5.1.2: crypto in an answer to an offer without any means nothing.
        let asked = !offer.valid.is_empty() || !offer.broken.is_empty();
        if asked && (!answer.valid.is_empty() || !answer.broken.is_empty()) {
            let tags: Vec<u32> = answer.valid.iter().map(|(tag, _)| *tag).collect();
            let chosen: Vec<_> =
                offer.valid.iter().filter(|(tag, _)| tags.contains(tag)).cloned().collect();
            // An answer that renumbers its line leaves open which one it means: all are tried.
            let chosen = if chosen.is_empty() { offer.valid } else { chosen };
            let sides = [
                (offered, answered, chosen, offer.broken),
                (answered, offered, answer.valid, answer.broken),
            ];
            for (from, to, lines, broken) in sides {
                if let (true, Some((line, error))) = (lines.is_empty(), broken.first()) {
                    let reason = format!("no key: line {line} of the sender's SDP, {error}");
                    self.direction(exchange, from, Some(to), None, Protection::Unusable(reason));
                }
                for (tag, keying) in lines {
                    let protection = Protection::Srtp(keying);
                    self.direction(exchange, from, Some(to), Some(tag), protection);
                }
            }
            return;
        }
        let profile = answered.profile();
        let protection = if profile.is_dtls() || dtls::announced(offered, answered) {
            Protection::Unusable("no key: it was agreed on with DTLS, not in SDP (RFC 5764)".into())
        } else if profile.is_plain() {
            Protection::Plain
        } else if profile.is_sdes() {
            Protection::Unusable(format!(
                "no key: {profile} was agreed without a crypto line in the answer (RFC 4568 §5.1.3)"
            ))
        } else {
            return;
        };
        self.direction(exchange, offered, Some(answered), None, protection.clone());
        self.direction(exchange, answered, Some(offered), None, protection);
    }

    fn direction(
        &mut self,
        exchange: &Exchange,
        from: &Media<'_>,
        to: Option<&Media<'_>>,
        tag: Option<u32>,
        protection: Protection,
    ) {
        // RFC 3264 §5.1: payload types are what the receiver says they are.
        let mut names = encodings(from);
        names.extend(to.map(encodings).unwrap_or_default());
        self.directions.push(Direction {
            call: exchange.call,
            request: exchange.request.clone(),
            media: from.index(),
            kind: from.kind().to_string(),
            since: exchange.offer.place.number,
            from: rtp_address(from),
            to: to.and_then(rtp_address),
            to_rtcp: to.and_then(rtcp_address),
            tag,
            protection,
            encodings: names,
        });
    }
}

/// The crypto lines of a media section.
#[derive(Default)]
struct CryptoLinesRead {
    /// Their tags and keys.
    valid: Vec<(u32, Keying)>,
    /// Line number in the SDP and what is wrong there.
    broken: Vec<(usize, sdes_sdp::CryptoError)>,
}

fn lines(media: &Media<'_>) -> CryptoLinesRead {
    let mut read = CryptoLinesRead::default();
    for entry in media.crypto() {
        match entry.parsed.and_then(|line| line.validate(Tolerance::Tolerant)) {
            Ok(Meaning { attribute, .. }) => {
                read.valid.push((attribute.tag(), Keying::new(&attribute)));
            }
            Err(error) => read.broken.push((entry.line_number, error)),
        }
    }
    read
}

/// Address and port for RTP, unless it is a host name or nowhere (a call on hold as in RFC 2543).
fn rtp_address(media: &Media<'_>) -> Option<SocketAddr> {
    let ip = media.connection()?.ip().filter(|ip| !ip.is_unspecified())?;
    Some(SocketAddr::new(ip, media.port()))
}

/// Address and port for RTCP: `a=rtcp`, else the port above RTP's. With `a=rtcp-mux` it comes to
/// RTP's port, which counts anyway.
fn rtcp_address(media: &Media<'_>) -> Option<SocketAddr> {
    let rtp = rtp_address(media)?;
    match media.rtcp() {
        Some(rtcp) => {
            let ip = rtcp.connection.and_then(|connection| connection.ip()).unwrap_or(rtp.ip());
            Some(SocketAddr::new(ip, rtcp.port))
        }
        None => Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?)),
    }
}

fn encodings(media: &Media<'_>) -> BTreeMap<u8, String> {
    let mapped = |format: &str| Some((format.parse().ok()?, media.rtpmap(format)?.to_owned()));
    media.formats().filter_map(mapped).collect()
}

/// A line given on the command line as a direction, or why it is none.
///
/// # Errors
/// As the library says.
pub fn key(line: &str) -> Result<Direction, sdes_sdp::CryptoError> {
    let meaning = sdes_sdp::CryptoLine::parse(line)?.validate(Tolerance::Tolerant)?;
    Ok(Direction::of_key(&meaning.attribute))
}

/// What a direction is called in messages: `call 1 audio`, or `key with tag 1`.
impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.call, self.tag) {
            (0, Some(tag)) => write!(f, "key with tag {tag}"),
            (0, None) => f.write_str(&self.kind),
            (call, _) => write!(f, "call {call} {}", self.kind),
        }
    }
}
