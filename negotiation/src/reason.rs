//! Why: every decision of this crate carries one of these. It prints as a sentence, never has a
//! key in it, and names the RFC section or the row of a vendor's table it rests on.

mod sentence;

use sdes_sdp::{CryptoError, CryptoSuite};

/// A session parameter that both sides must agree on (RFC 4568 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum NegotiatedParameter {
    /// `UNENCRYPTED_SRTP`.
    UnencryptedSrtp,
    /// `UNENCRYPTED_SRTCP`.
    UnencryptedSrtcp,
    /// `UNAUTHENTICATED_SRTP`.
    UnauthenticatedSrtp,
}

impl NegotiatedParameter {
    /// All of them.
    pub const ALL: [Self; 3] =
        [Self::UnencryptedSrtp, Self::UnencryptedSrtcp, Self::UnauthenticatedSrtp];

    /// The name as it stands in a crypto line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnencryptedSrtp => "UNENCRYPTED_SRTP",
            Self::UnencryptedSrtcp => "UNENCRYPTED_SRTCP",
            Self::UnauthenticatedSrtp => "UNAUTHENTICATED_SRTP",
        }
    }

    /// Whether these session parameters have it.
    pub const fn is_in(self, parameters: &sdes_sdp::SessionParameters) -> bool {
        match self {
            Self::UnencryptedSrtp => parameters.unencrypted_srtp,
            Self::UnencryptedSrtcp => parameters.unencrypted_srtcp,
            Self::UnauthenticatedSrtp => parameters.unauthenticated_srtp,
        }
    }
}

/// A rule of a table: what it says, and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// The rule as a sentence.
    pub sentence: &'static str,
    /// The document and the row, or the RFC and the section.
    pub source: &'static str,
}

/// Why something was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reason {
    // One crypto line.
    /// The line is not valid, or of a suite, key method or mandatory parameter nobody here knows.
    Line(CryptoError),
    /// The suite is known, but this party does not use it.
    SuiteNotOurs {
        /// The suite of the line.
        suite: CryptoSuite,
    },
    /// The line has a session parameter that this party does not accept.
    ParameterRefused {
        /// The parameter.
        parameter: NegotiatedParameter,
        /// Where that is laid down.
        source: &'static str,
    },
    /// The line lacks a session parameter that this party requires.
    ParameterRequired {
        /// The parameter.
        parameter: NegotiatedParameter,
        /// Where that is laid down.
        source: &'static str,
    },
    /// The line has session parameters, and this party does not read any.
    ParametersNotRead {
        /// Where that is laid down.
        source: &'static str,
    },
    /// The line announces an MKI, and this party does not use any.
    MkiRefused {
        /// Length of the MKI in bytes.
        len: usize,
        /// Where that is laid down.
        source: &'static str,
    },
    /// The line is acceptable and was chosen.
    Chosen {
        /// Its tag.
        tag: u32,
        /// Its suite.
        suite: CryptoSuite,
    },
    /// The line is acceptable, but another one was chosen.
    AnotherChosen {
        /// The tag of the chosen one.
        tag: u32,
    },

    /// The line is acceptable, but the stream is not carried as SRTP.
    StreamNotSecured,
    /// Another line of this m-line has the same tag (RFC 4568 §5.1.1).
    RepeatedTag {
        /// The tag.
        tag: u32,
    },

    // One m-line.
    /// A rule of a table decided.
    Rule(Rule),
    /// A secured m-line without any crypto line.
    NoCryptoLine,
    /// Another m-line for the same stream is the one that negotiates.
    Alternative {
        /// The m-line that negotiates, counted from 0.
        index: usize,
    },
    /// The offer itself has port 0 here.
    OfferedDisabled,
    /// The profile takes its keys from elsewhere.
    ForeignProfile,
    /// Not RTP; left to the application.
    NotRtp,
    /// The SDP has no m-line.
    NoMedia,
    /// The offer has more m-lines than one decision holds.
    TooManyMedia {
        /// How many it holds.
        limit: usize,
    },

    // An answer, held against its offer.
    /// The answer has another number of m-lines than the offer (RFC 3264 §6).
    MediaCount {
        /// m-lines offered.
        offered: usize,
        /// m-lines answered.
        answered: usize,
    },
    /// An m-line of the answer is of another media type than the one offered there.
    KindDiffers,
    /// The answerer set port 0.
    Declined,
    /// The answer has another profile than the offer.
    ProfileDiffers,
    /// The answer accepts a secured m-line without a crypto line.
    AnswerWithoutCrypto,
    /// The answer has more than one crypto line on an m-line.
    SeveralAnswered {
        /// How many.
        count: usize,
    },
    /// No valid crypto line with this tag was offered.
    TagNotOffered {
        /// The tag answered.
        tag: u32,
    },
    /// The suite is not that of the offered line with this tag.
    SuiteDiffers {
        /// The tag.
        tag: u32,
        /// The suite offered under it.
        offered: CryptoSuite,
        /// The suite answered.
        answered: CryptoSuite,
    },
    /// A negotiated parameter was not repeated exactly.
    ParameterDiffers {
        /// The parameter.
        parameter: NegotiatedParameter,
        /// Whether it was offered, and so is missing in the answer.
        offered: bool,
    },
    /// The answerer sends the offerer's own key back.
    KeyReused,
    /// A crypto line in the answer to an offer without any.
    UnaskedCrypto,
    /// The answer is plain RTP, as offered.
    PlainAnswered,
    /// The answer's one line has another tag than the one offered line that it fits; tolerated.
    TagRenumbered {
        /// The tag answered.
        answered: u32,
        /// The tag offered.
        offered: u32,
    },
    /// The answer accepts a potential configuration that was not offered (RFC 5939 §3.6.3).
    ConfigurationNotOffered {
        /// Its number.
        number: u32,
    },

    // Keys in a whole SDP.
    /// The key of a line stands on an earlier line of the SDP.
    RepeatedKey {
        /// The earlier line.
        line_number: usize,
    },

    // A call under way.
    /// The first keys of the stream.
    FirstKeys,
    /// Both keys are those of before.
    SameKeys,
    /// There are new keys.
    NewKeys {
        /// Ours is new.
        transmit: bool,
        /// The other side's is new.
        receive: bool,
    },
    /// An address or port is new, but not the key (RFC 4568 §7.1.4).
    MovedWithoutNewKey {
        /// The address is ours.
        ours: bool,
    },
    /// The stream was SRTP, and the new offer leaves only RTP.
    Downgrade,
    /// The new offer was rejected.
    ReofferRejected,
    /// Fax instead of voice.
    Fax,
    /// The stream was plain RTP and is again.
    StillPlain,
    /// A later answer of a forked call took the stream over.
    LaterAnswer,
    /// Media came before the answer that has their key.
    BeforeAnswer,
}

