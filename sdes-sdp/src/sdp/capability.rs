//! Capability negotiation as it stands in an SDP: the numbered transports and attributes on offer,
//! and the configurations made of them. Which one to take is not decided here.
//!
//! Read first: RFC 5939 §3.4.1, §3.4.2, §3.5.1, §3.5.2.

use core::fmt;

use crate::error::CryptoError;
use crate::line::CryptoLine;
use crate::scan::{next_word, pieces, split_once, trim, words};
use crate::sdp::field::{Profile, decimal};

/// A number of a capability or a configuration: 1 to 2^31-1, at most ten digits.
pub(crate) fn number(text: &str) -> Option<u32> {
    decimal(text).filter(|number| text.len() <= 10 && (1..=0x7fff_ffff).contains(number))
}

/// The transports of one `a=tcap`, which are numbered in their order from its number on.
pub(crate) fn transports(value: &str) -> impl Iterator<Item = (u32, Profile<'_>)> + Clone {
    let mut words = words(value);
    let first = words.next().and_then(number);
    let numbered = first.into_iter().flat_map(|first| first..=0x7fff_ffff);
    numbered.zip(words.map(Profile::parse))
}

/// Whether a text is numbers with this separator between them.
fn is_list(text: &str, separator: u8) -> bool {
    pieces(text, separator).all(|piece| number(piece).is_some())
}

/// What is to be deleted, and the alternatives behind it.
fn delete_and_lists(attributes: &str) -> (&str, Option<&str>) {
    match split_once(attributes, b':') {
        Some((delete, lists)) => (delete, Some(lists)),
        None if attributes.starts_with('-') => (attributes, None),
        None => ("", Some(attributes)),
    }
}

/// attribute-config-list of RFC 5939 §3.5.1. A configuration that breaks it must not be used at
/// all: what it insists on would not be known (§3.6.2).
fn is_attribute_list(text: &str) -> bool {
    let (delete, lists) = delete_and_lists(text);
    let is_alternative = |list| match split_once(list, b'[') {
        Some((mandatory, optional)) => {
            let mandatory = mandatory.is_empty()
                || mandatory.strip_suffix(',').is_some_and(|list| is_list(list, b','));
            mandatory && optional.strip_suffix(']').is_some_and(|list| is_list(list, b','))
        }
        None => is_list(list, b','),
    };
    (delete.is_empty() && !text.starts_with(':') || matches!(delete, "-m" | "-s" | "-ms"))
        && lists.is_none_or(|lists| pieces(lists, b'|').all(is_alternative))
}

/// An attribute that may be put to use, `a=acap` (RFC 5939 §3.4.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AttributeCapability<'a> {
    /// Its number, by which configurations name it.
    pub number: u32,
    /// The attribute without `a=`, as in `crypto:1 …`. It can hold a key.
    pub attribute: &'a str,
}

impl<'a> AttributeCapability<'a> {
    /// The value of an `a=acap`, `None` where it is malformed.
    pub fn parse(value: &'a str) -> Option<Self> {
        let of = next_word(value, 0);
        let attribute = trim(value.get(of.end..)?);
        let number = number(of.of(value))?;
        (!attribute.is_empty()).then_some(Self { number, attribute })
    }

    /// The crypto line it is, `None` for any other attribute. Columns count from `crypto:`.
    pub fn crypto(&self) -> Option<Result<CryptoLine<'a>, CryptoError>> {
        self.attribute.starts_with("crypto:").then(|| CryptoLine::parse(self.attribute))
    }
}

/// Without the attribute, which can hold a key.
impl fmt::Debug for AttributeCapability<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttributeCapability").field("number", &self.number).finish_non_exhaustive()
    }
}

/// A potential or the actual configuration, `a=pcfg` or `a=acfg` (RFC 5939 §3.5.1, §3.5.2).
///
/// ```
/// use sdes_sdp::Configuration;
///
/// let potential = Configuration::parse("1 t=4|3 a=-m:1,2,[3,4]|1,7,[5]").unwrap();
/// assert_eq!(potential.number(), 1);
/// assert!(potential.transports().eq([4, 3]));
/// let first = potential.attributes().next().unwrap();
/// assert_eq!(first.delete, "-m");
/// assert!(first.mandatory().eq([1, 2]) && first.optional().eq([3, 4]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Configuration<'a> {
    number: u32,
    transports: &'a str,
    attributes: &'a str,
    needs_extension: bool,
}

impl<'a> Configuration<'a> {
    /// The value of an `a=pcfg` or `a=acfg`, `None` where it is malformed.
    pub fn parse(value: &'a str) -> Option<Self> {
        let mut words = words(value);
        let number = number(words.next()?)?;
        let mut new = Self { number, transports: "", attributes: "", needs_extension: false };
        for word in words {
            match split_once(word, b'=')? {
                ("t", list) if is_list(list, b'|') => new.transports = list,
                ("a", list) if is_attribute_list(list) => new.attributes = list,
                ("t" | "a", _) => return None,
                (name, _) => new.needs_extension |= name.starts_with('+'),
            }
        }
        Some(new)
    }

    /// Its number; the lowest is the most preferred.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether it has an extension that must be understood by whoever takes it. None is here.
    pub const fn needs_extension(&self) -> bool {
        self.needs_extension
    }

    /// The numbers of its transports, alternatives in the order of preference; none where the
    /// transport of the m-line stays.
    pub fn transports(&self) -> impl Iterator<Item = u32> + Clone + use<'a> {
        pieces(self.transports, b'|').filter_map(number)
    }

    /// Its attributes, alternatives in the order of preference.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeAlternative<'a>> + Clone + use<'a> {
        let (delete, lists) = delete_and_lists(self.attributes);
        pieces(lists.unwrap_or_default(), b'|').map(move |list| {
            let (mandatory, optional) = split_once(list, b'[').unwrap_or((list, ""));
            AttributeAlternative { delete, mandatory, optional: optional.trim_end_matches(']') }
        })
    }
}

/// One of a configuration's alternatives for its attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttributeAlternative<'a> {
    /// What of the SDP's own attributes goes: `-m` those of the media section, `-s` those of the
    /// session, `-ms` both, nothing where it is empty.
    pub delete: &'a str,
    mandatory: &'a str,
    optional: &'a str,
}

impl<'a> AttributeAlternative<'a> {
    /// The numbers of the capabilities that must be put to use with it.
    pub fn mandatory(&self) -> impl Iterator<Item = u32> + Clone + use<'a> {
        pieces(self.mandatory, b',').filter_map(number)
    }

    /// The numbers of those that may be left out.
    pub fn optional(&self) -> impl Iterator<Item = u32> + Clone + use<'a> {
        pieces(self.optional, b',').filter_map(number)
    }
}
