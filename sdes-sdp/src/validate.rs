//! From the line as written to what it means: the rules of RFC 4568 over every field and across
//! them, and the oddities forgiven on the way.
//!
//! Read first: RFC 4568 §4, §6.1, §6.3, §9.2; RFC 7714 §8.2.

use core::str::FromStr;

use srtp_core::{CryptoSuite, KeyDerivationRate, MAX_KEY_SALT_LEN, MasterKey, Mki};
use zeroize::Zeroize;

use crate::attribute::{CryptoAttribute, FecOrder, Keys, Use};
use crate::base64;
use crate::error::{CryptoError, CryptoErrorKind};
use crate::line::{CryptoLine, KeyParam, KeyParams, SessionParam};
use crate::mki;
use crate::note::{NoteKind, Notes, Tolerance};
use crate::scan::{Span, find, pieces, split_once, trim_end};

/// What a valid line means, and what it was forgiven.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meaning {
    /// The line's content.
    pub attribute: CryptoAttribute,
    /// Its oddities.
    pub notes: Notes,
}

impl CryptoLine<'_> {
    /// Holds the line against every rule of RFC 4568 that one line alone can break, and hands out
    /// what it means. That the tag is unique in its media section, that the key is unique in the
    /// SDP and that a `FEC_KEY` is there only for FEC on an address of its own (§4.1, §6.1,
    /// §6.3.5) is left to whoever sees the whole SDP.
    ///
    /// # Errors
    /// A [`CryptoError`]: the first violation, or the first oddity `tolerance` does not allow.
    pub fn validate(&self, tolerance: Tolerance) -> Result<Meaning, CryptoError> {
        let suite = self.usable_suite()?;
        let attribute = CryptoAttribute::blank(self.tag(), suite);
        // Filled in the place it is returned in: keys that are moved leave copies of themselves
        // behind, and a kilobyte takes its time.
        let mut result = Ok(Meaning { attribute, notes: Notes::default() });
        if let Ok(Meaning { attribute, notes }) = &mut result
            && let Err(error) = (Check { suite, notes, tolerance }).line(self, attribute)
        {
            result = Err(error);
        }
        result
    }

    /// What the line means, read with [`Tolerance::Tolerant`] and its notes left aside.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn meaning(&self) -> Result<CryptoAttribute, CryptoError> {
        let suite = self.usable_suite()?;
        let mut result = Ok(CryptoAttribute::blank(self.tag(), suite));
        let mut check =
            Check { suite, notes: &mut Notes::default(), tolerance: Tolerance::Tolerant };
        if let Ok(attribute) = &mut result
            && let Err(error) = check.line(self, attribute)
        {
            result = Err(error);
        }
        result
    }

    fn usable_suite(&self) -> Result<CryptoSuite, CryptoError> {
        let suite = self.suite().ok_or(CryptoErrorKind::UnknownSuite.at(self.suite_at.column()))?;
        if !suite.is_built_in() {
            return Err(CryptoErrorKind::SuiteNotBuiltIn { suite }.at(self.suite_at.column()));
        }
        Ok(suite)
    }
}

impl TryFrom<CryptoLine<'_>> for CryptoAttribute {
    type Error = CryptoError;

    fn try_from(line: CryptoLine<'_>) -> Result<Self, CryptoError> {
        line.meaning()
    }
}

/// A crypto line as text, in any of the forms [`CryptoLine::parse`] takes, read tolerantly.
impl FromStr for CryptoAttribute {
    type Err = CryptoError;

    fn from_str(text: &str) -> Result<Self, CryptoError> {
        CryptoLine::parse(text)?.meaning()
    }
}

/// The suite, if it is one that can be used here.
impl TryFrom<&CryptoLine<'_>> for CryptoSuite {
    type Error = CryptoError;

    fn try_from(line: &CryptoLine<'_>) -> Result<Self, CryptoError> {
        line.usable_suite()
    }
}

struct Check<'n> {
    suite: CryptoSuite,
    notes: &'n mut Notes,
    tolerance: Tolerance,
}

