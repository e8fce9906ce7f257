//! What stands on one input line: a packet in hex, a directive, or nothing.

use std::fmt;

/// The longest line, in bytes: room for the longest packet that IP carries, digits spaced apart.
pub const MAX_LINE: usize = 1 << 19;

/// One line, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line<'a> {
    /// A comment.
    Nothing,
    /// A packet.
    Packet(Vec<u8>),
    /// Something to do with the context.
    Directive(Directive<'a>),
}

/// What a line that begins with `!` asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Directive<'a> {
    /// `!set-roc SSRC N`.
    SetRoc(u32, u32),
    /// `!get-roc SSRC`.
    GetRoc(u32),
    /// `!rekey LINE`.
    Rekey(&'a str),
    /// `!remove SSRC`.
    Remove(u32),
    /// `!streams`.
    Streams,
}

impl fmt::Debug for Directive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetRoc(ssrc, roc) => write!(f, "SetRoc({ssrc}, {roc})"),
            Self::GetRoc(ssrc) => write!(f, "GetRoc({ssrc})"),
            // It has keys.
            Self::Rekey(_) => f.write_str("Rekey(..)"),
            Self::Remove(ssrc) => write!(f, "Remove({ssrc})"),
            Self::Streams => f.write_str("Streams"),
        }
    }
}

/// Why a line is none of that; columns count from 1, in bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LineError {
    /// Something between the digits.
    NotHex {
        /// Where.
        column: usize,
        /// What is there.
        found: char,
    },
    /// Half a byte at the end.
    OddDigits {
        /// How many digits there are.
        digits: usize,
    },
    /// More than [`MAX_LINE`].
    TooLong,
    /// A directive that is no text; the line may hold a key and is not repeated.
    NotText {
        /// Where.
        column: usize,
    },
    /// A word after `!` that is no directive.
    Unknown(String),
    /// A directive without what it needs.
    Needs(&'static str),
    /// Not a number of 32 bits.
    Number(String),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHex { column, found } => {
                write!(f, "column {column}: {found:?} is not a hex digit")
            }
            Self::OddDigits { digits } => write!(f, "{digits} hex digits are not whole bytes"),
            Self::NotText { column } => write!(f, "column {column}: the directive is not in UTF-8"),
            Self::TooLong => write!(f, "the line is longer than {MAX_LINE} bytes"),
            Self::Unknown(word) => write!(
                f,
                "!{word} is no directive; there are !set-roc, !get-roc, !rekey, !remove, !streams"
            ),
            Self::Needs(form) => write!(f, "the directive is written {form}"),
            Self::Number(text) => {
                write!(f, "{text:?} is not a number of 32 bits, decimal or with 0x in front")
            }
        }
    }
}

impl std::error::Error for LineError {}

impl<'a> Line<'a> {
    /// Understands a line, which comes without its line end.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(line: &'a [u8]) -> Result<Self, LineError> {
        if line.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        match line.trim_ascii().first() {
            Some(b'#') => return Ok(Self::Nothing),
            Some(b'!') => {}
            _ => return hex(line).map(Self::Packet),
        }
        let text = str::from_utf8(line.trim_ascii()).map_err(|error| LineError::NotText {
            column: error.valid_up_to().saturating_add(1),
        })?;
        let text = text.strip_prefix('!').unwrap_or(text);
        let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let rest = rest.trim();
        let one = |form| if rest.is_empty() { Err(LineError::Needs(form)) } else { number(rest) };
        Ok(Self::Directive(match word {
            "set-roc" => {
                let two =
                    rest.split_once([' ', '\t']).ok_or(LineError::Needs("!set-roc SSRC N"))?;
                Directive::SetRoc(number(two.0)?, number(two.1.trim())?)
            }
            "get-roc" => Directive::GetRoc(one("!get-roc SSRC")?),
            "remove" => Directive::Remove(one("!remove SSRC")?),
            "rekey" if rest.is_empty() => return Err(LineError::Needs("!rekey LINE")),
            "rekey" => Directive::Rekey(rest),
            "streams" if rest.is_empty() => Directive::Streams,
            "streams" => return Err(LineError::Needs("!streams")),
            other => return Err(LineError::Unknown(other.to_owned())),
        }))
    }
}

