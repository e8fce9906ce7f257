//! `answer`: the SDP that a configured party gives to an offer, or its refusal.
//!
//! Read first: RFC 4568 §5.1.2 and §7.1.2, RFC 3264 §6.

use std::io::Write;
use std::net::SocketAddr;

use sdes_sdp::sdp::{Connection, Origin, Sdp};
use serde::Serialize;
use srtp_negotiation::connect::Endpoint;
use srtp_negotiation::{
    Decision, LocalMedia, LocalSession, MediaOutcome, Outcome, Party, Reason, answered_direction,
    decide, line_verdicts, write_answer,
};
use zeroize::Zeroizing;

use crate::cli::{AnswerArgs, Common};
use crate::connect::exit;
use crate::dtls;
use crate::failure::{Exit, Failure};
use crate::input::{Input, plainly};
use crate::parties::Loaded;
use crate::secret::Text;
use crate::table::style::BAD;

#[derive(Serialize)]
struct Json<'a> {
    outcome: &'static str,
    status: u16,
    reason: String,
    source: &'static str,
    /// The answer, with its keys; they are what it is for.
    sdp: Option<&'a str>,
}

/// Runs the command: the answer or the refusal to `out`, remarks to `err`. The answer has the keys in
/// it: that is what it is for.
///
/// # Errors
/// An offer or configuration that cannot be read, `--keys` that do not fit, a system without
/// randomness.
pub fn run(
    args: &AnswerArgs,
    common: Common,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let mut input = Input::open(&args.offer)?;
    let (name, text) = (input.name().to_owned(), input.text()?);
    let offer = Sdp::parse(&text).map_err(|error| Failure::input(&name, error))?;
    let party = Loaded::read(&args.party_name, &args.party)?;
    let mut keys = Keys::new(args.keys.as_deref())?;
    let answered = party.with(&args.party, |endpoint| {
        let decision = decide(&offer, &endpoint.party());
        let (outcome, reason) = (outcome(&decision), decision.reason());
        let sdp = match outcome {
            Outcome::Rejected => None,
            _ => Some(write(&name, &offer, &decision, &endpoint, args.addr, &mut keys)?),
        };
        Ok((outcome, reason, sdp))
    });
    let (outcome, reason, sdp) = answered?;
    let json = Json {
        outcome: outcome.as_str(),
        status: if outcome == Outcome::Rejected { 488 } else { 200 },
        reason: place(&offer, &reason) + &reason.to_string(),
        source: reason.source(),
        sdp: sdp.as_deref(),
    };
    let remarks = offer
        .media()
        .filter(dtls::alone_keys)
        .map(|media| format!("{name}: line {}: {}", media.line_number(), dtls::ADVICE));
    let mut written = if common.json {
        serde_json::to_writer(&mut *out, &json)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        match &json.sdp {
            Some(sdp) => write!(out, "{sdp}"),
            None => writeln!(
                out,
                "{BAD}{} Not Acceptable Here{BAD:#}: {} [{}]",
                json.status, json.reason, json.source
            ),
        }
    };
    for remark in remarks {
        if common.json || json.sdp.is_some() {
            // Nobody to tell when standard error is closed.
            let _ = writeln!(err, "{remark}");
        } else {
            written = written.and_then(|()| writeln!(out, "{remark}"));
        }
    }
    written.map_err(|error| Failure::input("standard output", plainly(&error)))?;
    Ok(exit(outcome))
}

/// What the decision comes to here, where nobody does what it leaves to others: DTLS, fax.
fn outcome(decision: &Decision<'_>) -> Outcome {
    let taken = |outcome: &MediaOutcome<'_>| {
        matches!(outcome, MediaOutcome::Srtp { .. } | MediaOutcome::Rtp)
    };
    match decision.media().iter().any(|media| taken(&media.outcome)) {
        true => decision.outcome(),
        false => Outcome::Rejected,
    }
}

