//! A party to a call as it stands on the command line: a word, the text of a Cisco IOS configuration,
//! or a Polycom `sip.cfg`.

use std::path::Path;

use srtp_negotiation::cisco::{Configuration, Gateway, Release};
use srtp_negotiation::connect::Endpoint;
use srtp_negotiation::polycom::{Phone, Platform, Settings};

use crate::cli::PartyOptions;
use crate::failure::Failure;
use crate::input::Input;
use crate::secret::Text;
use crate::strange;

/// A party whose text was read. A Cisco configuration is parsed from it when it is used.
#[derive(Debug)]
pub enum Loaded {
    /// One of the words.
    Word(Endpoint<'static>),
    /// A phone.
    Polycom(Phone),
    /// A gateway, with the name of its file. Configurations have passwords in them.
    Cisco {
        /// What the user called the file.
        name: String,
        /// The configuration.
        text: Text,
    },
}

impl Loaded {
    /// Reads what `party` names.
    ///
    /// # Errors
    /// A file that cannot be read or is no configuration, or a `sip.cfg` that cannot be understood.
    pub fn read(party: &str, options: &PartyOptions) -> Result<Self, Failure> {
        if let Some(endpoint) = Endpoint::from_word(party) {
            return Ok(Self::Word(endpoint));
        }
        let mut input = Input::open(Path::new(party)).map_err(|failure| Failure {
            message: format!(
                "{}; a party is a file, or one of srtp, srtp-preferred, rtp, twilio",
                failure.message
            ),
            ..failure
        })?;
        let (magic, whole, name) = (input.magic()?, input.text()?, input.name().to_owned());
        let text = whole.strip_prefix('\u{feff}').unwrap_or(&whole);
        let is_xml = text.trim_ascii_start().starts_with('<');
        // What is wrong in a configuration is said when it is used.
        let is_cisco =
            !is_xml && Configuration::parse(text).map_or(true, |read| read.recognized > 0);
        if is_cisco {
            return Ok(Self::Cisco { name, text: text.into() });
        }
        let settings = match is_xml || assigns(text) {
            true => settings(&name, text)?,
            false => None,
        };
        let platform = options.model.as_deref().map_or(Platform::default(), Platform::of_model);
        let phone = settings.map(|settings| Self::Polycom(Phone { platform, settings }));
        phone.ok_or_else(|| Failure::input(name, strange::sentence(&magic, text, input.len())))
    }

    /// Hands the party to `use_it`, made ready.
    ///
    /// # Errors
    /// A Cisco configuration that cannot be understood, a dial peer it does not have; what
    /// `use_it` gives.
    pub fn with<R>(
        &self,
        options: &PartyOptions,
        use_it: impl FnOnce(Endpoint<'_>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        match self {
            Self::Word(endpoint) => use_it(*endpoint),
            Self::Polycom(phone) => use_it(Endpoint::Polycom(*phone)),
            Self::Cisco { name, text } => {
                let configuration =
                    Configuration::parse(text).map_err(|error| Failure::input(name, error))?;
                let mut gateway = Gateway::new(&configuration);
                if let Some(release) = &options.release {
                    gateway.release = release
                        .parse::<Release>()
                        .map_err(|error| Failure::usage(format!("--release {release}: {error}")))?;
                }
                if let Some(tag) = options.dial_peer {
                    if configuration.dial_peer(tag).is_none() {
                        return Err(Failure::usage(format!(
                            "--dial-peer {tag}: {name} has no such dial peer"
                        )));
                    }
                    gateway.dial_peer = Some(tag);
                }
                use_it(Endpoint::Cisco(gateway))
            }
        }
    }
}

/// Whether a text that is no XML gives an attribute of SRTP a value.
fn assigns(text: &str) -> bool {
    text.split(SRTP).skip(1).any(|rest| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "._".contains(c));
        rest.trim_ascii_start().starts_with('=')
    })
}

/// What the attributes begin with that a phone has for SRTP, and for all else that is about calls.
const SRTP: &str = "sec.srtp.";
const OTHERS: [&str; 2] = ["sec.", "voIpProt."];

/// The attributes of a `sip.cfg` that have to do with SRTP, wherever they stand. A file that is not
/// XML is taken as the bulletin prints configurations: attributes one after the other. `None` for XML
/// that has nothing of a phone.
fn settings(name: &str, text: &str) -> Result<Option<Settings>, Failure> {
    let whole;
    let xml = if text.contains('<') {
        text
    } else {
        whole = format!("<srtp {text}/>");
        &whole
    };
    let document = match roxmltree::Document::parse(xml) {
        Err(_) if !text.contains(SRTP) => return Ok(None),
        document => document.map_err(|error| Failure::input(name, not_xml(text, &error)))?,
    };
    let mut settings = Settings::default();
    let mut is_phone = false;
    for node in document.descendants() {
        for attribute in node.attributes() {
            is_phone |= OTHERS.iter().any(|start| attribute.name().starts_with(start));
            let known = [SRTP, "voIpProt.SIP.conference.address"];
            if known.iter().any(|start| attribute.name().starts_with(start)) {
                settings.set(attribute.name(), attribute.value()).map_err(|error| {
                    let at = document.text_pos_at(attribute.range().start);
                    let place = format!("{name}: line {}, column {}", at.row, at.col);
                    Failure::input(place, format!("{}: {error}", attribute.name()))
                })?;
            }
        }
    }
    Ok(is_phone.then_some(settings))
}

/// Where and why a text is no XML.
fn not_xml(text: &str, error: &roxmltree::Error) -> String {
    match error {
        roxmltree::Error::UnexpectedEndOfStream | roxmltree::Error::UnclosedRootNode => {
            format!("line {}: the text ends inside an XML element", broken_at(text, error))
        }
        // It ends with the place as "at 2:3".
        other => format!("line {}: {other}", broken_at(text, error)),
    }
}

/// The line in which a text stops being XML. The parser has no place for what is missing at the end.
pub(crate) fn broken_at(text: &str, error: &roxmltree::Error) -> usize {
    match error {
        roxmltree::Error::UnexpectedEndOfStream | roxmltree::Error::UnclosedRootNode => {
            text.lines().count().max(1)
        }
        other => usize::try_from(other.pos().row).unwrap_or(usize::MAX),
    }
}
