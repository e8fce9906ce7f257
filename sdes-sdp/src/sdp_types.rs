//! To and from the types of the `sdp-types` crate, for programs that keep their SDP in those:
//! crypto lines out of a media section and into one, and whole descriptions. The only part of this
//! crate that allocates.
//!
//! Read first: RFC 4568 §4, RFC 8866 §5.

use std::fmt;
use std::string::{String, ToString};
use std::vec::Vec;

use sdp_types::{AddrType, Attribute, Media, NetType, ParserError, Session};

use crate::emit::CryptoText;
use crate::error::CryptoError;
use crate::line::CryptoLine;
use crate::sdp::{Connection, Remark, RemarkKind, Sdp};

/// The `a=crypto` lines of a media section in their order, each read by itself. Columns count from
/// the tag.
///
/// ```
/// let text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
///     m=audio 2230 RTP/SAVP 0\r\n\
///     a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
/// let session = sdp_types::Session::parse(text.as_bytes())?;
/// let line = sdes_sdp::sdp_types::crypto_lines(&session.medias[0]).next().unwrap()?;
/// assert_eq!(line.tag(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn crypto_lines(media: &Media) -> impl Iterator<Item = Result<CryptoLine<'_>, CryptoError>> {
    let crypto = media.attributes.iter().filter(|attribute| attribute.attribute == "crypto");
    crypto.map(|attribute| CryptoLine::parse(attribute.value.as_deref().unwrap_or_default()))
}

/// An attribute to be pushed to a media section, **with its keys**.
impl From<CryptoText<'_>> for Attribute {
    fn from(text: CryptoText<'_>) -> Self {
        Self { attribute: "crypto".into(), value: Some(text.as_value().to_string()) }
    }
}

impl<'a> From<&'a sdp_types::Connection> for Connection<'a> {
    fn from(connection: &'a sdp_types::Connection) -> Self {
        Self {
            net_type: connection.nettype.as_str(),
            addr_type: connection.addrtype.as_str(),
            address: &connection.connection_address,
        }
    }
}

impl From<Connection<'_>> for sdp_types::Connection {
    fn from(connection: Connection<'_>) -> Self {
        Self {
            nettype: NetType::from(connection.net_type),
            addrtype: AddrType::from(connection.addr_type),
            connection_address: connection.address.into(),
        }
    }
}

/// Why an SDP that was read here is no [`Session`].
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// Its lines are not in the order of RFC 8866 §5, which `sdp-types` must not be given.
    Order(Remark),
    /// `sdp-types` refused it.
    Parser(ParserError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(remark) => remark.fmt(f),
            Self::Parser(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SessionError {}

impl TryFrom<&Sdp<'_>> for Session {
    type Error = SessionError;

    fn try_from(sdp: &Sdp<'_>) -> Result<Self, SessionError> {
        let mut remarks = sdp.remarks();
        if let Some(remark) = remarks.find(|remark| remark.kind == RemarkKind::OutOfOrder) {
            return Err(SessionError::Order(remark));
        }
        Self::parse(sdp.as_str().as_bytes()).map_err(SessionError::Parser)
    }
}

/// The text of a session, to be read by [`Sdp::parse`], **with the keys** that stand in it.
pub fn to_text(session: &Session) -> String {
    let mut text = Vec::new();
    // Writing to a vector does not fail, and all that a session holds is UTF-8.
    let _ = session.write(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}
