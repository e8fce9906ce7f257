//! Header extensions and the elements in them.
//!
//! Read first: RFC 3550 §5.3.1, RFC 8285 §4, RFC 9335 §5.

use core::fmt;

/// "Defined by profile" of one-byte headers (RFC 8285 §4.2).
pub(crate) const ONE_BYTE: u16 = 0xbede;
/// "Defined by profile" of two-byte headers, but for the four application bits (RFC 8285 §4.3).
pub(crate) const TWO_BYTE: u16 = 0x1000;
const APPLICATION_BITS: u16 = 0x000f;
/// The encrypted one-byte form (RFC 9335 §5).
pub(crate) const CRYPTEX_ONE_BYTE: u16 = 0xc0de;
/// The encrypted two-byte form (RFC 9335 §5).
pub(crate) const CRYPTEX_TWO_BYTE: u16 = 0xc2de;

/// How the elements of a header extension are laid out, as its 16 bits "defined by profile" say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExtensionForm {
    /// One-byte headers, `0xBEDE` (RFC 8285 §4.2): IDs 1 to 14, 1 to 16 bytes of data.
    OneByte,
    /// Two-byte headers, `0x100` and four application bits (RFC 8285 §4.3): IDs 1 to 255, 0 to 255
    /// bytes of data.
    TwoByte {
        /// The application bits, 0 to 15, which have no meaning unless agreed.
        application_bits: u8,
    },
    /// Elements encrypted with everything else (Cryptex, RFC 9335): `0xC0DE` for one-byte and
    /// `0xC2DE` for two-byte headers.
    Cryptex,
    /// Not of RFC 8285: nobody here knows what is in it.
    Other,
}

impl ExtensionForm {
    /// The form that these 16 bits "defined by profile" announce.
    pub const fn of(profile: u16) -> Self {
        match profile {
            ONE_BYTE => Self::OneByte,
            CRYPTEX_ONE_BYTE | CRYPTEX_TWO_BYTE => Self::Cryptex,
            _ if profile & !APPLICATION_BITS == TWO_BYTE => {
                let [_, low] = profile.to_be_bytes();
                Self::TwoByte { application_bits: low & 0x0f }
            }
            _ => Self::Other,
        }
    }
}

/// The header extension of an RTP packet (RFC 3550 §5.3.1).
///
/// ```
/// use srtp_core::wire::RtpHeader;
///
/// // An audio level (RFC 6464) under ID 1, and padding.
/// let packet = [
///     0x90, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, // fixed header with X = 1
///     0xbe, 0xde, 0, 1, 0x10, 0x30, 0, 0,
/// ];
/// let header = RtpHeader::parse(&packet)?;
/// let mut elements = header.extension(&packet).unwrap().elements();
/// let level = elements.next().unwrap();
/// assert_eq!((level.id, level.data), (1, &[0x30][..]));
/// assert!(elements.next().is_none());
/// # Ok::<(), srtp_core::wire::WireError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HeaderExtension<'p> {
    /// The 16 bits "defined by profile".
    pub profile: u16,
    /// What follows the length: a multiple of four bytes.
    pub body: &'p [u8],
}

impl<'p> HeaderExtension<'p> {
    /// How the elements are laid out.
    pub const fn form(&self) -> ExtensionForm {
        ExtensionForm::of(self.profile)
    }

    /// The elements, one after the other, padding left out. None where the form is not one of
    /// RFC 8285's two. What cannot be an element ends the walk: the ID 15 of one-byte headers, the
    /// ID 0 with a length (§4.1.2), data that would end behind the extension.
    pub const fn elements(&self) -> Elements<'p> {
        Elements { form: self.form(), body: self.body, at: 0 }
    }

    /// The first element that begins at `at` or behind it: its ID and where its data stands.
    #[cfg(feature = "header-encryption")]
    pub(crate) fn element_from(&self, at: usize) -> Option<(u8, core::ops::Range<usize>)> {
        let element = Elements { at, ..self.elements() }.next()?;
        Some((element.id, element.offset..element.offset + element.data.len()))
    }
}

