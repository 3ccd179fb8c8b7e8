//! `vp_formats_supported`: by format, what can be verified (OID4VP 1.0 Appendix B).

use std::collections::BTreeSet;

use credenza_crypto::cose::algorithm::{mac_meets, mac_number, signature_meets};
use credenza_crypto::{Algorithm, Curve, PublicKey};
use credenza_formats::w3c::data_integrity::Cryptosuite;
use credenza_query::dcql::Format;
use serde_json::{Map, Value, json};

/// What a verifier can verify.
#[derive(Debug, Clone, Copy)]
pub struct Verifiable<'a> {
    /// Algorithms of issuers.
    pub issuers: &'a [Algorithm],
    /// Algorithms of holders.
    pub holders: &'a [Algorithm],
    /// Cryptosuites of embedded proofs.
    pub cryptosuites: &'a [Cryptosuite],
    /// The curve of the key that a device MAC can be agreed with.
    pub mac: Option<Curve>,
}

impl Verifiable<'_> {
    /// The parameter, for these formats. What is not known here is left out.
    #[must_use]
    pub fn formats<'f>(&self, formats: impl IntoIterator<Item = &'f Format>) -> Map<String, Value> {
        let known = |format: &Format| Some((format.as_str().to_owned(), self.format(format)?));
        formats.into_iter().filter_map(known).collect()
    }

    fn format(&self, format: &Format) -> Option<Value> {
        match format {
            Format::SdJwtVc | Format::VcSdJwt => Some(json!({
                "sd-jwt_alg_values": names(self.issuers),
                "kb-jwt_alg_values": names(self.holders),
            })),
            Format::Mdoc => {
                let mac = self.mac.and_then(mac_number);
                let holders: Vec<i64> = numbers(self.holders).into_iter().chain(mac).collect();
                Some(json!({
                    "issuerauth_alg_values": numbers(self.issuers),
                    "deviceauth_alg_values": holders,
                }))
            }
            // One list for both (§B.1.3.1.3): what is good for neither is not in it.
            Format::JwtVcJson | Format::JwtVcJsonLd | Format::VcJwt => {
                let both: Vec<_> =
                    self.issuers.iter().copied().filter(|one| self.holders.contains(one)).collect();
                Some(json!({ "alg_values": names(&both) }))
            }
            Format::LdpVc => {
                let suites = || self.cryptosuites.iter().copied();
                let types: BTreeSet<_> = suites().map(Cryptosuite::proof_type).collect();
                let named: Vec<_> = suites().filter_map(Cryptosuite::cryptosuite).collect();
                let mut value = json!({ "proof_type_values": types });
                if let (false, Some(value)) = (named.is_empty(), value.as_object_mut()) {
                    value.insert("cryptosuite_values".to_owned(), json!(named));
                }
                Some(value)
            }
            Format::Other(_) => None,
        }
    }
}

fn names(algorithms: &[Algorithm]) -> Vec<&'static str> {
    algorithms.iter().map(|it| it.name()).collect()
}

