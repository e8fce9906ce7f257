//! What of IOS is none of our business, and how it is known nevertheless: commands that open modes
//! in which words like `transport` mean something else, and the lines by which IOS is told from
//! other text, since many of these words are English, too.
//!
//! Read first: "Cisco IOS SIP Gateway Signaling Support over TLS Transport", configuration example.

use crate::cisco::keyword::{Words, is};

/// What has to stand behind a command for its line to be one of IOS and nothing else.
enum Behind {
    /// Nothing.
    Nothing,
    /// A decimal number.
    Number,
    /// A place in the machine: `0/0`, `FastEthernet0/0`, `T1 1/0`.
    Place,
    /// A release: `12.4`.
    Release,
    /// One word.
    Name,
    /// One of these keywords.
    OneOf(&'static [&'static str]),
    /// Whatever stands there, the line may be English.
    Unsure,
}

use Behind::{Name, Nothing, Number, OneOf, Place, Release, Unsure};

/// Commands that open a mode of their own.
const OPENERS: &[(&str, Behind)] = &[
    ("interface", Place),
    ("line", OneOf(&["con[sole]", "aux", "vty", "tty"])),
    ("controller", Place),
    ("voice-port", Place),
    ("voice-card", Number),
    ("control-plane", Nothing),
    ("router", OneOf(&["bgp", "eigrp", "isis", "odr", "ospf", "ospfv3", "rip"])),
    ("gateway", Unsure),
    ("telephony-service", Nothing),
    ("call-manager-fallback", Nothing),
    ("ephone", Number),
    ("ephone-dn", Number),
    ("crypto", OneOf(&["ca", "ikev2", "ipsec", "isakmp", "keyring", "pki"])),
    (
        "voice",
        OneOf(&["class", "hunt-group", "register", "translation-profile", "translation-rule"]),
    ),
    ("policy-map", Name),
    ("class-map", OneOf(&["match-all", "match-any", "type"])),
    ("dspfarm", OneOf(&["profile"])),
    ("sccp", OneOf(&["ccm", "local"])),
    ("gatekeeper", Unsure),
    ("vrf", OneOf(&["definition"])),
];

/// Commands that open none and are in every running configuration.
const OTHERS: &[(&str, Behind)] = &[("version", Release)];

/// Whether a command opens a mode that is none of ours.
pub(crate) fn opens(words: Words<'_>) -> bool {
    let mut words = words;
    // With a name behind it `application` is a command of a dial peer.
    words.take("application") && words.end().is_ok()
        || OPENERS.iter().any(|(opener, _)| words.take(opener))
}

/// Whether only IOS has such a line.
pub(crate) fn is_of_ios(words: Words<'_>) -> bool {
    OPENERS.iter().chain(OTHERS).any(|(command, behind)| {
        let mut words = words;
        words.take(command) && behind.fits(words)
    })
}

impl Behind {
    fn fits(&self, mut words: Words<'_>) -> bool {
        match self {
            Nothing => words.end().is_ok(),
            Number => words.number().is_ok(),
            Place => place(words),
            Release => words.next().is_some_and(release),
            Name => words.next().is_some() && words.end().is_ok(),
            OneOf(keywords) => {
                words.next().is_some_and(|word| keywords.iter().any(|keyword| is(word, keyword)))
            }
            Unsure => false,
        }
    }
}

/// `0/0`; or a kind with its number, in one word or two, and at most a word more.
fn place(mut words: Words<'_>) -> bool {
    let begins_with_digit = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let Some(first) = words.next() else { return false };
    let numbered = if begins_with_digit(first) {
        first.contains('/')
    } else if first.ends_with(|c: char| c.is_ascii_digit()) {
        true
    } else {
        words.next().is_some_and(begins_with_digit)
    };
    let mut more = words;
    numbered && (more.next().is_none() || more.end().is_ok())
}

fn release(word: &str) -> bool {
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    word.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}
