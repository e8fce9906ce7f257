//! A decision written down: the answer as SDP text.
//!
//! Read first: RFC 4568 §5.1.2 and §7.1.2, RFC 3264 §6 and §6.1.

use core::fmt::{self, Write as _};

use sdes_sdp::sdp::{
    Connection, Direction, Media, MediaDescription, Origin, Sdp, SdpWriter, SessionDescription,
    WriteError,
};
use sdes_sdp::{CryptoAttribute, CryptoErrorKind, CryptoLine, Emit, MasterKey, SessionParameters};

use crate::capability::Potential;
use crate::decide::{Decision, MAX_MEDIA, MediaOutcome};
use crate::keys::contains;

/// What the answerer brings to the session level of its answer.
#[derive(Clone, Copy, Debug)]
pub struct LocalSession<'l> {
    /// `o=`, the answerer's own (RFC 3264 §6).
    pub origin: Origin<'l>,
    /// `s=`.
    pub name: &'l str,
    /// `c=`: where it wants to receive.
    pub connection: Connection<'l>,
}

/// What the answerer brings to one m-line.
#[derive(Clone, Copy, Debug)]
pub struct LocalMedia<'l> {
    /// The port it receives on.
    pub port: u16,
    /// The formats it takes of those offered, the preferred first; at least one.
    pub formats: &'l [&'l str],
    /// The direction, as the answerer sees it.
    pub direction: Direction,
    /// For an SRTP m-line the key it sends with: fresh, of the chosen suite, used nowhere else.
    pub key: Option<&'l MasterKey>,
}

