//! Best-effort SRTP by capability negotiation: a plain m-line whose potential configurations have
//! the secured profile and its crypto lines.
//!
//! Only what that needs is understood: transports, and attribute capabilities that are crypto
//! lines. A configuration that insists on anything else is passed over, as the RFC wants it.
//!
//! Read first: RFC 5939 §3.4, §3.5, §3.6.2, §3.6.3.

use core::fmt;

use sdes_sdp::CryptoLine;
use sdes_sdp::sdp::{Media, Profile, Sdp};

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
    delete: &'a str,
    mandatory: &'a str,
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
        if !self.delete.is_empty() {
            write!(f, "{}:", self.delete)?;
        }
        f.write_str(self.mandatory)?;
        match self.optional {
            Some(number) if self.mandatory.is_empty() => write!(f, "[{number}]"),
            Some(number) => write!(f, ",[{number}]"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Potential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Potential({self})")
    }
}

/// One `a=pcfg` as written: number, transports, attributes.
#[derive(Clone, Copy)]
struct Configuration<'a> {
    number: u32,
    transports: &'a str,
    attributes: &'a str,
}

fn decimal(text: &str) -> Option<u32> {
    let number = text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse())?;
    number.ok().filter(|number| (1..=0x7fff_ffff).contains(number))
}

fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split([' ', '\t']).filter(|word| !word.is_empty())
}

impl<'a> Configuration<'a> {
    /// `None` where it is malformed or needs an extension.
    fn parse(value: &'a str) -> Option<Self> {
        let mut words = words(value);
        let mut new = Self { number: decimal(words.next()?)?, transports: "", attributes: "" };
        for word in words {
            match word.split_once('=')? {
                ("t", list) => new.transports = list,
                ("a", list) => new.attributes = list,
                (extension, _) if extension.starts_with('+') => return None,
                _ => {}
            }
        }
        Some(new)
    }
}

/// Where capabilities stand: at the session level and in the media section.
fn values<'a, 'n>(
    offer: &Sdp<'a>,
    media: &Media<'a>,
    name: &'n str,
) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
    offer.values(name).chain(media.values(name))
}

/// The transport of a number: `a=tcap:3 RTP/SAVPF RTP/SAVP` gives 3 and 4.
fn transport<'a>(offer: &Sdp<'a>, media: &Media<'a>, number: u32) -> Option<Profile<'a>> {
    values(offer, media, "tcap").find_map(|value| {
        let mut words = words(value);
        let place = number.checked_sub(decimal(words.next()?)?)?;
        let name = words.nth(usize::try_from(place).ok()?)?;
        Some(Profile::parse(name))
    })
}

/// The attribute of a number, `crypto:1 …` for example. Crypto lines belong to media sections
/// only.
fn attribute<'a>(media: &Media<'a>, number: u32) -> Option<&'a str> {
    media.values("acap").find_map(|value| {
        let (at, attribute) = value.split_once([' ', '\t'])?;
        (decimal(at)? == number).then(|| attribute.trim_start_matches([' ', '\t']))
    })
}

fn crypto(attribute: &str) -> Option<Result<CryptoLine<'_>, Reason>> {
    attribute.strip_prefix("crypto:")?;
    Some(CryptoLine::parse(attribute).map_err(Reason::Line))
}

/// The configurations of a media section, the most preferred first, which is the lowest number.
fn configurations<'a>(
    offer: &Sdp<'a>,
    media: &Media<'a>,
) -> heapless::Vec<Configuration<'a>, MAX_CONFIGURATIONS> {
    // Only the extension every implementation has (RFC 5939 §3.3.2).
    let unknown = |value: &str| value.split(',').any(|tag| tag.trim() != "cap-v0");
    if values(offer, media, "creq").any(unknown) {
        return heapless::Vec::new();
    }
    let all = || media.values("pcfg").filter_map(Configuration::parse);
    let unique = |number| all().filter(|other| other.number == number).count() == 1;
    let mut configurations: heapless::Vec<_, MAX_CONFIGURATIONS> = all()
        .take(MAX_CONFIGURATIONS)
        .filter(|configuration| unique(configuration.number))
        .collect();
    configurations.sort_unstable_by_key(|configuration| configuration.number);
    configurations
}

/// One of the alternatives of a configuration's attributes: the crypto lines in it, or `None` where
/// it insists on something that is not a crypto line.
#[derive(Clone, Copy)]
struct Alternative<'a> {
    delete: &'a str,
    mandatory: &'a str,
    optional: &'a str,
}

