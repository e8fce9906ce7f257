//! The grammar of the lines of which nothing is needed but that they are well-formed: where in a
//! value the first fault is. A line that fails here is read, or passed over, as any other.
//!
//! Read first: RFC 8866 §5, §6 and §9; RFC 5939 §3.4, §3.5; RFC 9335 §4.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::scan::{pieces, split_once, words};
use crate::sdp::capability::{AttributeCapability, Configuration, number};
use crate::sdp::error::RemarkKind;
use crate::sdp::field::{Connection, Origin, Rtcp, decimal};

/// A fault: its byte offset in the value of the line, and what it is.
pub(crate) type Fault = Option<(usize, RemarkKind)>;

/// The first fault in the value of a line of this type, apart from what decides whether an SDP can
/// be read at all.
pub(crate) fn fault(letter: u8, value: &str) -> Fault {
    let kind = match letter {
        b'a' => return attribute(value),
        b'c' => return connection(value),
        b'o' => return origin(value),
        // Not a matter of syntax: it must not be there at all.
        b'k' => return Some((0, RemarkKind::KeyField)),
        b'i' | b's' => RemarkKind::EmptyText,
        b'u' => RemarkKind::Uri,
        b'e' => RemarkKind::Email,
        b'p' => RemarkKind::Phone,
        b'b' => RemarkKind::Bandwidth,
        b't' => RemarkKind::Time,
        b'r' => RemarkKind::RepeatTimes,
        b'z' => RemarkKind::TimeZones,
        b'm' => RemarkKind::MediaField,
        _ => return None,
    };
    let at = match letter {
        b'i' | b's' => value.is_empty().then_some(0),
        b'u' => uri(value),
        b'e' => email(value),
        b'p' => phone_number(value),
        b'b' => bandwidth(value),
        b't' => times(value),
        b'r' => repeat(value),
        b'z' => zones(value),
        _ => media(value),
    };
    at.map(|at| (at, kind))
}

/// token-char (RFC 8866 §9).
fn is_token_character(c: u8) -> bool {
    c.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]".contains(&c)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_character)
}

/// Where `text`, a part of `value`, begins in it.
fn offset(value: &str, text: &str) -> usize {
    text.as_ptr().addr().saturating_sub(value.as_ptr().addr()).min(value.len())
}

/// The first of the fields between single spaces that `good`, which also gets its place, refuses;
/// the end of the value where there are fewer than `least`.
fn fields(value: &str, least: usize, good: impl Fn(usize, &str) -> bool) -> Option<usize> {
    let fields = || pieces(value, b' ').enumerate();
    let bad = fields().find(|(place, field)| !good(*place, field));
    let missing = fields().count() < least;
    bad.map(|(_, field)| offset(value, field)).or(missing.then_some(value.len()))
}

fn media(value: &str) -> Option<usize> {
    let bad = words(value).enumerate().find(|(place, word)| match place {
        // The port was read, or the SDP would not be here.
        1 => false,
        2 => !pieces(word, b'/').all(is_token),
        _ => !is_token(word),
    });
    bad.map(|(_, word)| offset(value, word))
}

/// A URI-reference; of RFC 3986 only the characters.
fn uri(value: &str) -> Option<usize> {
    let bytes = value.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let good = |at: usize, c: u8| match c {
        b'%' => hex(at.saturating_add(1)) && hex(at.saturating_add(2)),
        _ => c.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&c),
    };
    let bad = value.bytes().enumerate().find(|(at, c)| !good(*at, *c));
    bad.map(|(at, _)| at)
}

/// What stands before an opening and between it and its closing bracket at the end of the value.
fn bracketed(value: &str, open: u8, close: char) -> Option<(&str, Option<&str>)> {
    let (before, rest) = split_once(value, open)?;
    let safe = |text: &&str| !text.is_empty() && !text.contains(['(', ')', '<', '>']);
    Some((before, rest.strip_suffix(close).filter(safe)))
}

