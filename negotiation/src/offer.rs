//! Offers as SDP text, in each of the forms in which SRTP and RTP can be offered together.
//!
//! Read first: RFC 4568 §5.1.1 and §7.1.1, RFC 8643 §3.1, RFC 5939 §3.6.1.

use core::fmt::{self, Write as _};

use sdes_sdp::sdp::{
    Direction, MediaDescription, Profile, SdpWriter, SessionDescription, WriteError,
};
use sdes_sdp::{CryptoAttribute, Emit};

use crate::answer::LocalSession;
use crate::decide::MAX_MEDIA;
use crate::text::SecretText;

/// How a stream is offered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OfferForm {
    /// One plain m-line.
    Rtp,
    /// One secured m-line.
    Srtp,
    /// A secured m-line and a plain one after it.
    SrtpThenRtp,
    /// A plain m-line and a secured one after it.
    RtpThenSrtp,
    /// One plain m-line with crypto lines: opportunistic SRTP (RFC 8643).
    Opportunistic,
    /// One plain m-line with SRTP as its potential configuration: best effort (RFC 5939).
    BestEffort,
}

impl OfferForm {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Rtp,
        Self::Srtp,
        Self::SrtpThenRtp,
        Self::RtpThenSrtp,
        Self::Opportunistic,
        Self::BestEffort,
    ];

    /// Whether crypto lines are in it.
    pub const fn has_srtp(self) -> bool {
        !matches!(self, Self::Rtp)
    }

    /// Whether the stream may become plain RTP.
    pub const fn allows_rtp(self) -> bool {
        !matches!(self, Self::Srtp)
    }
}

/// The order of lines in a secured m-line. It means nothing, but a golden text has only one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Layout {
    /// Crypto lines stand after the formats, not before them.
    pub crypto_last: bool,
    /// `a=sendrecv` is said though it is the default.
    pub says_sendrecv: bool,
}

/// One stream of an offer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OfferedStream<'l> {
    /// `audio` for example.
    pub kind: &'l str,
    /// The form of the offer.
    pub form: OfferForm,
    /// The port of the secured m-line, or of the only one.
    pub port: u16,
    /// The port of a plain alternative; the same or another one.
    pub plain_port: u16,
    /// Whether the profiles are those with feedback, `RTP/SAVPF` and `RTP/AVPF` (RFC 5124).
    pub feedback: bool,
    /// The formats with their `a=rtpmap` encodings, the preferred first.
    pub formats: &'l [(&'l str, &'l str)],
    /// The direction.
    pub direction: Direction,
    /// The crypto lines in the order of preference.
    pub lines: &'l [CryptoAttribute],
    /// The order of lines.
    pub layout: Layout,
}

impl<'l> OfferedStream<'l> {
    /// An audio stream on one port, sent and received.
    pub const fn audio(
        form: OfferForm,
        port: u16,
        formats: &'l [(&'l str, &'l str)],
        lines: &'l [CryptoAttribute],
    ) -> Self {
        Self {
            kind: "audio",
            form,
            port,
            plain_port: port,
            feedback: false,
            formats,
            direction: Direction::SendRecv,
            lines,
            layout: Layout { crypto_last: false, says_sendrecv: false },
        }
    }

    const fn profile(&self, secured: bool) -> Profile<'static> {
        let plain = if self.feedback { Profile::RtpAvpf } else { Profile::RtpAvp };
        if secured { plain.secured() } else { plain }
    }
}

/// Why an offer could not be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum OfferError {
    /// The text could not be written, or a value cannot stand in it.
    Write(WriteError),
    /// SRTP is to be offered without any crypto line.
    NoCryptoLine {
        /// The stream, from 0.
        stream: usize,
    },
    /// Two lines of a stream have one tag (RFC 4568 §5.1.1).
    RepeatedTag {
        /// The tag.
        tag: u32,
    },
    /// A key stands on two lines of the offer (RFC 4568 §6.1).
    RepeatedKey {
        /// The tag of the second one.
        tag: u32,
    },
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Write(error) => error.fmt(f),
            Self::NoCryptoLine { stream } => write!(
                f,
                "stream {} is offered as SRTP, but has no crypto line (RFC 4568 §5.1.1)",
                stream + 1
            ),
            Self::RepeatedTag { tag } => {
                write!(f, "tag {tag} stands on two lines of one stream (RFC 4568 §5.1.1)")
            }
            Self::RepeatedKey { tag } => {
                write!(f, "the key of line {tag} stands in the offer already (RFC 4568 §6.1)")
            }
        }
    }
}

impl core::error::Error for OfferError {}

impl From<WriteError> for OfferError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

