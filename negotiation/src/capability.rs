//! Best-effort SRTP by capability negotiation: a plain m-line whose potential configurations have
//! the secured profile and its crypto lines.
//!
//! Only what that needs is understood: transports, and attribute capabilities that are crypto
//! lines. A configuration that insists on anything else is passed over, as the RFC wants it.
//!
//! Read first: RFC 5939 §3.4, §3.5, §3.6.2, §3.6.3.

use core::fmt;

use sdes_sdp::CryptoLine;
use sdes_sdp::sdp::{AttributeAlternative, Configuration, Media, Profile, Sdp};

use crate::judge::{Acceptable, judge_line};
use crate::party::Party;
use crate::reason::Reason;

/// The most potential configurations of one m-line that are looked at.
pub const MAX_CONFIGURATIONS: usize = 16;

/// The potential configuration that was taken. Its [`Display`](fmt::Display) is the value of
/// `a=acfg`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Potential<'a> {
    number: u32,
    transport: u32,
    profile: Profile<'a>,
    attributes: AttributeAlternative<'a>,
    optional: Option<u32>,
}

impl<'a> Potential<'a> {
    /// Its number in `a=pcfg`.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The profile that replaces the one of the m-line.
    pub const fn profile(&self) -> Profile<'a> {
        self.profile
    }
}

impl fmt::Display for Potential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} t={} a=", self.number, self.transport)?;
        if !self.attributes.delete.is_empty() {
            write!(f, "{}:", self.attributes.delete)?;
        }
        let mut comma = "";
        for number in self.attributes.mandatory() {
            write!(f, "{comma}{number}")?;
            comma = ",";
        }
        self.optional.map_or(Ok(()), |number| write!(f, "{comma}[{number}]"))
    }
}

impl fmt::Debug for Potential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Potential({self})")
    }
}

/// The transport of a number. Capabilities stand at the session level and in the media section.
fn transport<'a>(offer: &Sdp<'a>, media: &Media<'a>, number: u32) -> Option<Profile<'a>> {
    let mut all = offer.transport_capabilities().chain(media.transport_capabilities());
    all.find(|(other, _)| *other == number).map(|(_, profile)| profile)
}

/// The crypto line that a capability of this number is. Crypto lines belong to media sections only.
fn crypto<'a>(media: &Media<'a>, number: u32) -> Option<Result<CryptoLine<'a>, Reason>> {
    let capability = media.attribute_capabilities().find(|other| other.number == number)?;
    Some(capability.crypto()?.map_err(Reason::Line))
}

/// The configurations of a media section that need no extension, the most preferred first, which
/// is the lowest number.
fn configurations<'a>(
    offer: &Sdp<'a>,
    media: &Media<'a>,
) -> heapless::Vec<Configuration<'a>, MAX_CONFIGURATIONS> {
    // Only the extension every implementation has (RFC 5939 §3.3.2).
    let unknown = |value: &str| value.split(',').any(|tag| tag.trim() != "cap-v0");
    if offer.values("creq").chain(media.values("creq")).any(unknown) {
        return heapless::Vec::new();
    }
    let all = || media.potential_configurations().filter(|one| !one.needs_extension());
    let unique = |number| all().filter(|other| other.number() == number).count() == 1;
    let mut configurations: heapless::Vec<_, MAX_CONFIGURATIONS> = all()
        .take(MAX_CONFIGURATIONS)
        .filter(|configuration| unique(configuration.number()))
        .collect();
    configurations.sort_unstable_by_key(Configuration::number);
    configurations
}

/// The crypto lines of an alternative, with the number of an optional one.
fn lines<'a>(
    alternative: &AttributeAlternative<'a>,
    media: &Media<'a>,
) -> impl Iterator<Item = (Result<CryptoLine<'a>, Reason>, Option<u32>)> {
    let media = *media;
    let mandatory = alternative.mandatory().map(|number| (number, None));
    let optional = alternative.optional().map(|number| (number, Some(number)));
    mandatory
        .chain(optional)
        .filter_map(move |(number, optional)| Some((crypto(&media, number)?, optional)))
}