/// One element of a header extension (RFC 8285 §4.1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Element<'p> {
    /// The local identifier: 1 to 14 in one-byte, 1 to 255 in two-byte headers.
    pub id: u8,
    /// Where the data stands in the extension's body.
    pub offset: usize,
    /// The data.
    pub data: &'p [u8],
}

/// The walk over the elements of a header extension; see [`HeaderExtension::elements`].
#[derive(Clone, Debug)]
pub struct Elements<'p> {
    form: ExtensionForm,
    body: &'p [u8],
    at: usize,
}

impl<'p> Iterator for Elements<'p> {
    type Item = Element<'p>;

    fn next(&mut self) -> Option<Element<'p>> {
        let found = self.walk();
        if found.is_none() {
            self.at = self.body.len();
        }
        found
    }
}

impl<'p> Elements<'p> {
    fn walk(&mut self) -> Option<Element<'p>> {
        loop {
            let first = *self.body.get(self.at)?;
            if first == 0 {
                self.at += 1; // padding, anywhere
                continue;
            }
            let (id, len, head) = match self.form {
                ExtensionForm::OneByte => (first >> 4, usize::from(first & 0x0f) + 1, 1),
                ExtensionForm::TwoByte { .. } => {
                    (first, usize::from(*self.body.get(self.at + 1)?), 2)
                }
                ExtensionForm::Cryptex | ExtensionForm::Other => return None,
            };
            if id == 0 || (id == 15 && head == 1) {
                return None;
            }
            let offset = self.at + head;
            let data = self.body.get(offset..)?.get(..len)?;
            self.at = offset + len;
            return Some(Element { id, offset, data });
        }
    }
}

/// A set of element identifiers, 1 to 255: those whose data is encrypted (RFC 6904).
///
/// ```
/// use srtp_core::wire::ExtensionIds;
///
/// let ids = ExtensionIds::NONE.with(1).with(4);
/// assert!(ids.contains(4) && !ids.contains(2));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ExtensionIds([u64; 4]);

impl ExtensionIds {
    /// The empty set.
    pub const NONE: Self = Self([0; 4]);

    /// The set with this identifier in it. 0 is padding's and stays out (RFC 8285 §4.1.2).
    #[must_use]
    pub const fn with(self, id: u8) -> Self {
        let Self([mut a, mut b, mut c, mut d]) = self;
        let bit = 1 << (id & 63);
        match id >> 6 {
            _ if id == 0 => {}
            0 => a |= bit,
            1 => b |= bit,
            2 => c |= bit,
            _ => d |= bit,
        }
        Self([a, b, c, d])
    }

    /// Whether the identifier is in the set.
    #[inline]
    pub const fn contains(&self, id: u8) -> bool {
        let Self([a, b, c, d]) = *self;
        let word = match id >> 6 {
            0 => a,
            1 => b,
            2 => c,
            _ => d,
        };
        word >> (id & 63) & 1 == 1
    }

    /// Whether no identifier is in the set.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        matches!(self.0, [0, 0, 0, 0])
    }

    /// The identifiers in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u8> {
        let ids = *self;
        (1..=u8::MAX).filter(move |id| ids.contains(*id))
    }
}

impl FromIterator<u8> for ExtensionIds {
    fn from_iter<I: IntoIterator<Item = u8>>(ids: I) -> Self {
        ids.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for ExtensionIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn elements(profile: u16, body: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let extension = HeaderExtension { profile, body };
        let found = extension.elements().map(|e| {
            assert_eq!(&body[e.offset..e.offset + e.data.len()], e.data);
            (e.id, e.data.to_vec())
        });
        found.collect()
    }

    /// The figures of RFC 8285 §4.2 and §4.3: three elements, padding between and behind them.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let one_byte = [0x10, 0xa1, 0x21, 0xb1, 0xb2, 0, 0, 0x33, 1, 2, 3, 4];
        let expected = vec![(1, vec![0xa1]), (2, vec![0xb1, 0xb2]), (3, vec![1, 2, 3, 4])];
        assert_eq!(elements(ONE_BYTE, &one_byte), expected);
        let two_byte = [1, 0, 2, 1, 0xb1, 0, 3, 4, 1, 2, 3, 4];
        let expected = vec![(1, vec![]), (2, vec![0xb1]), (3, vec![1, 2, 3, 4])];
        for application_bits in 0..16 {
            assert_eq!(elements(TWO_BYTE | application_bits, &two_byte), expected);
        }
    }

