//! HMAC-SHA1 of many packets at once, where the processor has vectors with a lane for each.

pub(crate) use srtp_accel::lanes::HmacJob;

/// The lanes of this processor, and SHA-NI for packets that are too few for them.
#[derive(Clone, Copy)]
pub(crate) struct Lanes {
    lanes: srtp_accel::lanes::Lanes,
    sha_ni: Option<srtp_accel::ShaNi>,
}

impl Lanes {
    /// The widest there are, if any.
    pub(crate) fn best() -> Option<Self> {
        let lanes = srtp_accel::lanes::Lanes::best()?;
        Some(Self { lanes, sha_ni: srtp_accel::ShaNi::detect() })
    }

    /// Computes all digests, in the order of the jobs.
    pub(crate) fn digest(self, jobs: &[HmacJob<'_>], digests: &mut [[u8; 20]]) {
        #[cfg(test)]
        crate::tests::effort::hashes_in_lanes(jobs.len(), digests.len());
        self.lanes.hmac_sha1(self.sha_ni, jobs, digests);
    }
}
