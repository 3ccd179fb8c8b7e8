//! Checking what an issuer has sent before it is kept (§13.5).

mod mdoc;
mod sd_jwt_vc;
mod signer;
mod w3c;

use std::collections::HashSet;

use credenza_core::{Report, UnixTime};
use credenza_crypto::Algorithm;
use credenza_formats::held::HeldCredential;
use serde::Serialize;
use serde_json::{Map, Value};

use super::fetch::Fetching;
use super::opened::OfferedSummary;
use super::wanted::Wanted;
use crate::rules;

/// Algorithms of issuers' signatures that are accepted.
const ALGORITHMS: &[Algorithm] = &[Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];

/// A credential that is good.
struct Checked {
    /// As it was issued, as a text.
    text: String,
    /// All that it says.
    claims: Map<String, Value>,
    /// The thumbprint of the key that it is bound to.
    bound_to: Option<String>,
    /// When it ends.
    expires_at: Option<UnixTime>,
}

/// The keys that no copy is bound to yet.
struct FreeKeys {
    /// Whether no key was proven: credentials must not be bound then.
    none_proven: bool,
    thumbprints: HashSet<String>,
}

impl FreeKeys {
    fn of(thumbprints: &[String]) -> Self {
        Self { none_proven: thumbprints.is_empty(), thumbprints: thumbprints.iter().cloned().collect() }
    }

    /// Takes the key that a credential is bound to.
    fn take(&mut self, bound_to: Option<&str>, report: &mut Report) -> bool {
        let ours = match bound_to {
            Some(thumbprint) => self.thumbprints.remove(thumbprint),
            None => self.none_proven,
        };
        report.check(&rules::RECEIVED_KEY, ours, || match bound_to {
            Some(_) => "bound to another key, or to one that another copy is bound to",
            None => "not bound to a key",
        })
    }
}

impl Fetching<'_> {
    /// Checks all copies against the thumbprints of the keys that were proven: all of them are kept, or none.
    pub(super) async fn check(
        &self,
        offered: &OfferedSummary,
        received: &[Value],
        keys: &[String],
    ) -> Result<(Vec<HeldCredential>, Vec<Report>), Box<Report>> {
        let mut whole = Report::new(format!("credential {}", offered.configuration_id));
        let most = keys.len().max(1);
        let counted = (1..=most).contains(&received.len());
        if !whole.check(&rules::RECEIVED_COUNT, counted, || format!("{} for {most} keys", received.len())) {
            return Err(Box::new(whole));
        }
        let mut free = FreeKeys::of(keys);
        let mut held = Vec::with_capacity(received.len());
        let now = self.parts.clock.now();
        for (number, credential) in received.iter().enumerate() {
            let mut report =
                Report::new(format!("credential {}, copy {}", offered.configuration_id, number + 1));
            let checked = self.check_one(offered, credential, &mut free, now, &mut report).await;
            let ok = report.ok();
            whole.parts.push(report);
            match checked.filter(|_| ok) {
                Some(checked) => held.push(self.held(offered, checked, now)),
                None => return Err(Box::new(whole)),
            }
        }
        Ok((held, whole.parts))
    }

    async fn check_one(
        &self,
        offered: &OfferedSummary,
        credential: &Value,
        free: &mut FreeKeys,
        now: UnixTime,
        report: &mut Report,
    ) -> Option<Checked> {
        let configuration = self.metadata.credential_configurations_supported.get(&offered.configuration_id);
        let wanted = configuration.and_then(Wanted::of)?;
        let parts = &**self.parts;
        if let Wanted::Document { definition } = &wanted {
            let document = credential.as_object();
            report.check(&rules::RECEIVED_FORMAT, document.is_some(), || "not a JSON object");
            return w3c::check_document(parts, definition, document?, free, now, report).await;
        }
        let text = credential.as_str();
        report.check(&rules::RECEIVED_FORMAT, text.is_some(), || "not a string");
        let text = text?;
        match &wanted {
            Wanted::SdJwtVc { vct, media_types } => {
                sd_jwt_vc::check(parts, vct, media_types, text, free, now, report).await
            }
            Wanted::Mdoc { doctype } => mdoc::check(parts, doctype, text, free, now, report).await,
            Wanted::Jwt { definition, securing } => {
                w3c::check_jwt(parts, definition, securing, text, free, now, report).await
            }
            Wanted::SdJwt { definition } => {
                w3c::check_sd_jwt(parts, definition, text, free, now, report).await
            }
            Wanted::Document { .. } => None,
        }
    }

    fn held(&self, offered: &OfferedSummary, checked: Checked, now: UnixTime) -> HeldCredential {
        HeldCredential {
            format: offered.format.clone(),
            credential_type: offered.credential_type.clone(),
            issuer: self.metadata.credential_issuer.clone(),
            configuration_id: offered.configuration_id.clone(),
            credential: checked.text,
            key_thumbprint: checked.bound_to,
            expires_at: checked.expires_at,
            claims: checked.claims,
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