/// Why an answer could not be written. Nothing about keys but where they are wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AnswerError {
    /// The text could not be written, or a value cannot stand in it.
    Write(WriteError),
    /// An m-line is accepted and nothing local is given for it.
    MissingMedia {
        /// Its place, from 0.
        index: usize,
    },
    /// An m-line is SRTP and no key is given for it.
    MissingKey {
        /// Its place, from 0.
        index: usize,
    },
    /// The key given for an m-line is of another suite than the one chosen there.
    KeyOfAnotherSuite {
        /// Its place, from 0.
        index: usize,
    },
    /// The key given for an m-line stands in the offer or on another m-line (RFC 4568 §6.1).
    KeyReused {
        /// Its place, from 0.
        index: usize,
    },
    /// A crypto line cannot be made of what was given.
    Crypto(CryptoErrorKind),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Write(error) => error.fmt(f),
            Self::MissingMedia { index } => {
                write!(f, "m-line {} is accepted, but no port is given for it", index + 1)
            }
            Self::MissingKey { index } => {
                write!(f, "m-line {} is SRTP, but no master key is given for it", index + 1)
            }
            Self::KeyOfAnotherSuite { index } => write!(
                f,
                "the master key for m-line {} is of another suite than the one chosen",
                index + 1
            ),
            Self::KeyReused { index } => write!(
                f,
                "the master key for m-line {} stands elsewhere in offer or answer (RFC 4568 §6.1)",
                index + 1
            ),
            Self::Crypto(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AnswerError {}

impl From<WriteError> for AnswerError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

/// The crypto line that accepts an offered one: its tag and suite, its negotiated parameters
/// exactly, the answerer's own key (RFC 4568 §5.1.2).
///
/// # Errors
/// [`CryptoErrorKind`] where the key does not go with the line.
pub fn accepting_line(
    offered: &CryptoLine<'_>,
    key: &MasterKey,
) -> Result<CryptoAttribute, CryptoErrorKind> {
    let offered = offered.meaning().map_err(|error| error.kind)?;
    let parameters = SessionParameters {
        kdr: key.key_derivation_rate(),
        ..SessionParameters::from(offered.policy())
    };
    CryptoAttribute::new(offered.tag(), key.clone(), parameters)
}

/// Writes the answer that [`decide`](crate::decide()) came to: every m-line of the offer in its
/// place, with port 0 where it is refused. `media` goes by the place of the m-line in the offer;
/// what stands there for a refused one is not looked at.
///
/// ```
/// use sdes_sdp::{Connection, Direction, MasterKey, Origin, Sdp};
/// use srtp_negotiation::{LocalMedia, LocalSession, MediaOutcome, Party, StreamPolicy};
/// use srtp_negotiation::{decide, write_answer};
///
/// let offer = Sdp::parse(
///     "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
///      m=audio 9462 RTP/SAVP 0\r\n\
///      a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:Bf4FeMTWgLGkhYm0XikLCMOUBx2UdwkL2rPz0qoJ\r\n",
/// )?;
/// let decision = decide(&offer, &Party::new(StreamPolicy::Required));
/// let MediaOutcome::Srtp { suite, .. } = decision.media()[0].outcome else { panic!() };
///
/// let key = MasterKey::new(suite, &[0x17; 30])?; // from a random source
/// let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.2");
/// let session = LocalSession {
///     origin: Origin {
///         username: "-", session_id: "1", session_version: "1", net_type, addr_type, address,
///     },
///     name: "-",
///     connection: Connection { net_type, addr_type, address },
/// };
/// let local = [LocalMedia {
///     port: 8946, formats: &["0"], direction: Direction::SendRecv, key: Some(&key),
/// }];
/// let mut answer = String::new();
/// write_answer(&mut answer, &offer, &decision, &session, &local)?;
/// assert!(answer.contains("m=audio 8946 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`AnswerError`]; what is wrong with the arguments is found before anything is written.
pub fn write_answer(
    out: &mut impl fmt::Write,
    offer: &Sdp<'_>,
    decision: &Decision<'_>,
    session: &LocalSession<'_>,
    media: &[LocalMedia<'_>],
) -> Result<(), AnswerError> {
    check_keys(offer, decision, media)?;
    let mut sdp = SdpWriter::new(out);
    sdp.session(&SessionDescription {
        origin: session.origin,
        name: session.name,
        connection: Some(session.connection),
        time: (0, 0),
    })?;
    for offered in offer.media() {
        let index = offered.index();
        let decided = decision.at(index);
        match decided.outcome {
            MediaOutcome::Refused | MediaOutcome::Untouched => refuse(&mut sdp, &offered)?,
            MediaOutcome::Rtp => {
                let local = media.get(index).ok_or(AnswerError::MissingMedia { index })?;
                accept(&mut sdp, &offered, local, None, None)?;
            }
            MediaOutcome::Srtp { line, .. } => {
                let local = media.get(index).ok_or(AnswerError::MissingMedia { index })?;
                let key = local.key.ok_or(AnswerError::MissingKey { index })?;
                let crypto = accepting_line(&line, key).map_err(AnswerError::Crypto)?;
                let crypto = Some((&crypto, line.suite_name()));
                accept(&mut sdp, &offered, local, crypto, decided.potential)?;
            }
        }
    }
    Ok(())
}

fn refuse<W: fmt::Write>(sdp: &mut SdpWriter<W>, offered: &Media<'_>) -> Result<(), AnswerError> {
    let formats: heapless::Vec<&str, 32> = offered.formats().take(32).collect();
    Ok(sdp.media(&MediaDescription {
        kind: offered.kind().as_str(),
        port: 0,
        profile: offered.profile().as_str(),
        formats: &formats,
    })?)
}

fn accept<W: fmt::Write>(
    sdp: &mut SdpWriter<W>,
    offered: &Media<'_>,
    local: &LocalMedia<'_>,
    crypto: Option<(&CryptoAttribute, &str)>,
    potential: Option<Potential<'_>>,
) -> Result<(), AnswerError> {
    let profile = potential.map_or(offered.profile(), |potential| potential.profile());
    sdp.media(&MediaDescription {
        kind: offered.kind().as_str(),
        port: local.port,
        profile: profile.as_str(),
        formats: local.formats,
    })?;
    if let Some((crypto, suite_name)) = crypto {
        // The suite goes back as the peer spelt it; some know only their own spelling.
        sdp.crypto(&crypto.line(&Emit { suite_name: Some(suite_name), ..Emit::DEFAULT }))?;
    }
    if let Some(potential) = potential {
        // Number, transport, a list of numbers: longer only where the offer's own list is.
        let mut value: heapless::String<128> = heapless::String::new();
        write!(value, "{potential}").map_err(|_| WriteError::Output)?;
        sdp.attribute("acfg", Some(&value))?;
    }
    for format in local.formats {
        if let Some(encoding) = offered.rtpmap(format) {
            sdp.rtpmap(format, encoding)?;
        }
    }
    if local.direction != Direction::SendRecv {
        sdp.direction(local.direction)?;
    }
    Ok(())
}

/// Every SRTP m-line has a key of its suite that stands nowhere else.
fn check_keys(
    offer: &Sdp<'_>,
    decision: &Decision<'_>,
    media: &[LocalMedia<'_>],
) -> Result<(), AnswerError> {
    let mut used: heapless::Vec<&MasterKey, MAX_MEDIA> = heapless::Vec::new();
    for decided in decision.media() {
        let index = decided.index;
        if !matches!(decided.outcome, MediaOutcome::Srtp { .. } | MediaOutcome::Rtp) {
            continue;
        }
        let local = media.get(index).ok_or(AnswerError::MissingMedia { index })?;
        let MediaOutcome::Srtp { suite, .. } = decided.outcome else {
            continue;
        };
        let key = local.key.ok_or(AnswerError::MissingKey { index })?;
        if key.suite() != suite {
            return Err(AnswerError::KeyOfAnotherSuite { index });
        }
        let in_offer = contains(offer, key);
        if in_offer || used.iter().any(|other| other.same_key_salt(key)) {
            return Err(AnswerError::KeyReused { index });
        }
        // As many places as a decision has m-lines.
        let _ = used.push(key);
    }
    Ok(())
}
