//! The one place that knows what follows the payload of a protected packet, and where.
//!
//! Read first: RFC 3711 §3.1 and §3.4; RFC 7714 §8.2 and §9.2; RFC 4771 §2.

use core::ops::Range;

use super::WireError;

/// The lengths of what follows the payload, in the order in which it follows:
/// `payload | AEAD tag | E, SRTCP index | MKI | ROC | tag` (RFC 3711 figures 1 and 2, RFC 7714 §8.2
/// and §9.2, RFC 4771 §2). A key keeps its own; every packet asks for the sum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Trailer {
    /// 16 with AES-GCM, else 0.
    aead_tag: u8,
    /// 4 in SRTCP, else 0.
    index: u8,
    mki: u8,
    /// 4 in an SRTP packet that carries its rollover counter, else 0.
    roc: u8,
    tag: u8,
    len: u8,
}

/// Where the parts of a protected packet stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    /// Length of header and payload.
    pub(crate) body_len: usize,
    trailer: Trailer,
}

impl Trailer {
    /// 20 bytes of tag, 128 of MKI: together never more than a `u8` counts.
    pub(crate) const fn new(aead_tag: u8, index: u8, mki: u8, roc: u8, tag: u8) -> Self {
        let len = aead_tag.saturating_add(index).saturating_add(mki);
        Self { aead_tag, index, mki, roc, tag, len: len.saturating_add(roc).saturating_add(tag) }
    }

    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        self.len as usize
    }

    /// Where everything stands in a packet of `len` bytes with `clear` bytes before its payload,
    /// none of which the trailer takes.
    #[inline(always)]
    pub(crate) fn layout(self, len: usize, clear: usize) -> Result<Layout, WireError> {
        let needed = clear.saturating_add(self.len());
        if len < needed {
            return Err(WireError::TooShort { len, needed });
        }
        Ok(Layout { body_len: len - self.len(), trailer: self })
    }
}

impl Layout {
    #[inline(always)]
    pub(crate) fn aead_tag(&self) -> Range<usize> {
        self.body_len..self.body_len + usize::from(self.trailer.aead_tag)
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> Range<usize> {
        let at = self.aead_tag().end;
        at..at + usize::from(self.trailer.index)
    }

    #[inline(always)]
    pub(crate) fn mki(&self) -> Range<usize> {
        let at = self.index().end;
        at..at + usize::from(self.trailer.mki)
    }

    #[inline(always)]
    pub(crate) fn roc(&self) -> Range<usize> {
        let at = self.mki().end;
        at..at + usize::from(self.trailer.roc)
    }

    #[inline(always)]
    pub(crate) fn tag(&self) -> Range<usize> {
        let end = self.body_len + self.trailer.len();
        end - usize::from(self.trailer.tag)..end
    }

    /// Whether there is a tag behind everything, which is an HMAC's.
    #[inline(always)]
    pub(crate) fn has_tag(&self) -> bool {
        self.trailer.tag != 0
    }

    /// Whether a tag is all that follows the payload.
    #[inline(always)]
    pub(crate) fn is_tag_alone(&self) -> bool {
        let Trailer { aead_tag, tag, len, .. } = self.trailer;
        len == aead_tag + tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trailer never takes bytes of the header: the shortest packet is header and trailer.
    #[test]
    fn trailer_is_laid_out_from_the_end() {
        let trailer = Trailer::new(0, 4, 2, 0, 10);
        let layout = trailer.layout(30, 8).unwrap();
        assert_eq!(layout.body_len, 14);
        assert_eq!((layout.index(), layout.mki(), layout.tag()), (14..18, 18..20, 20..30));
        assert!(trailer.layout(24, 8).is_ok());
        let too_short = WireError::TooShort { len: 23, needed: 24 };
        assert_eq!(trailer.layout(23, 8), Err(too_short));
    }

    /// RFC 4771 §2: the rollover counter is the front of the tag, behind the MKI (RFC 3711 §3.1).
    #[test]
    fn a_carried_rollover_counter_stands_between_mki_and_mac() {
        let trailer = Trailer::new(0, 0, 2, 4, 10);
        let layout = trailer.layout(40, 12).unwrap();
        assert_eq!(layout.body_len, 24);
        assert_eq!((layout.mki(), layout.roc(), layout.tag()), (24..26, 26..30, 30..40));
    }
}