/// A number of 32 bits, decimal or with `0x` in front.
///
/// # Errors
/// [`LineError::Number`].
pub fn number(text: &str) -> Result<u32, LineError> {
    let wrong = || LineError::Number(text.to_owned());
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // from_str_radix takes a sign.
        Some(digits) if digits.starts_with('+') => Err(wrong()),
        Some(digits) => u32::from_str_radix(digits, 16).map_err(|_| wrong()),
        None if text.starts_with('+') => Err(wrong()),
        None => text.parse().map_err(|_| wrong()),
    }
}

/// Bytes from hex digits; blanks between them do not count.
///
/// # Errors
/// [`LineError`].
pub fn hex(text: &[u8]) -> Result<Vec<u8>, LineError> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let (mut digits, mut high) = (0, 0);
    for (letter, column) in text.iter().zip(1..) {
        if letter.is_ascii_whitespace() {
            continue;
        }
        let found = char::from(*letter);
        let digit = found.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digit = digit.ok_or(LineError::NotHex { column, found })?;
        if digits % 2 == 0 {
            high = digit << 4;
        } else {
            bytes.push(high | digit);
        }
        digits += 1;
    }
    if digits % 2 == 1 { Err(LineError::OddDigits { digits }) } else { Ok(bytes) }
}

/// Bytes as hex digits.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_comments_and_directives_are_told_apart() {
        let parsed = |line: &'static str| Line::parse(line.as_bytes());
        assert_eq!(parsed("80 00 ffAb"), Ok(Line::Packet(vec![0x80, 0, 0xff, 0xab])));
        assert_eq!(parsed(""), Ok(Line::Packet(vec![])));
        assert_eq!(parsed("  # 80"), Ok(Line::Nothing));
        let directive = |line| match parsed(line) {
            Ok(Line::Directive(directive)) => directive,
            other => panic!("{other:?}"),
        };
        assert_eq!(directive("!set-roc 0xff 7"), Directive::SetRoc(255, 7));
        assert_eq!(directive("!get-roc  255 "), Directive::GetRoc(255));
        assert_eq!(directive("!remove 0xFFFFFFFF"), Directive::Remove(u32::MAX));
        assert_eq!(directive("!streams"), Directive::Streams);
        assert_eq!(directive("!rekey 1 S inline:k|1:4"), Directive::Rekey("1 S inline:k|1:4"));
    }

    /// Every sentence, with what was found and where.
    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (line, sentence) in [
            (&b"80g0"[..], "column 3: 'g' is not a hex digit"),
            (b"800", "3 hex digits are not whole bytes"),
            (b"\xff\xfe", "column 1: 'ÿ' is not a hex digit"),
            (b"!", "! is no directive; there are !set-roc, !get-roc, !rekey, !remove, !streams"),
            (b"!set-roc 1", "the directive is written !set-roc SSRC N"),
            (b"!get-roc", "the directive is written !get-roc SSRC"),
            (b"!remove", "the directive is written !remove SSRC"),
            (b"!rekey ", "the directive is written !rekey LINE"),
            (b"!rekey 1 AES \xff", "column 14: the directive is not in UTF-8"),
            (b"!streams 1", "the directive is written !streams"),
            (
                b"!get-roc 4294967296",
                "\"4294967296\" is not a number of 32 bits, decimal or with 0x in front",
            ),
            (b"!get-roc 0x+1", "\"0x+1\" is not a number of 32 bits, decimal or with 0x in front"),
            (b"!get-roc +1", "\"+1\" is not a number of 32 bits, decimal or with 0x in front"),
        ] {
            assert_eq!(Line::parse(line).unwrap_err().to_string(), sentence);
        }
        let long = Line::parse(&vec![b'0'; MAX_LINE + 1]).unwrap_err();
        assert_eq!(long.to_string(), "the line is longer than 524288 bytes");
    }
}
