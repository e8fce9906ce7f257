//! Names of IOS releases, as far as they decide what a gateway does.
//!
//! Read first: "Configuring SIP Support for SRTP" (Cisco, August 2009), Table 5 and the notes.

use core::fmt;
use core::str::FromStr;

/// What is running IOS.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Device {
    /// A voice gateway, between the telephone network and SIP.
    #[default]
    Gateway,
    /// A Unified Border Element, between SIP and SIP.
    BorderElement,
}

/// The name of an IOS release, `12.4(20)T1` for example.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Release {
    major: u16,
    minor: u16,
    maintenance: u16,
    /// Letters of the train in capitals, zeroes behind them; none for the mainline.
    train: [u8; 4],
    rebuild: u16,
}

/// A release name that is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ReleaseError;

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of an IOS release, such as 12.4(20)T or 15.1(4)M3")
    }
}

impl core::error::Error for ReleaseError {}

/// What came with a release and decides something here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Feature {
    /// SIP over TLS, `sips`.
    Tls,
    /// `srtp`, `srtp fallback`.
    Srtp,
    /// `srtp negotiate`: fallback with a delayed offer.
    SrtpNegotiate,
    /// A call with SRTP alone succeeds without SIPS and without `srtp fallback`: "late" in the
    /// tables.
    SrtpWithoutTls,
    /// SRTP on one leg of a border element, RTP on the other.
    Interworking,
}

const fn release(maintenance: u16, train: [u8; 4]) -> Release {
    Release { major: 12, minor: 4, maintenance, train, rebuild: 0 }
}

const T: [u8; 4] = *b"T\0\0\0";
const XY: [u8; 4] = *b"XY\0\0";
const YB: [u8; 4] = *b"YB\0\0";

/// The first releases with a feature, on gateways and on border elements.
///
/// One note of the document has 12.4(22)T for [`Feature::SrtpWithoutTls`] on both; Table 1 and four
/// other notes say 12.4(20)T for gateways.
#[rustfmt::skip]
pub const FEATURES: [(Feature, &[Release], &[Release]); 5] = [
    (Feature::Tls,            &[release(6, T)],                   &[release(6, T)]),
    (Feature::Srtp,           &[release(15, T)],                  &[release(15, T)]),
    (Feature::SrtpNegotiate,  &[release(15, XY), release(20, T)], &[release(22, T)]),
    (Feature::SrtpWithoutTls, &[release(20, T)],                  &[release(22, T)]),
    (Feature::Interworking,   &[],                                &[release(22, YB)]),
];

impl Release {
    /// 12.4(22)T, the newest one the document gives rules for.
    pub const NEWEST_DESCRIBED: Self = release(22, T);

    /// Whether the release has a feature.
    pub fn has(self, feature: Feature, device: Device) -> bool {
        let (_, gateway, border_element) = match FEATURES.iter().find(|(row, ..)| *row == feature) {
            Some(row) => *row,
            None => return false,
        };
        let first = match device {
            Device::Gateway => gateway,
            Device::BorderElement => border_element,
        };
        first.iter().any(|first| self.comes_after(*first))
    }

    /// Whether the release is `first` or has grown out of it. New features go into the T train;
    /// a special train has what the T release of its number has; a mainline of the same version has
    /// none of it; the next version has everything.
    fn comes_after(self, first: Self) -> bool {
        let version = |release: Self| (release.major, release.minor);
        if version(self) != version(first) {
            return version(self) > version(first);
        }
        let same_line = self.train == first.train || (first.train == T && self.train != [0; 4]);
        same_line && self.maintenance >= first.maintenance
    }

    fn train(&self) -> &str {
        let letters = self.train.iter().take_while(|letter| **letter != 0).count();
        let letters = self.train.get(..letters).unwrap_or_default();
        core::str::from_utf8(letters).unwrap_or_default()
    }
}

impl Default for Release {
    fn default() -> Self {
        Self::NEWEST_DESCRIBED
    }
}

impl FromStr for Release {
    type Err = ReleaseError;

    fn from_str(name: &str) -> Result<Self, ReleaseError> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        let parse = || {
            let (version, rest) = name.trim().split_once('(')?;
            let (major, minor) = version.split_once('.')?;
            let (maintenance, rest) = rest.split_once(')')?;
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (letters, rebuild) = rest.split_at_checked(letters)?;
            let mut train = [0; 4];
            train.get_mut(..letters.len())?.copy_from_slice(letters.as_bytes());
            train.make_ascii_uppercase();
            Some(Self {
                major: number(major)?,
                minor: number(minor)?,
                // Interim builds have a second number, 12.4(20.3)T.
                maintenance: number(maintenance.split('.').next()?)?,
                train,
                rebuild: if rebuild.is_empty() { 0 } else { number(rebuild)? },
            })
        };
        parse().ok_or(ReleaseError)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, maintenance, rebuild, .. } = self;
        write!(f, "{major}.{minor}({maintenance}){}", self.train())?;
        if *rebuild != 0 {
            write!(f, "{rebuild}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Release({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name in Cisco's Table 5, and what else is met in the field, prints as it was read.
    #[test]
    fn names_are_read_and_written() {
        for name in [
            "12.4(6)T",
            "12.4(15)T",
            "12.4(15)XY",
            "12.4(20)T",
            "12.4(22)T",
            "12.4(22)YB",
            "12.4(25)",
            "12.4(20)T1",
            "15.1(4)M3",
            "15.0(1)M",
        ] {
            assert_eq!(name.parse::<Release>().unwrap().to_string(), name);
        }
        for wrong in
            ["", "12", "12.4", "12.4()T", "12.4(20", "12.4(20)TOOLONG", "x.4(2)T", "12.4(+2)T"]
        {
            assert_eq!(wrong.parse::<Release>(), Err(ReleaseError), "{wrong}");
        }
    }

    /// Where "late" begins, on either device.
    #[test]
    fn features_come_with_their_releases() {
        let late = |name: &str, device| {
            let release: Release = name.parse().unwrap();
            release.has(Feature::SrtpWithoutTls, device)
        };
        use Device::{BorderElement, Gateway};
        #[rustfmt::skip]
        let table = [
            // release     gateway  border element
            ("12.4(15)T",  false,   false),
            ("12.4(15)XY", false,   false),
            ("12.4(19)T3", false,   false),
            ("12.4(20)T",  true,    false),
            ("12.4(20)YA", true,    false),
            ("12.4(22)T",  true,    true),
            ("12.4(22)YB", true,    true),
            ("12.4(25)",   false,   false), // the mainline never got it
            ("12.3(26)T",  false,   false),
            ("15.0(1)M",   true,    true),
        ];
        for (name, gateway, border_element) in table {
            let is = (late(name, Gateway), late(name, BorderElement));
            assert_eq!(is, (gateway, border_element), "{name}");
        }
        let has = |name: &str, feature| name.parse::<Release>().unwrap().has(feature, Gateway);
        assert!(has("12.4(15)XY", Feature::SrtpNegotiate));
        assert!(!has("12.4(15)T", Feature::SrtpNegotiate));
        assert!(has("12.4(15)T", Feature::Srtp) && !has("12.4(11)T", Feature::Srtp));
        assert!(has("12.4(6)T", Feature::Tls) && !has("12.4(4)T", Feature::Tls));
    }
}
