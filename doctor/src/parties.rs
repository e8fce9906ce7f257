//! A party to a call as it stands on the command line: a word, the text of a Cisco IOS configuration,
//! or a Polycom `sip.cfg`.

use std::path::Path;

use srtp_negotiation::cisco::{Configuration, Gateway, Release};
use srtp_negotiation::connect::Endpoint;
use srtp_negotiation::polycom::{Phone, Platform, Settings};

use crate::cli::PartyOptions;
use crate::failure::Failure;
use crate::input::Input;

/// A party whose text was read. A Cisco configuration is parsed from it when it is used.
#[derive(Debug)]
pub enum Loaded {
    /// One of the words.
    Word(Endpoint<'static>),
    /// A phone.
    Polycom(Phone),
    /// A gateway, with the name of its file.
    Cisco {
        /// What the user called the file.
        name: String,
        /// The configuration.
        text: String,
    },
}

impl Loaded {
    /// Reads what `party` names.
    ///
    /// # Errors
    /// A file that cannot be read, or a `sip.cfg` that cannot be understood.
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
        let text = input.text()?;
        let name = input.name().to_owned();
        if !text.contains("sec.srtp.") {
            return Ok(Self::Cisco { name, text });
        }
        let platform = options.model.as_deref().map_or(Platform::default(), Platform::of_model);
        let settings = settings(&name, &text)?;
        Ok(Self::Polycom(Phone { platform, settings }))
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

/// The attributes of a `sip.cfg` that have to do with SRTP, wherever they stand. A file that is not
/// XML is taken as the bulletin prints configurations: attributes one after the other.
fn settings(name: &str, text: &str) -> Result<Settings, Failure> {
    let whole;
    let xml = if text.contains('<') {
        text
    } else {
        whole = format!("<srtp {text}/>");
        &whole
    };
    let document = roxmltree::Document::parse(xml).map_err(|error| not_xml(name, text, &error))?;
    let mut settings = Settings::default();
    for node in document.descendants() {
        for attribute in node.attributes() {
            let known = ["sec.srtp.", "voIpProt.SIP.conference.address"];
            if known.iter().any(|start| attribute.name().starts_with(start)) {
                settings.set(attribute.name(), attribute.value()).map_err(|error| {
                    let at = document.text_pos_at(attribute.range().start);
                    let place = format!("{name}: line {}, column {}", at.row, at.col);
                    Failure::input(place, format!("{}: {error}", attribute.name()))
                })?;
            }
        }
    }
    Ok(settings)
}

/// Where and why a text is no XML. The parser has no place for what is missing at the end.
fn not_xml(name: &str, text: &str, error: &roxmltree::Error) -> Failure {
    let what = match error {
        roxmltree::Error::UnexpectedEndOfStream => {
            format!("line {}: the text ends inside an XML element", text.lines().count().max(1))
        }
        // It ends with the place as "at 2:3".
        other => format!("line {}: {other}", other.pos().row),
    };
    Failure::input(name, what)
}
