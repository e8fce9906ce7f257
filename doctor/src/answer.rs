//! `answer`: the SDP that a configured party gives to an offer, or its refusal.
//!
//! Read first: RFC 4568 §5.1.2 and §7.1.2, RFC 3264 §6.

use std::io::Write;
use std::net::SocketAddr;

use sdes_sdp::sdp::{Connection, Origin, Sdp};
use serde::Serialize;
use srtp_negotiation::connect::Endpoint;
use srtp_negotiation::{
    Decision, LocalMedia, LocalSession, MediaOutcome, Outcome, answered_direction, decide,
    write_answer,
};

use crate::cli::{AnswerArgs, Common};
use crate::connect::exit;
use crate::failure::{Exit, Failure};
use crate::input::{Input, plainly};
use crate::parties::Loaded;
use crate::table::style::BAD;

#[derive(Serialize)]
struct Json {
    outcome: &'static str,
    status: u16,
    reason: String,
    source: &'static str,
    /// The answer, with its keys; they are what it is for.
    sdp: Option<String>,
}

/// Runs the command. The answer has the keys in it: that is what it is for.
///
/// # Errors
/// An offer or configuration that cannot be read, `--keys` that do not fit, a system without
/// randomness.
pub fn run(args: &AnswerArgs, common: Common, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut input = Input::open(&args.offer)?;
    let (name, text) = (input.name().to_owned(), input.text()?);
    let offer = Sdp::parse(&text).map_err(|error| Failure::input(&name, error))?;
    let party = Loaded::read(&args.party_name, &args.party)?;
    let mut keys = Keys::new(args.keys.as_deref())?;
    let json = party.with(&args.party, |endpoint| {
        let decision = decide(&offer, &endpoint.party());
        let (outcome, reason) = (decision.outcome(), decision.reason());
        let sdp = match outcome {
            Outcome::Rejected => None,
            _ => Some(write(&name, &offer, &decision, &endpoint, args.addr, &mut keys)?),
        };
        Ok((
            outcome,
            Json {
                outcome: outcome.as_str(),
                status: decision.status(),
                reason: reason.to_string(),
                source: reason.source(),
                sdp,
            },
        ))
    });
    let (outcome, json) = json?;
    let written = if common.json {
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
    written.map_err(|error| Failure::input("standard output", plainly(&error)))?;
    Ok(exit(outcome))
}

fn write(
    name: &str,
    offer: &Sdp<'_>,
    decision: &Decision<'_>,
    endpoint: &Endpoint<'_>,
    addr: SocketAddr,
    keys: &mut Keys,
) -> Result<String, Failure> {
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
    let mut text = String::new();
    // All that can be wrong comes from the offer: what an answer repeats of it.
    write_answer(&mut text, offer, decision, &session, &local)
        .map_err(|error| Failure::input(name, format!("cannot be answered: {error}")))?;
    Ok(text)
}

/// Key material: what `--keys` gave, else the system's.
struct Keys {
    given: Option<std::vec::IntoIter<u8>>,
}

impl Keys {
    fn new(hex: Option<&str>) -> Result<Self, Failure> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let bytes = |hex: &str| -> Option<Vec<u8>> {
            let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
            let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
            rest.is_empty().then(|| pairs.iter().map(byte).collect())?
        };
        let given = match hex {
            None => None,
            Some(hex) => {
                let bad = || Failure::usage("--keys: not an even number of hex digits");
                Some(bytes(hex).ok_or_else(bad)?.into_iter())
            }
        };
        Ok(Self { given })
    }

    fn fill(&mut self, key: &mut [u8]) -> Result<(), Failure> {
        let Some(given) = &mut self.given else {
            return getrandom::fill(key)
                .map_err(|error| Failure::input("the system's random source", error));
        };
        let (left, needed) = (given.len(), key.len());
        if left < needed {
            return Err(Failure::usage(format!(
                "--keys: {left} bytes are left where the suite needs {needed}"
            )));
        }
        key.iter_mut().zip(given).for_each(|(to, from)| *to = from);
        Ok(())
    }
}
