//! What of an RTP packet is encrypted, as the policy has it.
//!
//! Read first: RFC 6904 §3, RFC 9335 §5.1 and §5.2.

use crate::context::{ProtectError, UnprotectError};
#[cfg(feature = "cryptex")]
use crate::policy::Cryptex;
use crate::policy::Policy;
use crate::transform::Cover;
#[cfg(feature = "cryptex")]
use crate::wire::ExtensionForm;
use crate::wire::RtpHeader;

/// Without Cryptex.
#[inline]
fn classic(policy: &Policy) -> Cover<'_> {
    if policy.unencrypted_srtp {
        Cover::Nothing
    } else if policy.encrypted_extensions.is_empty() {
        Cover::Payload
    } else {
        Cover::Elements(&policy.encrypted_extensions)
    }
}

/// What is encrypted of a packet to be sent.
///
/// # Errors
/// [`ProtectError::ExtensionForm`].
#[cfg(feature = "cryptex")]
#[inline]
pub(crate) fn outgoing<'c>(
    policy: &'c Policy,
    header: &RtpHeader,
) -> Result<Cover<'c>, ProtectError> {
    if policy.cryptex == Cryptex::Off {
        return Ok(classic(policy));
    }
    let Some(profile) = header.extension_profile else {
        return Ok(if header.csrc_count == 0 { classic(policy) } else { Cover::Cryptex(()) });
    };
    match ExtensionForm::of(profile) {
        ExtensionForm::OneByte | ExtensionForm::TwoByte { .. } => Ok(Cover::Cryptex(())),
        // "MUST NOT be used with header extensions other than the RFC 8285 variety."
        ExtensionForm::Other if policy.cryptex == Cryptex::Allowed => Ok(classic(policy)),
        ExtensionForm::Other | ExtensionForm::Cryptex => {
            Err(ProtectError::ExtensionForm { profile })
        }
    }
}

/// What is encrypted of a packet that came in, and whether it may be so.
#[cfg(feature = "cryptex")]
#[inline]
pub(crate) fn incoming<'c>(
    policy: &'c Policy,
    header: &RtpHeader,
) -> (Cover<'c>, Result<(), UnprotectError>) {
    if policy.cryptex == Cryptex::Off {
        return (classic(policy), Ok(()));
    }
    if header.extension_profile.map(ExtensionForm::of) == Some(ExtensionForm::Cryptex) {
        return (Cover::Cryptex(()), Ok(()));
    }
    let shows = header.extension_profile.is_some() || header.csrc_count > 0;
    let allowed = match policy.cryptex {
        Cryptex::Required if shows => Err(UnprotectError::HeaderInClear),
        _ => Ok(()),
    };
    (classic(policy), allowed)
}

/// What is encrypted of a packet to be sent.
#[cfg(not(feature = "cryptex"))]
#[inline]
pub(crate) fn outgoing<'c>(policy: &'c Policy, _: &RtpHeader) -> Result<Cover<'c>, ProtectError> {
    Ok(classic(policy))
}

/// What is encrypted of a packet that came in.
#[cfg(not(feature = "cryptex"))]
#[inline]
pub(crate) fn incoming<'c>(
    policy: &'c Policy,
    _: &RtpHeader,
) -> (Cover<'c>, Result<(), UnprotectError>) {
    (classic(policy), Ok(()))
}
