//! The numbers that COSE gives to signature algorithms (RFC 9053, RFC 8812, RFC 9864).

use crate::{Algorithm, Curve};

/// HMAC with SHA-256, the whole 256 bits (RFC 9053 §3.1).
pub const HMAC_256: i64 = 5;

impl Algorithm {
    /// By its number, fully specified (RFC 9864) or not. A number that leaves the curve open, such as -7, stands for
    /// the one curve that goes with this algorithm here.
    #[must_use]
    pub const fn from_cose(number: i64) -> Option<Self> {
        match number {
            -7 | -9 => Some(Self::Es256),
            -35 | -51 => Some(Self::Es384),
            -36 | -52 => Some(Self::Es512),
            -47 => Some(Self::Es256K),
            -8 | -19 => Some(Self::EdDsa),
            -37 => Some(Self::Ps256),
            -257 => Some(Self::Rs256),
            _ => None,
        }
    }

    /// The number that everybody reads: the one of RFC 9053 and RFC 8812, which ISO/IEC 18013-5 names too.
    #[must_use]
    pub const fn cose(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
            Self::Es256K => -47,
            Self::EdDsa => -8,
            Self::Ps256 => -37,
            Self::Rs256 => -257,
        }
    }

    /// The fully specified number (RFC 9864); for RSA and secp256k1 there is only the one.
    #[must_use]
    pub const fn cose_fully_specified(self) -> i64 {
        match self {
            Self::Es256 => -9,
            Self::Es384 => -51,
            Self::Es512 => -52,
            Self::EdDsa => -19,
            Self::Es256K | Self::Ps256 | Self::Rs256 => self.cose(),
        }
    }
}

/// Whether a signature with the number `used` in its header, by a key on `curve`, is what `listed` asks for in
/// `issuerauth_alg_values`, `deviceauth_alg_values` or `credential_signing_alg_values_supported` (OID4VP 1.0 §B.2.2,
/// OID4VCI 1.0 §A.2.2): the same number, or a fully specified one of the same algorithm and curve.
#[must_use]
pub fn signature_meets(listed: i64, used: i64, curve: Option<Curve>) -> bool {
    if listed == used {
        return true;
    }
    match (Algorithm::from_cose(listed), Algorithm::from_cose(used)) {
        (Some(asked), Some(algorithm)) => {
            listed == asked.cose_fully_specified() && asked == algorithm && asked.curve() == curve
        }
        _ => false,
    }
}

/// Whether a device MAC by a device key on `curve` is what `listed` asks for in `deviceauth_alg_values`
/// (OID4VP 1.0 §B.2.2).
#[must_use]
pub fn mac_meets(listed: i64, curve: Curve) -> bool {
    listed == HMAC_256 || mac_number(curve) == Some(listed)
}

/// The number that OID4VP 1.0 §B.2.2 gives to the device MAC by a device key on that curve.
#[must_use]
pub const fn mac_number(curve: Curve) -> Option<i64> {
    match curve {
        Curve::P256 => Some(-65537),
        Curve::P384 => Some(-65538),
        Curve::P521 => Some(-65539),
        Curve::X25519 => Some(-65540),
        Curve::Secp256k1 | Curve::Ed25519 => None,
    }
}