    /// §4.1.2 and §4.2: ID 15 of one-byte headers, and ID 0 with a length, end the walk; what stood
    /// before them counts. Two-byte headers have an ordinary ID 15.
    #[test]
    fn reserved_identifiers_end_the_walk() {
        assert_eq!(elements(ONE_BYTE, &[0x10, 7, 0xf0, 1, 0x20, 8, 0, 0]), [(1, vec![7])]);
        assert_eq!(elements(ONE_BYTE, &[0x10, 7, 0x03, 1, 0x20, 8, 0, 0]), [(1, vec![7])]);
        assert_eq!(elements(TWO_BYTE, &[15, 1, 7, 0]), [(15, vec![7])]);
    }

    /// An element that would end behind the extension is none.
    #[test]
    fn a_cut_element_ends_the_walk() {
        assert_eq!(elements(ONE_BYTE, &[0x10, 7, 0x2f, 1]), [(1, vec![7])]);
        assert_eq!(elements(TWO_BYTE, &[1, 1, 7, 2]), [(1, vec![7])]);
        assert_eq!(elements(TWO_BYTE, &[1, 255, 0, 0]), []);
    }

    #[test]
    fn the_form_is_in_the_profile() {
        assert_eq!(ExtensionForm::of(0xbede), ExtensionForm::OneByte);
        assert_eq!(ExtensionForm::of(0x1000), ExtensionForm::TwoByte { application_bits: 0 });
        assert_eq!(ExtensionForm::of(0x100f), ExtensionForm::TwoByte { application_bits: 15 });
        assert_eq!(ExtensionForm::of(0xc0de), ExtensionForm::Cryptex);
        assert_eq!(ExtensionForm::of(0xc2de), ExtensionForm::Cryptex);
        for other in [0, 0x1010, 0xbedf, 0xc1de] {
            assert_eq!(ExtensionForm::of(other), ExtensionForm::Other);
            assert!(elements(other, &[0x10, 7, 0, 0]).is_empty());
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let ids: ExtensionIds = [0, 1, 14, 63, 64, 255].into_iter().collect();
        assert_eq!(ids.iter().collect::<Vec<_>>(), [1, 14, 63, 64, 255]);
        assert!(ExtensionIds::NONE.with(0).is_empty());
        for id in 1..=255 {
            let set = ExtensionIds::NONE.with(id);
            assert_eq!(set.iter().collect::<Vec<_>>(), [id]);
        }
    }

    proptest! {
        /// What was written is read, whatever padding stands between, in both forms.
        #[test]
        fn written_elements_are_read(
            two_byte in any::<bool>(),
            written in prop::collection::vec((1..15_u8, prop::collection::vec(any::<u8>(), 1..17), 0..4_usize), 0..9),
        ) {
            let mut body = Vec::new();
            for (id, data, padding) in &written {
                match two_byte {
                    true => body.extend([*id, data.len() as u8]),
                    false => body.push(id << 4 | (data.len() - 1) as u8),
                }
                body.extend(data);
                body.extend(vec![0; *padding]);
            }
            body.resize(body.len().next_multiple_of(4), 0);
            let expected: Vec<_> = written.into_iter().map(|(id, data, _)| (id, data)).collect();
            let profile = if two_byte { TWO_BYTE } else { ONE_BYTE };
            prop_assert_eq!(elements(profile, &body), expected);
        }
    }
}