/// Both numbers of each algorithm: wallets know one or the other.
fn numbers(algorithms: &[Algorithm]) -> Vec<i64> {
    let mut numbers = Vec::with_capacity(2 * algorithms.len());
    for algorithm in algorithms {
        for number in [algorithm.cose(), algorithm.cose_fully_specified()] {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }
    numbers
}

/// What a verifier says of one format: the value in `vp_formats_supported`. What it does not say, it does not restrict.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a>(Option<&'a Map<String, Value>>);

impl<'a> Accepted<'a> {
    /// Of a format. The names of W3C credentials as JWTs stand for one another.
    #[must_use]
    pub fn of(formats: Option<&'a Map<String, Value>>, format: &Format) -> Self {
        let Some(formats) = formats else { return Self(None) };
        let same = || formats.iter().find(|(name, _)| format.accepts(&Format::new(name))).map(|(_, it)| it);
        Self(formats.get(format.as_str()).or_else(same).and_then(Value::as_object))
    }

    /// Whether a text is among the values of a member. A member that is not an array accepts nothing.
    #[must_use]
    pub fn name(&self, member: &str, name: &str) -> bool {
        self.any(member, |value| value.as_str() == Some(name))
    }

    /// Whether a JOSE algorithm is among the values of a member.
    #[must_use]
    pub fn algorithm(&self, member: &str, algorithm: Algorithm) -> bool {
        let fully_specified = |value: &Value| algorithm == Algorithm::EdDsa && value == "Ed25519";
        self.any(member, |value| value.as_str() == Some(algorithm.name()) || fully_specified(value))
    }

    /// Whether the issuer's signature of an mdoc, with this number and by this key, meets `issuerauth_alg_values`. With
    /// no key known its curve is taken to be the one that goes with the algorithm.
    #[must_use]
    pub fn issuer_auth(&self, number: i64, curve: Option<Curve>) -> bool {
        let curve = curve.or_else(|| Algorithm::from_cose(number)?.curve());
        let meets =
            |value: &Value| value.as_i64().is_some_and(|listed| signature_meets(listed, number, curve));
        self.any("issuerauth_alg_values", meets)
    }

    /// Whether a device signature with this algorithm meets `deviceauth_alg_values`.
    #[must_use]
    pub fn device_signature(&self, algorithm: Algorithm) -> bool {
        let used = algorithm.cose();
        let meets = |listed| signature_meets(listed, used, algorithm.curve());
        self.any("deviceauth_alg_values", |value| value.as_i64().is_some_and(meets))
    }

    /// Whether a device MAC by this device key meets `deviceauth_alg_values`, where that names MACs at all: who names
    /// none has no key for one.
    #[must_use]
    pub fn device_mac(&self, device_key: &PublicKey) -> bool {
        let Some(curve) = device_key.curve() else { return false };
        let meets = |listed| mac_meets(listed, curve);
        let named = self.0.is_some_and(|members| members.contains_key("deviceauth_alg_values"));
        named && self.any("deviceauth_alg_values", |value| value.as_i64().is_some_and(meets))
    }

    fn any(&self, member: &str, accepts: impl Fn(&Value) -> bool) -> bool {
        match self.0.and_then(|members| members.get(member)) {
            None => true,
            Some(values) => values.as_array().is_some_and(|values| values.iter().any(accepts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALGORITHMS: &[Algorithm] = &[Algorithm::Es256, Algorithm::EdDsa];

    fn supported() -> Map<String, Value> {
        let verifiable = Verifiable {
            issuers: ALGORITHMS,
            holders: &[Algorithm::Es256],
            cryptosuites: Cryptosuite::CURRENT,
            mac: Some(Curve::P256),
        };
        let formats = [Format::SdJwtVc, Format::Mdoc, Format::JwtVcJson, Format::LdpVc];
        verifiable.formats(&formats)
    }

    // Clauses: VP-B.1.3.1.3-01, VP-B.1.3.1.3-02, VP-B.1.3.2.3-01, VP-B.1.3.2.3-02, VP-B.1.3.2.3-04, VP-B.2.2-01,
    // VP-B.2.2-02, VP-B.2.2-04, VP-B.3.4-01, VP-B.3.4-02, VP-B.3.4-03
    #[test]
    fn each_format_has_its_own_members() {
        let expected = json!({
            "dc+sd-jwt": { "sd-jwt_alg_values": ["ES256", "EdDSA"], "kb-jwt_alg_values": ["ES256"] },
            "mso_mdoc": {
                "issuerauth_alg_values": [-7, -9, -8, -19],
                "deviceauth_alg_values": [-7, -9, -65537],
            },
            "jwt_vc_json": { "alg_values": ["ES256"] },
            "ldp_vc": {
                "proof_type_values": ["DataIntegrityProof"],
                "cryptosuite_values": ["ecdsa-jcs-2019", "ecdsa-rdfc-2019", "eddsa-jcs-2022", "eddsa-rdfc-2022"],
            },
        });
        assert_eq!(Value::Object(supported()), expected);
    }

    // Clauses: VP-B.2.2-03, VP-B.2.2-05, MDOC-H-B.2.2-01
    #[test]
    fn numbers_match_by_themselves_or_with_their_curve() {
        let formats = |value: Value| value.as_object().cloned().unwrap();
        let listed =
            formats(json!({ "mso_mdoc": { "issuerauth_alg_values": [-9], "deviceauth_alg_values": [-9] } }));
        let accepted = Accepted::of(Some(&listed), &Format::Mdoc);
        assert!(accepted.issuer_auth(-7, Some(Curve::P256)) && accepted.issuer_auth(-9, None));
        assert!(!accepted.issuer_auth(-7, Some(Curve::P384)) && !accepted.issuer_auth(-35, None));
        assert!(accepted.device_signature(Algorithm::Es256));
        assert!(!accepted.device_signature(Algorithm::EdDsa));
        let nothing = Accepted::of(None, &Format::Mdoc);
        assert!(nothing.issuer_auth(-35, None) && nothing.device_signature(Algorithm::EdDsa));
        let broken = formats(json!({ "jwt_vc_json": { "alg_values": "ES256" } }));
        assert!(!Accepted::of(Some(&broken), &Format::VcJwt).algorithm("alg_values", Algorithm::Es256));
    }
}