impl Check<'_> {
    fn note(&mut self, column: usize, kind: NoteKind) -> Result<(), CryptoError> {
        self.notes.note(self.tolerance, column, kind)
    }

    /// Every field of the line, into an attribute that has its tag and its suite.
    fn line(
        &mut self,
        line: &CryptoLine<'_>,
        attribute: &mut CryptoAttribute,
    ) -> Result<(), CryptoError> {
        self.layout(line)?;
        self.head(line)?;
        self.keys(line.keys(), &mut attribute.keys, Use::Media)?;
        self.parameters(line, attribute)?;
        let rate = attribute.parameters.kdr;
        if rate != KeyDerivationRate::ZERO {
            for key in attribute.keys.iter_mut() {
                *key = key.clone().with_key_derivation_rate(rate);
            }
        }
        Ok(())
    }

    /// Blanks and the line ending.
    fn layout(&mut self, line: &CryptoLine<'_>) -> Result<(), CryptoError> {
        let text = line.as_str();
        let before = text.get(..line.tag_at.start).unwrap_or_default();
        if before.ends_with([' ', '\t']) {
            let blanks = trim_end(before).len();
            self.note(blanks.saturating_add(1), NoteKind::LeadingBlanks)?;
        }
        let mut previous = line.tag_at;
        let words = line.param_words().map(|(span, _)| span);
        for next in [line.suite_at, line.keys_at].into_iter().chain(words) {
            let gap = Span { start: previous.end, end: next.start };
            let blanks = gap.of(text);
            if blanks != " " {
                if find(blanks.as_bytes(), b'\t').is_some() {
                    self.note(gap.column(), NoteKind::Tab)?;
                }
                if blanks.len() > 1 {
                    self.note(gap.column(), NoteKind::RunOfBlanks)?;
                }
            }
            previous = next;
        }
        let ending = line.ending();
        let end = text.len().saturating_sub(ending.len());
        if end > previous.end {
            self.note(previous.end.saturating_add(1), NoteKind::TrailingBlanks)?;
        }
        match ending {
            "\n" => self.note(end.saturating_add(1), NoteKind::BareLf),
            "\r" => self.note(end.saturating_add(1), NoteKind::BareCr),
            _ => Ok(()),
        }
    }

    /// Tag and suite.
    fn head(&mut self, line: &CryptoLine<'_>) -> Result<(), CryptoError> {
        if line.tag() == 0 {
            self.note(line.tag_at.column(), NoteKind::TagZero)?;
        }
        let column = line.suite_at.column();
        let name = line.suite_name();
        let row = self.suite.parameters();
        if name == row.name {
            return Ok(());
        }
        if !row.name.eq_ignore_ascii_case(name) {
            self.note(column, NoteKind::DraftSuiteName)?;
        }
        if !row.aliases.contains(&name) {
            self.note(column, NoteKind::LetterCase)?;
        }
        Ok(())
    }

    fn keys(
        &mut self,
        mut params: KeyParams<'_>,
        keys: &mut Keys,
        which: Use,
    ) -> Result<(), CryptoError> {
        let mut several = false;
        while let Some(param) = params.next() {
            // Of several keys each needs an MKI, the first one too (RFC 4568 §6.1).
            several |= params.has_next();
            let key = self.key(&param)?;
            if several && key.mki().is_empty() {
                return Err(CryptoErrorKind::KeyWithoutMki.at(param.column()));
            }
            if keys.contain(&key) {
                self.note(param.column(), NoteKind::RepeatedKey)?;
            }
            keys.push(which, key).map_err(|kind| kind.at(param.column()))?;
        }
        Ok(())
    }

    /// One `inline:` (RFC 4568 §6.1).
    fn key(&mut self, param: &KeyParam<'_>) -> Result<MasterKey, CryptoError> {
        if !param.is_inline() {
            return Err(CryptoErrorKind::UnknownKeyMethod.at(param.column()));
        }
        if param.method() != "inline" {
            self.note(param.column(), NoteKind::LetterCase)?;
        }
        let column = param.info_column();
        let (text, rest) = match split_once(param.key_info(), b'|') {
            Some((text, rest)) => (text, Some(rest)),
            None => (param.key_info(), None),
        };
        let mut buffer = [0; MAX_KEY_SALT_LEN];
        let key_salt = buffer.get_mut(..self.suite.key_salt_len()).unwrap_or_default();
        let key = self.key_of(text, rest, key_salt, column);
        // Byte by byte, so no more of them than were written.
        key_salt.zeroize();
        key
    }

    /// Key and salt, and what follows their `|`; `key_salt` is where they are decoded to.
    fn key_of(
        &mut self,
        text: &str,
        rest: Option<&str>,
        key_salt: &mut [u8],
        column: usize,
    ) -> Result<MasterKey, CryptoError> {
        let suite = self.suite;
        self.key_salt(text, key_salt, column)?;
        let rest_column = column.saturating_add(text.len()).saturating_add(1);
        let (lifetime, mki) = match rest {
            Some(rest) => self.lifetime_and_mki(rest, rest_column)?,
            None => (None, None),
        };
        // All has been looked at, so nothing of this fails; a key is moved as seldom as can be.
        let fault = |kind: CryptoErrorKind| kind.at(column);
        let mut key = MasterKey::new(suite, key_salt)
            .map_err(|_| fault(CryptoErrorKind::SuiteNotBuiltIn { suite }))?;
        if let Some(packets) = lifetime {
            key = key
                .with_lifetime(packets)
                .map_err(|_| fault(CryptoErrorKind::Lifetime { suite }))?;
        }
        if let Some(mki) = mki {
            key = key.with_mki(mki.as_bytes()).map_err(|_| fault(CryptoErrorKind::MkiLength))?;
        }
        Ok(key)
    }

    /// What follows the first `|`: a lifetime, an MKI or both.
    fn lifetime_and_mki(
        &mut self,
        text: &str,
        mut column: usize,
    ) -> Result<(Option<u64>, Option<Mki>), CryptoError> {
        let suite = self.suite;
        let mut fields = pieces(text, b'|');
        let mut next_field = |before: Option<&str>| {
            let before = before.map_or(0, |before| before.len().saturating_add(1));
            column = column.saturating_add(before);
            fields.next().map(|field| (field, column))
        };
        let mut field = next_field(None);
        let mut lifetime = None;
        if let Some((text, column)) = field
            && find(text.as_bytes(), b':').is_none()
        {
            let packets = parse_lifetime(text, suite).map_err(|kind| kind.at(column))?;
            if !(1..=suite.parameters().srtp_lifetime).contains(&packets) {
                return Err(CryptoErrorKind::Lifetime { suite }.at(column));
            }
            lifetime = Some(packets);
            field = next_field(Some(text));
        }
        let Some((text, column)) = field else {
            return Ok((lifetime, None));
        };
        let mki = self.mki(text, column)?;
        match next_field(Some(text)) {
            Some((_, column)) => Err(CryptoErrorKind::ExtraKeyField.at(column)),
            None => Ok((lifetime, Some(mki))),
        }
    }

    fn key_salt(
        &mut self,
        text: &str,
        key_salt: &mut [u8],
        column: usize,
    ) -> Result<(), CryptoError> {
        let suite = self.suite;
        let seen = base64::decode(text, key_salt).map_err(|error| match error {
            base64::Error::Character { at } => {
                CryptoErrorKind::Base64Character.at(column.saturating_add(at))
            }
            base64::Error::Characters { count } => {
                CryptoErrorKind::Base64Length { characters: count }.at(column)
            }
            base64::Error::Length { bytes: given } => {
                CryptoErrorKind::KeySaltLength { suite, given }.at(column)
            }
        })?;
        let end = column.saturating_add(seen.digits);
        if seen.non_zero_last_bits {
            self.note(end.saturating_sub(1), NoteKind::NonZeroLastBits)?;
        }
        if seen.missing_padding {
            self.note(column.saturating_add(text.len()), NoteKind::MissingPadding)?;
        }
        if seen.extra_padding {
            self.note(end, NoteKind::ExtraPadding)?;
        }
        Ok(())
    }

    fn mki(&mut self, text: &str, column: usize) -> Result<Mki, CryptoError> {
        let (value, length) =
            split_once(text, b':').ok_or(CryptoErrorKind::MkiWithoutLength.at(column))?;
        let length_column = column.saturating_add(value.len()).saturating_add(1);
        let length = number(length)
            .and_then(|length| usize::try_from(length).ok())
            .ok_or(CryptoErrorKind::MkiLength.at(length_column))?;
        let mki = mki::from_decimal(value, length).map_err(|kind| {
            kind.at(if kind == CryptoErrorKind::MkiLength { length_column } else { column })
        })?;
        if value == "0" {
            self.note(column, NoteKind::MkiZero)?;
        }
        Ok(mki)
    }

    /// RFC 4568 §6.3.
    fn parameters(
        &mut self,
        line: &CryptoLine<'_>,
        attribute: &mut CryptoAttribute,
    ) -> Result<(), CryptoError> {
        let suite = self.suite;
        let CryptoAttribute { parameters, keys, .. } = attribute;
        for (span, word) in line.param_words() {
            let column = span.column();
            let param = SessionParam::from_word(word);
            let value_column =
                column.saturating_add(param.name().map_or(0, str::len)).saturating_add(1);
            let mut repeated = false;
            let mut set = |flag: &mut bool| repeated = core::mem::replace(flag, true);
            match param {
                SessionParam::UnencryptedSrtp => set(&mut parameters.unencrypted_srtp),
                SessionParam::UnencryptedSrtcp => set(&mut parameters.unencrypted_srtcp),
                SessionParam::UnauthenticatedSrtp => set(&mut parameters.unauthenticated_srtp),
                SessionParam::Kdr(value) => {
                    let rate = number(value)
                        .and_then(|exponent| u8::try_from(exponent).ok())
                        .filter(|exponent| *exponent > 0)
                        .and_then(|exponent| KeyDerivationRate::from_exponent(exponent).ok())
                        .ok_or(CryptoErrorKind::Kdr.at(value_column))?;
                    repeated = parameters.kdr != KeyDerivationRate::ZERO;
                    parameters.kdr = rate;
                }
                SessionParam::FecOrder(value) => {
                    let order = FecOrder::from_name(value)
                        .ok_or(CryptoErrorKind::FecOrder.at(value_column))?;
                    repeated = parameters.fec_order.replace(order).is_some();
                    if order.name() != value {
                        self.note(value_column, NoteKind::LetterCase)?;
                    }
                }
                SessionParam::WindowSizeHint(value) => {
                    let hint = number(value)
                        .and_then(|hint| u32::try_from(hint).ok())
                        .filter(|hint| *hint >= 64)
                        .ok_or(CryptoErrorKind::WindowSizeHint.at(value_column))?;
                    repeated = parameters.window_size_hint.replace(hint).is_some();
                }
                SessionParam::FecKey(value) => {
                    repeated = !keys.of(Use::Fec).is_empty();
                    let params = KeyParams::new(value, value_column.saturating_sub(1));
                    params.check()?;
                    if !repeated {
                        self.keys(params, keys, Use::Fec)?;
                    }
                }
                SessionParam::Optional(name) => {
                    if name.is_empty() || name.starts_with('-') {
                        self.note(column, NoteKind::ExtensionName)?;
                    }
                }
                SessionParam::Unknown(_) => {
                    return Err(CryptoErrorKind::UnknownParameter.at(column));
                }
            }
            if repeated {
                return Err(CryptoErrorKind::RepeatedParameter.at(column));
            }
            let switches_off =
                matches!(param, SessionParam::UnencryptedSrtp | SessionParam::UnauthenticatedSrtp);
            if switches_off && suite.parameters().cipher.is_aead() {
                return Err(CryptoErrorKind::NotWithAead { suite }.at(column));
            }
            if param.name().is_some_and(|name| !word.starts_with(name)) {
                self.note(column, NoteKind::LetterCase)?;
            }
        }
        Ok(())
    }
}

/// A decimal number without sign and leading zeros.
fn number(text: &str) -> Option<u64> {
    match text.as_bytes() {
        [b'0', _, ..] => None,
        digits if digits.iter().all(u8::is_ascii_digit) => text.parse().ok(),
        _ => None,
    }
}

/// RFC 4568 §6.1: "a non-zero, positive decimal integer or […] a power of 2".
fn parse_lifetime(text: &str, suite: CryptoSuite) -> Result<u64, CryptoErrorKind> {
    let (digits, power) = match text.strip_prefix("2^") {
        Some(exponent) => (exponent, true),
        None => (text, false),
    };
    let decimal = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    if !decimal || digits.len() > 1 && digits.starts_with('0') {
        return Err(CryptoErrorKind::LifetimeSyntax);
    }
    // Well-formed: what does not fit is too large for every suite.
    let value = number(digits).and_then(|value| {
        if power {
            u32::try_from(value).ok().and_then(|n| 1u64.checked_shl(n))
        } else {
            Some(value)
        }
    });
    value.ok_or(CryptoErrorKind::Lifetime { suite })
}