/// Writes an offer of these streams, at most [`MAX_MEDIA`].
///
/// ```
/// use sdes_sdp::{Connection, CryptoAttribute, CryptoSuite, MasterKey, Origin, SessionParameters};
/// use srtp_negotiation::{LocalSession, OfferForm, OfferedStream, write_offer};
///
/// let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[7; 30])?; // from a random source
/// let lines = [CryptoAttribute::new(1, key, SessionParameters::default())?];
/// let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.2");
/// let session = LocalSession {
///     origin: Origin {
///         username: "-", session_id: "1", session_version: "1", net_type, addr_type, address,
///     },
///     name: "-",
///     connection: Connection { net_type, addr_type, address },
/// };
/// let audio = OfferedStream::audio(OfferForm::BestEffort, 4000, &[("0", "PCMU/8000")], &lines);
/// let mut offer = String::new();
/// write_offer(&mut offer, &session, &[audio])?;
/// assert!(offer.contains("m=audio 4000 RTP/AVP 0\r\na=tcap:1 RTP/SAVP\r\na=acap:1 crypto:1 AES"));
/// assert!(offer.contains("a=pcfg:1 t=1 a=1\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`OfferError`]; what is wrong with the lines is found before anything is written.
pub fn write_offer(
    out: &mut impl fmt::Write,
    session: &LocalSession<'_>,
    streams: &[OfferedStream<'_>],
) -> Result<(), OfferError> {
    check(streams)?;
    let mut sdp = SdpWriter::new(out);
    sdp.session(&SessionDescription {
        origin: session.origin,
        name: session.name,
        connection: Some(session.connection),
        time: (0, 0),
    })?;
    for stream in streams.iter().take(MAX_MEDIA) {
        use OfferForm::{BestEffort, Opportunistic, Rtp, RtpThenSrtp, Srtp, SrtpThenRtp};
        match stream.form {
            Rtp => media(&mut sdp, stream, stream.port, false)?,
            Srtp => media(&mut sdp, stream, stream.port, true)?,
            SrtpThenRtp => {
                media(&mut sdp, stream, stream.port, true)?;
                media(&mut sdp, stream, stream.plain_port, false)?;
            }
            RtpThenSrtp => {
                media(&mut sdp, stream, stream.plain_port, false)?;
                media(&mut sdp, stream, stream.port, true)?;
            }
            Opportunistic | BestEffort => media(&mut sdp, stream, stream.port, false)?,
        }
    }
    Ok(())
}

fn media<W: fmt::Write>(
    sdp: &mut SdpWriter<W>,
    stream: &OfferedStream<'_>,
    port: u16,
    secured: bool,
) -> Result<(), WriteError> {
    let names = stream.formats.iter().map(|(format, _)| *format);
    let formats: heapless::Vec<&str, 32> = names.take(32).collect();
    sdp.media(&MediaDescription {
        kind: stream.kind,
        port,
        profile: stream.profile(secured).as_str(),
        formats: &formats,
    })?;
    let says_sendrecv = stream.layout.says_sendrecv && secured;
    if stream.direction != Direction::SendRecv || says_sendrecv {
        sdp.direction(stream.direction)?;
    }
    if !stream.layout.crypto_last {
        crypto(sdp, stream, secured)?;
    }
    stream
        .formats
        .iter()
        .filter(|(_, encoding)| !encoding.is_empty())
        .try_for_each(|(format, encoding)| sdp.rtpmap(format, encoding))?;
    if stream.layout.crypto_last {
        crypto(sdp, stream, secured)?;
    }
    Ok(())
}

fn crypto<W: fmt::Write>(
    sdp: &mut SdpWriter<W>,
    stream: &OfferedStream<'_>,
    secured: bool,
) -> Result<(), WriteError> {
    let mut lines = stream.lines.iter();
    if secured || stream.form == OfferForm::Opportunistic {
        return lines.try_for_each(|line| sdp.crypto(&line.line(&Emit::DEFAULT)));
    }
    if stream.form != OfferForm::BestEffort {
        return Ok(());
    }
    let transport = stream.profile(true);
    attribute::<32>(sdp, "tcap", format_args!("1 {transport}"))?;
    let mut list: heapless::String<128> = heapless::String::new();
    for (line, number) in lines.zip(1_usize..) {
        let line = line.attribute(&Emit::DEFAULT);
        // As long as a crypto line with four keys and their MKIs can be.
        attribute::<2048>(sdp, "acap", format_args!("{number} {line}"))?;
        write!(list, "{}{number}", if number == 1 { "" } else { "," })?;
    }
    attribute::<160>(sdp, "pcfg", format_args!("1 t=1 a={list}"))
}

/// Writes an attribute whose value takes at most `N` bytes. The value stays where it is wiped: handed
/// on, it would leave a copy.
fn attribute<const N: usize>(
    sdp: &mut SdpWriter<impl fmt::Write>,
    name: &str,
    value: fmt::Arguments<'_>,
) -> Result<(), WriteError> {
    let mut text = SecretText::<N>::new();
    text.0.write_fmt(value)?;
    sdp.attribute(name, Some(&text.0))
}

/// Every stream with SRTP has a line, no tag twice in a stream, no key twice in the offer.
fn check(streams: &[OfferedStream<'_>]) -> Result<(), OfferError> {
    let secured = || streams.iter().filter(|stream| stream.form.has_srtp());
    for (stream, place) in streams.iter().zip(0..) {
        if stream.form.has_srtp() && stream.lines.is_empty() {
            return Err(OfferError::NoCryptoLine { stream: place });
        }
    }
    for stream in secured() {
        for (line, before) in stream.lines.iter().zip(0..) {
            let earlier = || stream.lines.iter().take(before);
            let tag = line.tag();
            if earlier().any(|other| other.tag() == tag) {
                return Err(OfferError::RepeatedTag { tag });
            }
        }
    }
    let all = || secured().flat_map(|stream| stream.lines);
    for (line, before) in all().zip(0..) {
        if all().take(before).any(|other| other.shares_key_with(line)) {
            return Err(OfferError::RepeatedKey { tag: line.tag() });
        }
    }
    Ok(())
}