fn email(value: &str) -> Option<usize> {
    let addr_spec = |text: &str| {
        let graphic = text.bytes().all(|c| c.is_ascii_graphic() || !c.is_ascii());
        let (local, domain) = text.rsplit_once('@').unwrap_or_default();
        // A quoted local part can hold blanks.
        !local.is_empty() && !domain.is_empty() && (graphic || local.starts_with('"'))
    };
    let named = |address: &str, spaced: &str| spaced.ends_with(' ') && addr_spec(address);
    let good = match (bracketed(value, b'<', '>'), bracketed(value, b'(', ')')) {
        (Some((name, Some(address))), _) => !name.trim().is_empty() && named(address, name),
        (None, Some((address, Some(_)))) => named(address.trim_end_matches(' '), address),
        (None, None) => addr_spec(value),
        _ => false,
    };
    (!good).then_some(0)
}

fn phone_number(value: &str) -> Option<usize> {
    let phone = |text: &str| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        digits.len() > 1
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|c| c.is_ascii_digit() || c == b' ' || c == b'-')
    };
    let good = match (bracketed(value, b'<', '>'), bracketed(value, b'(', ')')) {
        (Some((name, Some(number))), _) => !name.is_empty() && phone(number),
        (None, Some((number, Some(_)))) => phone(number),
        (None, None) => phone(value),
        _ => false,
    };
    (!good).then_some(0)
}

fn bandwidth(value: &str) -> Option<usize> {
    let Some((kind, figure)) = split_once(value, b':') else {
        return Some(value.len());
    };
    if !is_token(kind) {
        return Some(0);
    }
    (!is_digits(figure)).then(|| offset(value, figure))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())
}

/// Seconds since 1900: ten digits or more, or 0.
fn is_time(text: &str) -> bool {
    text == "0" || text.len() >= 10 && is_digits(text) && !text.starts_with('0')
}

/// Seconds, or a number of days, hours, minutes or seconds.
fn is_typed_time(text: &str) -> bool {
    is_digits(text.strip_suffix(['d', 'h', 'm', 's']).unwrap_or(text))
}

fn times(value: &str) -> Option<usize> {
    fields(value, 2, |place, field| place < 2 && is_time(field))
}

fn repeat(value: &str) -> Option<usize> {
    fields(value, 3, |place, field| is_typed_time(field) && (place > 0 || !field.starts_with('0')))
}

fn zones(value: &str) -> Option<usize> {
    let odd = pieces(value, b' ').count() % 2;
    let good = |place: usize, field: &str| match place % 2 {
        // An adjustment time has no "0".
        0 => is_time(field) && field != "0",
        _ => is_typed_time(field.strip_prefix('-').unwrap_or(field)),
    };
    fields(value, 2, good).or((odd == 1).then_some(value.len()))
}

fn origin(value: &str) -> Fault {
    let Some(origin) = Origin::parse(value) else {
        return Some((0, RemarkKind::Origin));
    };
    let invisible = |c: u8| c <= b' ' || c == 0x7f;
    if let Some(at) = origin.username.bytes().position(invisible) {
        return Some((offset(value, origin.username).saturating_add(at), RemarkKind::UserName));
    }
    let Origin { net_type, addr_type, address, .. } = origin;
    let token = [net_type, addr_type].into_iter().find(|field| !is_token(field));
    let bad = token.or_else(|| (!is_unicast(addr_type, address)).then_some(address));
    bad.map(|field| (offset(value, field), RemarkKind::Address))
}

fn connection(value: &str) -> Fault {
    let Some(connection) = Connection::parse(value) else {
        return Some((0, RemarkKind::Connection));
    };
    let Connection { net_type, addr_type, address } = connection;
    let token = [net_type, addr_type].into_iter().find(|field| !is_token(field));
    let bad = token.or_else(|| (!is_connection_address(addr_type, address)).then_some(address));
    bad.map(|field| (offset(value, field), RemarkKind::Address))
}

/// Whether an address is one of its type; names, and addresses of types that are not known here,
/// may be anything.
fn is_unicast(addr_type: &str, address: &str) -> bool {
    let numeric = address.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    match addr_type {
        "IP4" if numeric => address.parse::<Ipv4Addr>().is_ok(),
        "IP6" if address.contains(':') => address.parse::<Ipv6Addr>().is_ok(),
        "IP4" | "IP6" => is_visible(address) && !address.contains(['/', ':']),
        _ => is_visible(address),
    }
}