/// The secured potential configurations of a plain m-line, in the order of preference, without those
/// that insist on anything but crypto lines.
fn secured<'a>(offer: &Sdp<'a>, media: &Media<'a>) -> impl Iterator<Item = Potential<'a>> {
    let (offer, media) = (*offer, *media);
    configurations(&offer, &media).into_iter().flat_map(move |configuration| {
        let is_understood = move |alternative: &AttributeAlternative<'a>| {
            alternative.mandatory().all(|number| crypto(&media, number).is_some())
        };
        let alternatives = configuration.attributes().filter(is_understood);
        alternatives.flat_map(move |attributes| {
            configuration.transports().filter_map(move |transport_number| {
                let profile = transport(&offer, &media, transport_number)?;
                let potential = Potential {
                    number: configuration.number(),
                    transport: transport_number,
                    profile,
                    attributes,
                    optional: None,
                };
                // What was plain stays with or without feedback as the offerer says.
                profile.is_sdes().then_some(potential)
            })
        })
    })
}

/// The first potential configuration with a line that `party` accepts; `None` where there is no
/// secured one at all.
pub(crate) fn choose<'a>(
    offer: &Sdp<'a>,
    media: &Media<'a>,
    party: &Party<'_>,
) -> Option<Result<(Acceptable<'a>, Potential<'a>), Reason>> {
    let mut refusal = None;
    for mut potential in secured(offer, media) {
        let mut best: Option<Acceptable<'a>> = None;
        refusal.get_or_insert(Reason::NoCryptoLine);
        for (line, optional) in lines(&potential.attributes, media) {
            match line.and_then(|line| judge_line(line, party)) {
                Ok((line, _)) if line.goes_before(best.as_ref(), party) => {
                    best = Some(line);
                    potential.optional = optional;
                }
                Ok(_) => {}
                Err(reason) => {
                    refusal = refusal.filter(|best| best.rank() >= reason.rank());
                    refusal.get_or_insert(reason);
                }
            }
        }
        if let Some(line) = best {
            return Some(Ok((line, potential)));
        }
    }
    refusal.map(Err)
}

/// The value of the `a=acfg` of an answered m-line. Without a value it names nothing (§3.5.2).
fn named<'t>(theirs: &Media<'t>) -> Option<&'t str> {
    theirs.values("acfg").next()
}

/// Whether an answered m-line, verified as fitting its offer, is a potential configuration of it.
pub(crate) fn is_answered(theirs: &Media<'_>) -> bool {
    named(theirs).is_some()
}

/// The profile an answer's `a=acfg` stands for, and the offered line with a tag, `None` without
/// `a=acfg`.
pub(crate) fn answered<'a>(
    offer: &Sdp<'a>,
    ours: &Media<'a>,
    theirs: &Media<'_>,
) -> Option<Result<Profile<'a>, Reason>> {
    // By its number alone: what else stands in it repeats the offer.
    let value = named(theirs)?;
    let word = value.split([' ', '\t']).find(|word| !word.is_empty()).unwrap_or_default();
    let number = Configuration::parse(word).map_or(0, |configuration| configuration.number());
    let mut offered = secured(offer, ours).filter(|potential| potential.number == number);
    let fits = offered.find(|potential| potential.profile == theirs.profile());
    Some(match fits {
        Some(potential) => Ok(potential.profile),
        None => Err(Reason::ConfigurationNotOffered { number }),
    })
}

/// The crypto lines among the capabilities of an offered m-line.
pub(crate) fn offered_lines<'a>(
    ours: &Media<'a>,
) -> impl Iterator<Item = CryptoLine<'a>> + use<'a> {
    ours.attribute_capabilities().filter_map(|capability| capability.crypto()?.ok())
}
