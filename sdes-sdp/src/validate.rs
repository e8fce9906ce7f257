//! From the line as written to what it means: the rules of RFC 4568 over every field and across
//! them, and the oddities forgiven on the way.
//!
//! Read first: RFC 4568 §4, §6.1, §6.3, §9.2; RFC 7714 §8.2.

use srtp_core::{CryptoSuite, KeyDerivationRate, MAX_KEY_SALT_LEN, MasterKey, Mki};
use zeroize::Zeroizing;

use crate::attribute::{CryptoAttribute, FecOrder, Keys, SessionParameters, Use};
use crate::base64;
use crate::error::{CryptoError, CryptoErrorKind};
use crate::line::{CryptoLine, KeyParam, KeyParams, SessionParam};
use crate::mki;
use crate::note::{NoteKind, Notes, Tolerance};
use crate::scan::{Span, split_once, trim_end};

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
        let suite = self.suite().ok_or(CryptoErrorKind::UnknownSuite.at(self.suite_at.column()))?;
        if !suite.is_built_in() {
            return Err(CryptoErrorKind::SuiteNotBuiltIn { suite }.at(self.suite_at.column()));
        }
        let mut meaning = Meaning {
            attribute: CryptoAttribute {
                tag: self.tag(),
                suite,
                keys: Keys::default(),
                parameters: SessionParameters::default(),
            },
            notes: Notes::default(),
        };
        // Filled in place: keys that are moved leave copies of themselves behind.
        let Meaning { attribute, notes } = &mut meaning;
        let mut check = Check { suite, notes, tolerance };
        check.layout(self)?;
        check.head(self)?;
        check.keys(self.keys(), &mut attribute.keys, Use::Media)?;
        check.parameters(self, attribute)?;
        let rate = attribute.parameters.kdr;
        if rate != KeyDerivationRate::ZERO {
            for key in attribute.keys.iter_mut() {
                *key = key.clone().with_key_derivation_rate(rate);
            }
        }
        Ok(meaning)
    }

    /// What the line means, read with [`Tolerance::Tolerant`] and its notes left aside.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn meaning(&self) -> Result<CryptoAttribute, CryptoError> {
        Ok(self.validate(Tolerance::Tolerant)?.attribute)
    }
}

impl TryFrom<CryptoLine<'_>> for CryptoAttribute {
    type Error = CryptoError;

    fn try_from(line: CryptoLine<'_>) -> Result<Self, CryptoError> {
        line.meaning()
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
            if blanks.contains('\t') {
                self.note(gap.column(), NoteKind::Tab)?;
            }
            if blanks.len() > 1 {
                self.note(gap.column(), NoteKind::RunOfBlanks)?;
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
        params: KeyParams<'_>,
        keys: &mut Keys,
        which: Use,
    ) -> Result<(), CryptoError> {
        // Of several keys each needs an MKI, the first one too (RFC 4568 §6.1).
        let several = params.into_iter().nth(1).is_some();
        for param in params {
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
        let suite = self.suite;
        if !param.is_inline() {
            return Err(CryptoErrorKind::UnknownKeyMethod.at(param.column()));
        }
        if param.method() != "inline" {
            self.note(param.column(), NoteKind::LetterCase)?;
        }
        let mut column = param.info_column();
        let mut fields = param.fields();
        let text = fields.next().unwrap_or_default();
        let mut key = self.key_salt(text, column)?;

        let mut next_field = |before: &str| {
            column = column.saturating_add(before.len()).saturating_add(1);
            fields.next().map(|field| (field, column))
        };
        let mut field = next_field(text);
        if let Some((lifetime, column)) = field.filter(|(field, _)| !field.contains(':')) {
            let packets = parse_lifetime(lifetime, suite).map_err(|kind| kind.at(column))?;
            key = key
                .with_lifetime(packets)
                .map_err(|_| CryptoErrorKind::Lifetime { suite }.at(column))?;
            field = next_field(lifetime);
        }
        if let Some((text, column)) = field {
            let mki = self.mki(text, column)?;
            key =
                key.with_mki(mki.as_bytes()).map_err(|_| CryptoErrorKind::MkiLength.at(column))?;
            if let Some((_, column)) = next_field(text) {
                return Err(CryptoErrorKind::ExtraKeyField.at(column));
            }
        }
        Ok(key)
    }

    fn key_salt(&mut self, text: &str, column: usize) -> Result<MasterKey, CryptoError> {
        let suite = self.suite;
        let wrong = |given| CryptoErrorKind::KeySaltLength { suite, given };
        let mut buffer = Zeroizing::new([0; MAX_KEY_SALT_LEN]);
        let Some(key_salt) = buffer.get_mut(..suite.key_salt_len()) else {
            return Err(wrong(0).at(column));
        };
        let seen = base64::decode(text, key_salt).map_err(|error| match error {
            base64::Error::Character { at } => {
                CryptoErrorKind::Base64Character.at(column.saturating_add(at))
            }
            base64::Error::Characters { count } => {
                CryptoErrorKind::Base64Length { characters: count }.at(column)
            }
            base64::Error::Length { bytes } => wrong(bytes).at(column),
        })?;
        let digits = text.trim_end_matches('=').len();
        let end = column.saturating_add(digits);
        if seen.non_zero_last_bits {
            self.note(end.saturating_sub(1), NoteKind::NonZeroLastBits)?;
        }
        if seen.missing_padding {
            self.note(column.saturating_add(text.len()), NoteKind::MissingPadding)?;
        }
        if seen.extra_padding {
            self.note(end, NoteKind::ExtraPadding)?;
        }
        MasterKey::new(suite, key_salt).map_err(|_| wrong(key_salt.len()).at(column))
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
