//! The reasons as sentences, for an administrator to read.

use core::fmt;

use crate::reason::Reason;

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Line(ref error) => error.fmt(f),
            Self::SuiteNotOurs { suite } => write!(f, "{suite} is not among the suites in use here"),
            Self::ParameterRefused { parameter, .. } => {
                write!(f, "{} is not accepted here", parameter.name())
            }
            Self::ParameterRequired { parameter, .. } => {
                write!(f, "{} is required here, and the line lacks it", parameter.name())
            }
            Self::ParametersNotRead { .. } => {
                f.write_str("the line has a session parameter, and none are understood here")
            }
            Self::MkiRefused { len, .. } => {
                write!(f, "the line announces an MKI of {len} bytes, and MKIs are not used here")
            }
            Self::Chosen { tag, suite } => {
                write!(f, "line {tag} ({suite}) is the first acceptable one")
            }
            Self::AnotherChosen { tag } => write!(f, "acceptable, but line {tag} was chosen"),
            Self::StreamNotSecured => {
                f.write_str("acceptable, but the stream is not carried as SRTP")
            }
            Self::RepeatedTag { tag } => {
                write!(f, "tag {tag} stands on an earlier line of this m-line already")
            }
            Self::Rule(rule) => f.write_str(rule.sentence),
            Self::NoCryptoLine => f.write_str("the m-line is secured, but has no crypto line"),
            Self::Alternative { index } => write!(
                f,
                "m-line {} carries the stream; only one of the two alternatives does",
                index + 1
            ),
            Self::OfferedDisabled => f.write_str("the offer has port 0 here"),
            Self::ForeignProfile => {
                f.write_str("the profile is keyed by DTLS, not by crypto lines")
            }
            Self::NotRtp => f.write_str("not an RTP stream; nothing to secure here"),
            Self::NoMedia => f.write_str("there is no m-line"),
            Self::TooManyMedia { limit } => {
                write!(f, "only the first {limit} m-lines are negotiated")
            }
            Self::MediaCount { offered, answered } => {
                write!(f, "{offered} m-lines were offered, {answered} answered")
            }
            Self::KindDiffers => f.write_str("another media type was offered on this m-line"),
            Self::Declined => f.write_str("declined with port 0"),
            Self::ProfileDiffers => f.write_str("another profile was offered on this m-line"),
            Self::AnswerWithoutCrypto => f.write_str(
                "the secured m-line was accepted without a crypto line; that is a failure, not plain RTP",
            ),
            Self::SeveralAnswered { count } => {
                write!(f, "{count} crypto lines were answered where there must be one")
            }
            Self::TagNotOffered { tag } => {
                write!(f, "no valid crypto line with tag {tag} was offered")
            }
            Self::SuiteDiffers { tag, offered, answered } => {
                write!(f, "line {tag} was offered with {offered} and answered with {answered}")
            }
            Self::ParameterDiffers { parameter, offered: true } => {
                write!(f, "{} was offered, and the answer does not repeat it", parameter.name())
            }
            Self::ParameterDiffers { parameter, offered: false } => {
                write!(f, "{} was not offered, but stands in the answer", parameter.name())
            }
            Self::KeyReused => f.write_str("the answer sends the offerer's own key back"),
            Self::UnaskedCrypto => {
                f.write_str("the offer had no crypto line; the one in the answer is ignored")
            }
            Self::PlainAnswered => f.write_str("plain RTP was offered and accepted"),
            Self::TagRenumbered { answered, offered } => write!(
                f,
                "the answer has tag {answered} where {offered} was offered; it fits that one line \
                 only, and such peers are tolerated here"
            ),
            Self::ConfigurationNotOffered { number } => write!(
                f,
                "the answer accepts potential configuration {number}, which was not offered so"
            ),
            Self::RepeatedKey { line_number } => {
                write!(f, "its key stands on line {line_number} of the SDP already")
            }
            Self::FirstKeys => f.write_str("the first keys of the stream; rollover counters begin at 0"),
            Self::SameKeys => f.write_str("the keys are those of before; contexts and rollover counters go on"),
            Self::NewKeys { transmit: true, receive: true } => {
                f.write_str("both sides have new keys; both directions get a new context")
            }
            Self::NewKeys { transmit: true, .. } => {
                f.write_str("our key is new; what we send gets a new context")
            }
            Self::NewKeys { .. } => {
                f.write_str("the other side's key is new; what we receive gets a new context")
            }
            Self::MovedWithoutNewKey { ours } => write!(
                f,
                "{} address or port is new, and the key should be, but is not",
                if ours { "our" } else { "the other side's" }
            ),
            Self::Downgrade => f.write_str("the stream was SRTP, and the new offer leaves only RTP"),
            Self::ReofferRejected => {
                f.write_str("the new offer was rejected; the old keys and parameters stay")
            }
            Self::Fax => f.write_str(
                "T.38 fax instead of voice: it is not secured, and the voice comes back as it was",
            ),
            Self::StillPlain => f.write_str("the stream is plain RTP as before"),
            Self::LaterAnswer => {
                f.write_str("a later answer took over; packets under this key fail authentication")
            }
            Self::BeforeAnswer => {
                f.write_str("without the answer there is no key, and nothing that came can be trusted")
            }
        }
    }
}
