//! The one place that knows what follows the payload of a protected packet, and where.
//!
//! Read first: RFC 3711 §3.1 and §3.4; RFC 7714 §8.2 and §9.2; RFC 4771 §2.

use core::ops::Range;

use super::WireError;

/// The lengths of what follows the payload, in the order in which it follows:
/// `payload | AEAD tag | E, SRTCP index | MKI | ROC | tag` (RFC 3711 figures 1 and 2, RFC 7714 §8.2
/// and §9.2, RFC 4771 §2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Trailer {
    /// 16 with AES-GCM, else 0.
    pub(crate) aead_tag: usize,
    /// 4 in SRTCP, else 0.
    pub(crate) index: usize,
    pub(crate) mki: usize,
    /// 4 in an SRTP packet that carries its rollover counter, else 0.
    pub(crate) roc: usize,
    pub(crate) tag: usize,
}

/// Where the parts of a protected packet stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    /// Length of header and payload.
    pub(crate) body_len: usize,
    pub(crate) aead_tag: Range<usize>,
    pub(crate) index: Range<usize>,
    pub(crate) mki: Range<usize>,
    pub(crate) roc: Range<usize>,
    pub(crate) tag: Range<usize>,
}

impl Trailer {
    #[inline]
    pub(crate) const fn len(self) -> usize {
        self.aead_tag + self.index + self.mki + self.roc + self.tag
    }

    /// Where everything stands in a packet of `len` bytes with `clear` bytes before its payload,
    /// none of which the trailer takes.
    #[inline(always)]
    pub(crate) fn layout(self, len: usize, clear: usize) -> Result<Layout, WireError> {
        let needed = clear.saturating_add(self.len());
        if len < needed {
            return Err(WireError::TooShort { len, needed });
        }
        let body_len = len - self.len();
        let index = body_len + self.aead_tag;
        let mki = index + self.index;
        let roc = mki + self.mki;
        let tag = roc + self.roc;
        Ok(Layout {
            body_len,
            aead_tag: body_len..index,
            index: index..mki,
            mki: mki..roc,
            roc: roc..tag,
            tag: tag..len,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trailer never takes bytes of the header: the shortest packet is header and trailer.
    #[test]
    fn trailer_is_laid_out_from_the_end() {
        let trailer = Trailer { aead_tag: 0, index: 4, mki: 2, roc: 0, tag: 10 };
        let layout = trailer.layout(30, 8).unwrap();
        assert_eq!(layout.body_len, 14);
        assert_eq!((layout.index, layout.mki, layout.tag), (14..18, 18..20, 20..30));
        assert!(trailer.layout(24, 8).is_ok());
        let too_short = WireError::TooShort { len: 23, needed: 24 };
        assert_eq!(trailer.layout(23, 8), Err(too_short));
    }

    /// RFC 4771 §2: the rollover counter is the front of the tag, behind the MKI (RFC 3711 §3.1).
    #[test]
    fn a_carried_rollover_counter_stands_between_mki_and_mac() {
        let trailer = Trailer { aead_tag: 0, index: 0, mki: 2, roc: 4, tag: 10 };
        let layout = trailer.layout(40, 12).unwrap();
        assert_eq!(layout.body_len, 24);
        assert_eq!((layout.mki, layout.roc, layout.tag), (24..26, 26..30, 30..40));
    }
}
