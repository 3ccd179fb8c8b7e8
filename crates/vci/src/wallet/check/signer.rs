//! Whose key a credential must be signed with.

use credenza_core::{Report, UnixTime};
use credenza_crypto::{Certificate, PublicKey};
use credenza_trust::did::{DidResolver, Method};
use credenza_trust::{DidKeys, KeyMaterial, Purpose, Trust as _};

use super::super::Parts;
use crate::rules;

/// The key to verify with, and its certificate where there is one.
pub(super) struct Found {
    pub(super) key: PublicKey,
    pub(super) leaf: Option<Certificate>,
}

/// The key that the credential must be signed with. With no trust configured it is the key that the credential
/// itself brings or names, which shows that nobody has changed it on the way, and no more.
pub(super) async fn find(
    parts: &Parts,
    material: &KeyMaterial<'_>,
    credential_type: &str,
    now: UnixTime,
    report: &mut Report,
) -> Option<Found> {
    let purpose = Purpose::Issuer { credential_type };
    let Some(trust) = &parts.trust else {
        let found = by_itself(material, purpose, now).await;
        match &found {
            Some(_) => {
                report.warn(&rules::RECEIVED_TRUST, "no trust is configured: every issuer is accepted");
            }
            None => report.fail(
                &rules::RECEIVED_TRUST,
                "no trust is configured, and the credential brings no certificate",
            ),
        }
        return found;
    };
    match trust.resolve(material, purpose, now).await {
        Ok(trusted) => {
            report.pass_with(&rules::RECEIVED_TRUST, trusted.how);
            Some(Found { key: trusted.key, leaf: trusted.leaf })
        }
        Err(distrust) => {
            report.fail(&rules::RECEIVED_TRUST, distrust.to_string());
            None
        }
    }
}

/// By the certificate that came along, or by a DID that has its key in its name.
async fn by_itself(material: &KeyMaterial<'_>, purpose: Purpose<'_>, now: UnixTime) -> Option<Found> {
    if let Some(chain) = material.x5c {
        let leaf = Certificate::parse(chain.first()?).ok()?;
        return Some(Found { key: leaf.key.clone(), leaf: Some(leaf) });
    }
    let anybody = DidKeys::new(DidResolver::offline())
        .trust_everybody_by(Method::Jwk, &[purpose])
        .trust_everybody_by(Method::Key, &[purpose]);
    let trusted = anybody.resolve(material, purpose, now).await.ok()?;
    Some(Found { key: trusted.key, leaf: None })
}