/// Where the crypto line stands that is not valid, for its error counts columns alone.
fn place(offer: &Sdp<'_>, reason: &Reason) -> String {
    if !matches!(reason, Reason::Line(_)) {
        return String::new();
    }
    let verdicts = offer.media().flat_map(|media| {
        line_verdicts(&media, const { &Party::ANYTHING }, None).collect::<Vec<_>>()
    });
    let mut these = verdicts.filter(|verdict| verdict.reason == *reason);
    these.next().map(|verdict| format!("line {}, ", verdict.line_number)).unwrap_or_default()
}

fn write(
    name: &str,
    offer: &Sdp<'_>,
    decision: &Decision<'_>,
    endpoint: &Endpoint<'_>,
    addr: SocketAddr,
    keys: &mut Keys,
) -> Result<Text, Failure> {
    let address = addr.ip().to_string();
    let (net_type, addr_type) = ("IN", if addr.is_ipv4() { "IP4" } else { "IP6" });
    let session = LocalSession {
        origin: Origin {
            username: "-",
            session_id: "1",
            session_version: "1",
            net_type,
            addr_type,
            address: &address,
        },
        name: "-",
        connection: Connection { net_type, addr_type, address: &address },
    };
    let (mut master_keys, mut given) = (Vec::new(), Ok(()));
    for (media, number) in decision.media().iter().zip(1..) {
        master_keys.push(match media.outcome {
            MediaOutcome::Srtp { suite, .. } => {
                let mut fill = |key: &mut [u8]| {
                    if given.is_ok() {
                        given = keys.fill(key);
                    }
                };
                Some(endpoint.key(suite, number, &mut fill).map_err(Failure::usage)?)
            }
            _ => None,
        });
    }
    given?;
    let formats: Vec<Vec<&str>> = offer.media().map(|media| media.formats().collect()).collect();
    let mut local = Vec::new();
    for ((media, formats), n) in offer.media().zip(&formats).zip(0_u16..) {
        local.push(LocalMedia {
            // RTP and RTCP take two ports (RFC 3550 §11).
            port: addr.port().saturating_add(2 * n),
            formats,
            direction: answered_direction(media.direction(), media.direction().reversed()),
            key: master_keys.get(usize::from(n)).and_then(Option::as_ref),
        });
    }
    let mut text = Text::default();
    // All that can be wrong comes from the offer: what an answer repeats of it.
    write_answer(&mut text, offer, decision, &session, &local)
        .map_err(|error| Failure::input(name, format!("cannot be answered: {error}")))?;
    Ok(text)
}

/// Key material: what `--keys` gave, else the system's.
struct Keys {
    given: Option<Zeroizing<Vec<u8>>>,
    used: usize,
}

impl Keys {
    fn new(hex: Option<&str>) -> Result<Self, Failure> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let bytes = |hex: &str| -> Option<Vec<u8>> {
            let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
            let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
            // `collect` does not know how many there will be, and would leave some where it grows.
            let mut bytes = Vec::with_capacity(pairs.len());
            pairs.iter().try_for_each(|pair| byte(pair).map(|byte| bytes.push(byte)))?;
            rest.is_empty().then_some(bytes)
        };
        let given = match hex {
            None => None,
            Some(hex) => {
                let bad = || Failure::usage("--keys: not an even number of hex digits");
                Some(Zeroizing::new(bytes(hex).ok_or_else(bad)?))
            }
        };
        Ok(Self { given, used: 0 })
    }

    fn fill(&mut self, key: &mut [u8]) -> Result<(), Failure> {
        let Some(given) = &self.given else {
            return getrandom::fill(key)
                .map_err(|error| Failure::input("the system's random source", error));
        };
        let unused = given.get(self.used..).unwrap_or_default();
        let (left, needed) = (unused.len(), key.len());
        if left < needed {
            return Err(Failure::usage(format!(
                "--keys: {left} bytes are left where the suite needs {needed}"
            )));
        }
        key.iter_mut().zip(unused).for_each(|(to, from)| *to = *from);
        self.used = self.used.saturating_add(needed);
        Ok(())
    }
}