impl<'a> Alternative<'a> {
    fn all(attributes: &'a str) -> impl Iterator<Item = Self> {
        let (delete, lists) = match attributes.split_once(':') {
            Some((delete, lists)) => (delete, lists),
            None => ("", attributes),
        };
        let lists = matches!(delete, "" | "-m" | "-s" | "-ms").then_some(lists);
        lists.into_iter().flat_map(|lists| lists.split('|')).map(move |list| {
            let (mandatory, optional) = list.split_once('[').unwrap_or((list, ""));
            Self {
                delete,
                mandatory: mandatory.trim_end_matches(','),
                optional: optional.trim_end_matches(']'),
            }
        })
    }

    /// The numbers with whether they are mandatory; 0, which no capability has, for what is none.
    fn numbers(&self) -> impl Iterator<Item = (u32, bool)> + use<'a> {
        let list = |list: &'a str| {
            let items = list.split(',').filter(|item| !item.is_empty());
            items.map(|item| decimal(item).unwrap_or_default())
        };
        let mandatory = list(self.mandatory).map(|number| (number, true));
        mandatory.chain(list(self.optional).map(|number| (number, false)))
    }

    /// Whether everything it insists on is a crypto line.
    fn is_understood(&self, media: &Media<'a>) -> bool {
        let is_crypto = |number| attribute(media, number).and_then(crypto).is_some();
        self.numbers().all(|(number, mandatory)| !mandatory || is_crypto(number))
    }

    /// Its crypto lines with the number of an optional one.
    fn lines(
        &self,
        media: &Media<'a>,
    ) -> impl Iterator<Item = (Result<CryptoLine<'a>, Reason>, Option<u32>)> {
        let media = *media;
        self.numbers().filter_map(move |(number, mandatory)| {
            let line = crypto(attribute(&media, number)?)?;
            Some((line, (!mandatory).then_some(number)))
        })
    }
}

/// The secured potential configurations of a plain m-line, in the order of preference.
fn secured<'a>(
    offer: &Sdp<'a>,
    media: &Media<'a>,
) -> impl Iterator<Item = (Potential<'a>, Alternative<'a>)> {
    let (offer, media) = (*offer, *media);
    configurations(&offer, &media).into_iter().flat_map(move |configuration| {
        Alternative::all(configuration.attributes)
            .filter(move |alternative| alternative.is_understood(&media))
            .flat_map(move |alternative| {
                let transports = configuration.transports.split('|').filter_map(decimal);
                transports.filter_map(move |number| {
                    let profile = transport(&offer, &media, number)?;
                    let potential = Potential {
                        number: configuration.number,
                        transport: number,
                        profile,
                        delete: alternative.delete,
                        mandatory: alternative.mandatory,
                        optional: None,
                    };
                    // What was plain stays with or without feedback as the offerer says.
                    profile.is_sdes().then_some((potential, alternative))
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
    for (mut potential, alternative) in secured(offer, media) {
        let mut best: Option<Acceptable<'a>> = None;
        refusal.get_or_insert(Reason::NoCryptoLine);
        for (line, optional) in alternative.lines(media) {
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

/// The profile an answer's `a=acfg` stands for, and the offered line with a tag, `None` without
/// `a=acfg`.
pub(crate) fn answered<'a>(
    offer: &Sdp<'a>,
    ours: &Media<'a>,
    theirs: &Media<'_>,
) -> Option<Result<Profile<'a>, Reason>> {
    let number = words(theirs.values("acfg").next()?).next().and_then(decimal);
    let number = number.unwrap_or_default();
    let mut offered = secured(offer, ours).filter(|(potential, _)| potential.number == number);
    let fits = offered.find(|(potential, _)| potential.profile == theirs.profile());
    Some(match fits {
        Some((potential, _)) => Ok(potential.profile),
        None => Err(Reason::ConfigurationNotOffered { number }),
    })
}

/// The crypto lines among the capabilities of an offered m-line.
pub(crate) fn offered_lines<'a>(
    ours: &Media<'a>,
) -> impl Iterator<Item = CryptoLine<'a>> + use<'a> {
    ours.values("acap").filter_map(|value| {
        let (_, attribute) = value.split_once([' ', '\t'])?;
        crypto(attribute.trim_start_matches([' ', '\t']))?.ok()
    })
}
