//! Writing a crypto line: what it says is the attribute's, how it looks is the caller's, because
//! peers are particular about padding, lifetimes and spelling.
//!
//! Read first: RFC 4568 §6.1, §6.3, §9.

use core::fmt;

use srtp_core::{CryptoSuite, MasterKey};

use crate::attribute::CryptoAttribute;
use crate::base64;
use crate::mki;

/// How a lifetime is written (RFC 4568 §6.1). Both forms mean the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum LifetimeForm {
    /// `2^20` where it is a power of two, decimal where not: the form of the RFC's examples.
    #[default]
    Power,
    /// `1048576`.
    Decimal,
}

/// The session parameters an emitted line can have, for [`Emit::order`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // The registered names say it all.
pub enum ParameterName {
    Kdr,
    UnencryptedSrtp,
    UnencryptedSrtcp,
    UnauthenticatedSrtp,
    FecOrder,
    FecKey,
    Wsh,
}

impl ParameterName {
    /// All of them in the order of RFC 4568 §6.3.
    pub const ALL: &'static [Self] = &[
        Self::Kdr,
        Self::UnencryptedSrtp,
        Self::UnencryptedSrtcp,
        Self::UnauthenticatedSrtp,
        Self::FecOrder,
        Self::FecKey,
        Self::Wsh,
    ];
}

/// How a crypto line is written. The default is the form of RFC 4568's own examples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Emit<'a> {
    /// Whether base64 is filled up with `=`. It matters only for suites whose key and salt are no
    /// multiple of three bytes; there some peers refuse a line with, others one without.
    pub padding: bool,
    /// How a lifetime is written, where a key has one.
    pub lifetime: LifetimeForm,
    /// The name of the suite, as the peer spelt it. Ignored unless it is a name of the
    /// attribute's suite.
    pub suite_name: Option<&'a str>,
    /// Session parameters that go first, in this order; the others follow in the RFC's.
    pub order: &'a [ParameterName],
}

impl Emit<'_> {
    /// Padding, powers, registered names, the RFC's order.
    pub const DEFAULT: Self =
        Emit { padding: true, lifetime: LifetimeForm::Power, suite_name: None, order: &[] };
}

impl Default for Emit<'_> {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl CryptoAttribute {
    /// The line to put in an SDP, `a=crypto:1 …`, **with its keys**, without a line ending.
    ///
    /// ```
    /// use sdes_sdp::{CryptoAttribute, CryptoSuite, Emit, MasterKey, SessionParameters};
    ///
    /// let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[0x5a; 30]).unwrap();
    /// let key = key.with_mki(&[0, 0, 0, 1]).unwrap();
    /// let parameters = SessionParameters { unauthenticated_srtp: true, ..Default::default() };
    /// let attribute = CryptoAttribute::new(1, key, parameters)?;
    /// assert_eq!(
    ///     attribute.line(&Emit::default()).to_string(),
    ///     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 \
    ///      inline:WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa|1:4 UNAUTHENTICATED_SRTP",
    /// );
    /// # Ok::<(), sdes_sdp::CryptoErrorKind>(())
    /// ```
    pub const fn line<'a>(&'a self, emit: &Emit<'a>) -> CryptoText<'a> {
        CryptoText { prefix: "a=crypto:", attribute: self, emit: *emit }
    }

    /// The attribute without `a=`, `crypto:1 …`, **with its keys**: the form inside RFC 5939's
    /// `a=acap`.
    pub const fn attribute<'a>(&'a self, emit: &Emit<'a>) -> CryptoText<'a> {
        CryptoText { prefix: "crypto:", attribute: self, emit: *emit }
    }

    /// The attribute's value alone, `1 …`, **with its keys**, for stacks that keep name and value
    /// apart.
    pub const fn value<'a>(&'a self, emit: &Emit<'a>) -> CryptoText<'a> {
        CryptoText { prefix: "", attribute: self, emit: *emit }
    }
}

/// A crypto line ready to be written. Its [`Display`](fmt::Display) writes the keys.
#[derive(Clone, Copy, Debug)]
pub struct CryptoText<'a> {
    prefix: &'static str,
    attribute: &'a CryptoAttribute,
    emit: Emit<'a>,
}

impl fmt::Display for CryptoText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, attribute, emit } = self;
        let suite = attribute.suite();
        let name = emit
            .suite_name
            .filter(|name| CryptoSuite::from_name(name) == Some(suite))
            .unwrap_or(suite.name());
        write!(f, "{prefix}{} {name} ", attribute.tag())?;
        keys(f, attribute.keys(), emit)?;
        let others = ParameterName::ALL.iter().filter(|name| !emit.order.contains(name));
        let ordered = emit.order.iter().enumerate();
        // A name listed twice is written once.
        let first = ordered.filter(|(i, name)| !emit.order.iter().take(*i).any(|n| n == *name));
        first.map(|(_, name)| name).chain(others).try_for_each(|name| self.parameter(f, *name))
    }
}

impl CryptoText<'_> {
    /// The same as a whole line.
    pub(crate) const fn as_line(self) -> Self {
        Self { prefix: "a=crypto:", ..self }
    }

    /// The same as a value alone.
    #[cfg(feature = "sdp-types")]
    pub(crate) const fn as_value(self) -> Self {
        Self { prefix: "", ..self }
    }

    fn parameter(&self, f: &mut fmt::Formatter<'_>, name: ParameterName) -> fmt::Result {
        let parameters = self.attribute.parameters();
        match name {
            ParameterName::Kdr => match parameters.kdr.exponent() {
                Some(exponent) => write!(f, " KDR={exponent}"),
                None => Ok(()),
            },
            ParameterName::UnencryptedSrtp if parameters.unencrypted_srtp => {
                f.write_str(" UNENCRYPTED_SRTP")
            }
            ParameterName::UnencryptedSrtcp if parameters.unencrypted_srtcp => {
                f.write_str(" UNENCRYPTED_SRTCP")
            }
            ParameterName::UnauthenticatedSrtp if parameters.unauthenticated_srtp => {
                f.write_str(" UNAUTHENTICATED_SRTP")
            }
            ParameterName::FecOrder => match parameters.fec_order {
                Some(order) => write!(f, " FEC_ORDER={}", order.name()),
                None => Ok(()),
            },
            ParameterName::FecKey if !self.attribute.fec_keys().is_empty() => {
                f.write_str(" FEC_KEY=")?;
                keys(f, self.attribute.fec_keys(), &self.emit)
            }
            ParameterName::Wsh => match parameters.window_size_hint {
                Some(hint) => write!(f, " WSH={hint}"),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn keys(f: &mut fmt::Formatter<'_>, keys: &[MasterKey], emit: &Emit<'_>) -> fmt::Result {
    keys.iter().enumerate().try_for_each(|(i, key)| {
        f.write_str(if i == 0 { "inline:" } else { ";inline:" })?;
        base64::with_encoded(key.expose_key_salt(), emit.padding, |text| f.write_str(text))?;
        match (key.lifetime(), emit.lifetime) {
            (None, _) => Ok(()),
            (Some(packets), LifetimeForm::Power) if packets.is_power_of_two() => {
                write!(f, "|2^{}", packets.trailing_zeros())
            }
            (Some(packets), _) => write!(f, "|{packets}"),
        }?;
        if key.mki().is_empty() {
            return Ok(());
        }
        write!(f, "|{}:{}", mki::Decimal(key.mki()), key.mki().len())
    })
}