/// non-ws-string (RFC 8866 §9).
fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c > b' ' && c != 0x7f)
}

/// RFC 8866 §5.7: an IPv4 multicast address has its time to live, an IPv6 one none. A unicast
/// address needs none, but RFC 4568 §4.5 has one with it, and by the grammar it is an `extn-addr`.
fn is_connection_address(addr_type: &str, address: &str) -> bool {
    let mut parts = pieces(address, b'/');
    let host = parts.next().unwrap_or_default();
    let multicast = match addr_type {
        "IP4" => host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_multicast()),
        "IP6" => host.parse().is_ok_and(|ip: Ipv6Addr| ip.is_multicast()),
        _ => return is_visible(address),
    };
    let ttl = match (addr_type, multicast) {
        ("IP4", true) => parts.next(),
        ("IP4", false) => Some(parts.next().unwrap_or("0")),
        _ => Some("0"),
    };
    let count = parts.next();
    is_unicast(addr_type, host)
        && ttl.and_then(decimal::<u8>).is_some()
        && count.is_none_or(|count| multicast && is_positive(count))
        && parts.next().is_none()
}

fn is_positive(text: &str) -> bool {
    is_digits(text) && !text.starts_with('0')
}

/// Attributes without a value. That of RFC 9335 is among them.
const FLAGS: &[&str] = &[
    "bundle-only",
    "cryptex",
    "end-of-candidates",
    "extmap-allow-mixed",
    "ice-lite",
    "inactive",
    "recvonly",
    "rtcp-mux",
    "rtcp-mux-only",
    "rtcp-rsize",
    "sendonly",
    "sendrecv",
];

fn attribute(value: &str) -> Fault {
    let (name, content) = match split_once(value, b':') {
        Some((name, content)) => (name, Some(content)),
        None => (value, None),
    };
    if !is_token(name) {
        return Some((0, RemarkKind::AttributeName));
    }
    let content_at = name.len().saturating_add(1).min(value.len());
    let good = match content {
        Some("") => false,
        Some(_) if FLAGS.contains(&name) => false,
        Some(content) => is_value(name, content),
        None => FLAGS.contains(&name) || !has_value(name),
    };
    (!good).then_some((content_at, RemarkKind::AttributeValue))
}

/// Whether an attribute of this name is nothing without a value.
fn has_value(name: &str) -> bool {
    !is_value(name, "") || matches!(name, "crypto" | "rtcp-fb" | "group" | "candidate")
}

/// Whether a value is one of its attribute, as far as that is known here. A crypto line has errors
/// of its own.
fn is_value(name: &str, value: &str) -> bool {
    let first = || words(value).next().unwrap_or_default();
    let second = || words(value).nth(1).unwrap_or_default();
    match name {
        "mid" => is_token(value),
        "rtcp" => Rtcp::parse(value).is_some(),
        "setup" => matches!(value, "active" | "passive" | "actpass" | "holdconn"),
        "fingerprint" => {
            let pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|c| c.is_ascii_hexdigit());
            is_token(first()) && pieces(second(), b':').all(pair)
        }
        "ptime" | "maxptime" => is_positive_real(value),
        "rtpmap" => {
            let mut parts = pieces(second(), b'/');
            is_token(first())
                && parts.next().is_some_and(is_token)
                && parts.next().is_some_and(is_positive)
        }
        "fmtp" => is_token(first()) && !second().is_empty(),
        "ssrc" => decimal::<u32>(first()).is_some() && !second().is_empty(),
        "tcap" => {
            number(first()).is_some()
                && words(value).skip(1).all(|protocol| pieces(protocol, b'/').all(is_token))
                && !second().is_empty()
        }
        "acap" => AttributeCapability::parse(value).is_some(),
        "pcfg" | "acfg" => Configuration::parse(value).is_some(),
        _ => true,
    }
}

/// non-zero-int-or-real (RFC 8866 §9).
fn is_positive_real(text: &str) -> bool {
    match split_once(text, b'.') {
        None => is_positive(text),
        Some((whole, part)) => {
            (whole == "0" || is_positive(whole)) && is_digits(part) && !part.ends_with('0')
        }
    }
}
