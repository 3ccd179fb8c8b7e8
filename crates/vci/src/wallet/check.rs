//! Checking what an issuer has sent before it is kept (§13.5, SD-JWT VC §3.5).

use std::collections::HashSet;
use std::sync::Arc;

use credenza_core::{Report, UnixTime};
use credenza_crypto::{Algorithm, Certificate, Jwk, PublicKey, Signer};
use credenza_formats::held::HeldCredential;
use credenza_formats::sd_jwt::{self, Expected, SdJwt, SdJwtLimits};
use credenza_trust::{KeyMaterial, Purpose};
use serde::Serialize;
use serde_json::{Map, Value};

use super::opened::{OfferedSummary, Plan};
use crate::rules;

/// Algorithms of issuers' signatures that are accepted.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];

impl Plan {
    /// Checks all copies: all of them are kept, or none.
    pub(super) async fn check(
        &self,
        offered: &OfferedSummary,
        received: &[Value],
        keys: &[Arc<dyn Signer>],
    ) -> Result<(Vec<HeldCredential>, Vec<Report>), Box<Report>> {
        let mut whole = Report::new(format!("credential {}", offered.configuration_id));
        let most = keys.len().max(1);
        let counted = (1..=most).contains(&received.len());
        if !whole.check(&rules::RECEIVED_COUNT, counted, || format!("{} for {most} keys", received.len())) {
            return Err(Box::new(whole));
        }
        let mut free: HashSet<String> = keys.iter().map(|key| key.public_jwk().thumbprint_text()).collect();
        let mut held = Vec::with_capacity(received.len());
        for (number, credential) in received.iter().enumerate() {
            let mut report =
                Report::new(format!("credential {}, copy {}", offered.configuration_id, number + 1));
            let checked = self.check_one(offered, credential, keys.is_empty(), &mut free, &mut report).await;
            let ok = report.ok();
            whole.parts.push(report);
            match checked.filter(|_| ok) {
                Some(checked) => held.push(checked),
                None => return Err(Box::new(whole)),
            }
        }
        Ok((held, whole.parts))
    }

    async fn check_one(
        &self,
        offered: &OfferedSummary,
        credential: &Value,
        unbound: bool,
        free: &mut HashSet<String>,
        report: &mut Report,
    ) -> Option<HeldCredential> {
        let now = self.parts.clock.now();
        let text = credential.as_str();
        if !report.check(&rules::RECEIVED_FORMAT, text.is_some(), || "not a string") {
            return None;
        }
        let text = text?;
        let parsed = SdJwt::read(text, &SdJwtLimits::default(), report)?;
        let same = parsed.dangerous_vct() == Some(offered.credential_type.as_str());
        if !report.check(&rules::RECEIVED_TYPE, same, || "another vct, or none") {
            return None;
        }
        let key = self.issuer_key(&parsed, offered, now, report).await?;
        let expected = Expected { algorithms: &ALGORITHMS, ..Expected::credential(now) };
        let verified = sd_jwt::verify(parsed, &key, &expected, report)?;
        let bound_to = verified.holder.as_ref().map(Jwk::thumbprint_text);
        let ours = match &bound_to {
            Some(thumbprint) => free.remove(thumbprint),
            None => unbound,
        };
        if !report.check(&rules::RECEIVED_KEY, ours, || match bound_to {
            Some(_) => "bound to another key, or to one that another copy is bound to",
            None => "not bound to a key",
        }) {
            return None;
        }
        Some(self.held(offered, text, verified.claims, bound_to, now))
    }

    /// The key that the credential must be signed with. With no trust configured it is the key that the credential
    /// itself brings, which shows that nobody has changed it on the way, and no more.
    async fn issuer_key(
        &self,
        parsed: &SdJwt<'_>,
        offered: &OfferedSummary,
        now: UnixTime,
        report: &mut Report,
    ) -> Option<PublicKey> {
        let chain = parsed.header().x5c().ok().flatten();
        let Some(trust) = &self.parts.trust else {
            let leaf = chain.as_deref().and_then(<[_]>::first).and_then(|leaf| Certificate::parse(leaf).ok());
            let Some(leaf) = leaf else {
                report.fail(
                    &rules::RECEIVED_TRUST,
                    "no trust is configured, and the credential brings no certificate",
                );
                return None;
            };
            report.warn(&rules::RECEIVED_TRUST, "no trust is configured: every issuer is accepted");
            return Some(leaf.key);
        };
        let jwk = parsed.header().jwk().ok().flatten();
        let material = KeyMaterial {
            x5c: chain.as_deref(),
            kid: parsed.header().kid.as_deref(),
            issuer: parsed.dangerous_issuer(),
            jwk: jwk.as_ref(),
        };
        let purpose = Purpose::Issuer { credential_type: &offered.credential_type };
        match trust.resolve(&material, purpose, now).await {
            Ok(trusted) => {
                report.pass_with(&rules::RECEIVED_TRUST, trusted.how);
                Some(trusted.key)
            }
            Err(distrust) => {
                report.fail(&rules::RECEIVED_TRUST, distrust.to_string());
                None
            }
        }
    }

    fn held(
        &self,
        offered: &OfferedSummary,
        text: &str,
        claims: Map<String, Value>,
        key_thumbprint: Option<String>,
        now: UnixTime,
    ) -> HeldCredential {
        HeldCredential {
            format: offered.format.clone(),
            credential_type: offered.credential_type.clone(),
            issuer: self.metadata.credential_issuer.clone(),
            configuration_id: offered.configuration_id.clone(),
            credential: text.to_owned(),
            key_thumbprint,
            expires_at: claims.get("exp").and_then(Value::as_i64).map(UnixTime::from_secs),
            claims,
            display: values(&offered.display),
            claims_display: values(&offered.claims),
            batch: String::new(),
            received_at: now,
        }
    }
}

fn values(list: &[impl Serialize]) -> Vec<Value> {
    list.iter().filter_map(|item| serde_json::to_value(item).ok()).collect()
}
