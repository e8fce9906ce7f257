//! What a phone offers: its crypto lines and its INVITE, as the bulletin's three scenarios print
//! them.
//!
//! Read first: Polycom Technical Bulletin 25751, scenarios one to three.

use core::fmt;

use sdes_sdp::sdp::{Connection, Origin};
use sdes_sdp::{CryptoAttribute, CryptoErrorKind, CryptoSuite, SessionParameters};

use crate::answer::LocalSession;
use crate::offer::{Layout, OfferError, OfferForm, OfferedStream, write_offer};
use crate::polycom::{Phone, SUITES};

/// What a phone brings to the SDP of its offer.
#[derive(Clone, Copy, Debug)]
pub struct OfferMedia<'l> {
    /// `o=`.
    pub origin: Origin<'l>,
    /// `c=`: where it wants to receive.
    pub connection: Connection<'l>,
    /// The one port of both m-lines.
    pub port: u16,
    /// The formats with their `a=rtpmap` encodings, the preferred first.
    pub formats: &'l [(&'l str, &'l str)],
}

impl Phone {
    /// The session parameters of every line the phone offers: an offered one *replaces* the line
    /// without it.
    pub fn offered_parameters(&self) -> SessionParameters {
        let params = self.session_params();
        SessionParameters {
            unauthenticated_srtp: params.no_auth.offered(),
            unencrypted_srtcp: params.no_encryp_rtcp.offered(),
            unencrypted_srtp: params.no_encryp_rtp.offered(),
            ..SessionParameters::default()
        }
    }

    /// The suites of its offer, in order; their tags are 1 and, for a second one, 2.
    pub fn offered_suites(&self) -> impl Iterator<Item = CryptoSuite> {
        let settings = self.settings;
        let offers = self.offers_srtp();
        let switches = [settings.offer_hmac_sha1_80, settings.offer_hmac_sha1_32];
        let suites = SUITES.iter().zip(switches);
        suites.filter_map(move |(suite, on)| (offers && on).then_some(*suite))
    }

    /// The crypto lines of its offer, made of fresh key and salt, 30 bytes for each suite of
    /// [`offered_suites`](Self::offered_suites), with the configured lifetime and, where MKIs are
    /// enabled, the MKIs 1 and 2 in four bytes.
    ///
    /// # Errors
    /// [`CryptoErrorKind`] where a lifetime is out of range.
    pub fn offered_lines(
        &self,
        key_salts: [&[u8; 30]; 2],
    ) -> Result<heapless::Vec<CryptoAttribute, 2>, CryptoErrorKind> {
        let mut lines = heapless::Vec::new();
        for ((suite, tag), key_salt) in self.offered_suites().zip(1_u8..).zip(key_salts) {
            let wrong = CryptoErrorKind::Lifetime { suite };
            let key = self.key(suite, key_salt, tag.into()).map_err(|_| wrong)?;
            let line = CryptoAttribute::new(tag.into(), key, self.offered_parameters())?;
            // Two places for two suites.
            let _ = lines.push(line);
        }
        Ok(lines)
    }

    /// The form of its offers: SRTP before RTP, SRTP alone where it is required, RTP alone where it
    /// is not offered.
    pub const fn offer_form(&self) -> OfferForm {
        match (self.offers_srtp(), self.requires_srtp()) {
            (_, true) => OfferForm::Srtp,
            (true, false) => OfferForm::SrtpThenRtp,
            (false, false) => OfferForm::Rtp,
        }
    }

    /// Writes the offer of an INVITE as the bulletin prints it: the secured m-line first unless
    /// nothing is offered, the plain one after it on the same port unless SRTP is required.
    ///
    /// A phone that demands SRTP and has no line for it writes nothing, least of all plain RTP.
    ///
    /// # Errors
    /// [`OfferError`].
    pub fn write_offer(
        &self,
        out: &mut impl fmt::Write,
        media: &OfferMedia<'_>,
        lines: &[CryptoAttribute],
    ) -> Result<(), OfferError> {
        let session =
            LocalSession { origin: media.origin, name: "-", connection: media.connection };
        let mut stream = OfferedStream::audio(self.offer_form(), media.port, media.formats, lines);
        stream.layout = Layout { crypto_last: false, says_sendrecv: true };
        write_offer(out, &session, &[stream])
    }

    /// Whether a re-INVITE with a new key is due: on a call the phone made, once the packets sent
    /// exceed half the lifetime.
    pub const fn rekey_due(&self, outgoing: bool, packets_sent: u64) -> bool {
        let lifetime = self.settings.key_lifetime;
        outgoing && lifetime != 0 && packets_sent > lifetime / 2
    }
}