impl Reason {
    /// The RFC section or the row of a vendor's table that the decision rests on.
    pub const fn source(&self) -> &'static str {
        match self {
            // The sentence itself names the section of the rule that was broken.
            Self::Line(_) => "RFC 4568 §7.1.2",
            Self::StreamNotSecured
            | Self::SuiteNotOurs { .. }
            | Self::AnotherChosen { .. }
            | Self::Chosen { .. } => "RFC 4568 §5.1.2",
            Self::ParameterRefused { source, .. }
            | Self::ParameterRequired { source, .. }
            | Self::ParametersNotRead { source }
            | Self::MkiRefused { source, .. } => source,
            Self::Rule(rule) => rule.source,
            Self::NoCryptoLine | Self::RepeatedTag { .. } => "RFC 4568 §5.1.1",
            Self::Alternative { .. } | Self::OfferedDisabled | Self::MediaCount { .. } => {
                "RFC 3264 §6"
            }
            Self::KindDiffers | Self::ProfileDiffers => "RFC 3264 §6.1",
            Self::Declined | Self::PlainAnswered => "RFC 3264 §6",
            Self::ForeignProfile => "RFC 5764 §4.1",
            Self::NotRtp | Self::NoMedia | Self::TooManyMedia { .. } => "RFC 8866 §5.14",
            Self::AnswerWithoutCrypto
            | Self::SeveralAnswered { .. }
            | Self::TagNotOffered { .. }
            | Self::SuiteDiffers { .. } => "RFC 4568 §5.1.3",
            Self::ParameterDiffers { .. } => "RFC 4568 §7.1.3",
            Self::KeyReused => "RFC 4568 §7.1.2",
            Self::UnaskedCrypto => "RFC 4568 §5.1.2",
            Self::TagRenumbered { .. } => "RFC 4568 §5.1.3",
            Self::ConfigurationNotOffered { .. } => "RFC 5939 §3.6.3",
            Self::RepeatedKey { .. } => "RFC 4568 §6.1",
            Self::FirstKeys => "RFC 4568 §6.4.1",
            Self::SameKeys
            | Self::NewKeys { .. }
            | Self::MovedWithoutNewKey { .. }
            | Self::ReofferRejected => "RFC 4568 §7.1.4",
            Self::Downgrade => "RFC 4568 §7.1.4 and §8",
            Self::Fax => "RFC 3264 §8.3.3",
            Self::StillPlain => "RFC 3264 §8",
            Self::LaterAnswer => "RFC 4568 §7.3",
            Self::BeforeAnswer => "RFC 3264 §5.1",
        }
    }

    /// Whether the reason is that a crypto line breaks a rule of RFC 4568.
    pub(crate) const fn is_invalid_line(&self) -> bool {
        match self {
            Self::Line(error) => !error.kind.is_unsupported(),
            Self::RepeatedTag { .. } | Self::RepeatedKey { .. } => true,
            _ => false,
        }
    }

    /// How far a refused line or m-line came; of several reasons the highest is reported.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::OfferedDisabled | Self::NotRtp | Self::Alternative { .. } => 0,
            Self::NoCryptoLine | Self::ForeignProfile | Self::TooManyMedia { .. } => 1,
            Self::Rule(_) => 2,
            Self::Line(error) if error.kind.is_unsupported() => 3,
            Self::SuiteNotOurs { .. } => 4,
            Self::Line(_) | Self::RepeatedTag { .. } | Self::RepeatedKey { .. } => 5,
            _ => 6,
        }
    }
}
