//! Every format end to end: credentials of each, a verifier that trusts their issuers, and answers made by hand.

mod mdoc;
mod negotiation;
mod w3c;

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{ClaimsPath, b64};
use credenza_crypto::{HashAlgorithm, IdentifiedBy, Jwk, PublicKey, Signer, SoftwareSigner};
use credenza_formats::mdoc::{
    ElementTypes, Held as HeldMdoc, Issuance as MdocIssuance, KeyAuthorizations, MdocLimits, PID,
    SessionTranscript, ValidityInfo, issue as issue_mdoc,
};
use credenza_formats::sd_jwt::Concealment;
use credenza_formats::w3c::data_integrity::{
    Contexts, Cryptosuite, ProofOptions, Purpose as ProofPurpose, sign,
};
use credenza_formats::w3c::{jwt, sd_jwt as w3c_sd_jwt};
use credenza_query::DcqlQuery;
use credenza_trust::did::jwk as did_jwk;
use credenza_trust::{AnyOf, DidKeys, DidResolver, Purpose};
use credenza_vp::messages::Presentation;
use credenza_vp::verifier::{Policy, PresentationResult, RespondError, Status};
use credenza_vp::wallet::Holding;
use credenza_vp::{Ports, PresentationRequest, ResponseMode, Verifier};
use serde_json::{Map, Value, json};

use crate::world::{BASE, DAY, NOW, Plain, World, run};

/// A context that is known to the verifier and to the wallet, beside those of the specifications.
pub(crate) const CONTEXT: &str = "https://issuer.example/contexts/id/v1";
pub(crate) const TYPE: &str = "https://issuer.example/id#IDCredential";
const TERMS: &str = r#"{ "@context": {
    "IDCredential": "https://issuer.example/id#IDCredential",
    "family_name": "https://issuer.example/id#family_name",
    "given_name": "https://issuer.example/id#given_name"
} }"#;

pub(crate) fn contexts() -> Contexts {
    Contexts::bundled().with(CONTEXT, TERMS.as_bytes()).unwrap()
}

pub(crate) fn did_of(signer: &dyn Signer) -> String {
    did_jwk::from_jwk(&Jwk::new(signer.public_jwk().key.clone())).unwrap().as_str().to_owned()
}

/// The world, with a verifier that knows the issuer by its DID too.
pub(crate) fn world() -> World {
    world_with(|policy| policy)
}

pub(crate) fn world_with(change: impl FnOnce(Policy) -> Policy) -> World {
    let mut world = crate::world::world();
    let issuer = did_jwk::from_jwk(&Jwk::new(world.issuer.public_key())).unwrap();
    let purposes = [Purpose::Issuer { credential_type: "" }];
    let dids = DidKeys::new(DidResolver::offline()).trust(issuer, &purposes);
    let ports = Ports {
        store: world.store.clone(),
        clock: world.clock.clone(),
        random: world.random.clone(),
        sealer: Arc::new(credenza_core::Sealer::fresh(&*world.random)),
        trust: Arc::new(AnyOf::new(vec![world.trust.clone(), Arc::new(dids)])),
        events: world.events.clone(),
    };
    let policy = change(Policy { contexts: contexts(), ..Policy::default() });
    let builder = Verifier::builder(BASE.parse().unwrap(), ports);
    let builder = builder.request_signer(world.verifier_signer.clone()).policy(policy);
    world.verifier = Arc::new(builder.build().unwrap());
    world
}

pub(crate) fn pid_by(issuer: &SoftwareSigner, holder: &PublicKey) -> Vec<u8> {
    let claims = json!({ PID: { "family_name": "Möbius", "given_name": "August", "age_over_18": true } });
    let issuance = MdocIssuance {
        doc_type: PID,
        claims: claims.as_object().unwrap(),
        types: &ElementTypes::standard(),
        holder,
        validity: ValidityInfo {
            signed: NOW - Duration::from_secs(100),
            valid_from: NOW - Duration::from_secs(100),
            valid_until: NOW + 10 * DAY,
            expected_update: None,
        },
        hash: HashAlgorithm::Sha256,
        status: None,
        key_authorizations: &KeyAuthorizations::default(),
    };
    run(issue_mdoc(issuer, &issuance, &credenza_core::SeededRandom::new(31))).unwrap()
}

pub(crate) fn pid(world: &World) -> HeldMdoc {
    HeldMdoc::restore(pid_by(&world.issuer, &world.holder.public_key()), &MdocLimits::default()).unwrap()
}

pub(crate) fn paths(paths: &[&[&str]]) -> Vec<ClaimsPath> {
    paths.iter().map(|path| ClaimsPath::keys(path.iter().copied()).unwrap()).collect()
}

/// What the holder of an mdoc has to sign for a request in the clear.
pub(crate) fn transcript(plain: &Plain) -> SessionTranscript {
    let place = format!("{BASE}/openid4vp/response/{}", plain.created.request_id);
    SessionTranscript::openid4vp(&plain.client_id, &plain.nonce, None, &place)
}

/// A credential by VCDM 1.1 or 2.0, about somebody.
pub(crate) fn credential(issuer: &str, subject: Option<&str>, second: bool) -> Map<String, Value> {
    let mut about = json!({ "family_name": "Möbius", "given_name": "August" });
    if let Some(subject) = subject {
        about["id"] = subject.into();
    }
    let mut credential = json!({
        "type": ["VerifiableCredential", "IDCredential"],
        "issuer": issuer,
        "credentialSubject": about,
    });
    let (context, from, until) = if second {
        ("https://www.w3.org/ns/credentials/v2", "validFrom", "validUntil")
    } else {
        ("https://www.w3.org/2018/credentials/v1", "issuanceDate", "expirationDate")
    };
    credential["@context"] = json!([context, CONTEXT]);
    credential[from] = (NOW - DAY).to_rfc3339().into();
    credential[until] = (NOW + 10 * DAY).to_rfc3339().into();
    credential.as_object().cloned().unwrap()
}

pub(crate) fn jwt_vc(
    issuer: &SoftwareSigner,
    credential: &Map<String, Value>,
    holder: Option<&Jwk>,
) -> String {
    let second = credential.contains_key("validFrom");
    let securing = if second { jwt::Securing::Payload } else { jwt::Securing::Claim };
    let header = jwt::header(issuer, securing, IdentifiedBy::X5c);
    run(jwt::issue(issuer, &jwt::Issuance { header: &header, securing, credential, holder })).unwrap()
}

pub(crate) fn sd_jwt_vc(world: &World) -> String {
    let credential = credential("https://issuer.example", None, true);
    let subject = paths(&[&["credentialSubject", "family_name"], &["credentialSubject", "given_name"]]);
    let issuance = w3c_sd_jwt::Issuance {
        header: &w3c_sd_jwt::header(&world.issuer, IdentifiedBy::X5c),
        credential: &credential,
        concealment: &Concealment::at(&subject),
        holder: Some(world.holder.public_jwk()),
    };
    run(w3c_sd_jwt::issue(&world.issuer, &issuance, &*world.random)).unwrap()
}

pub(crate) fn ldp_vc(issuer: &SoftwareSigner, subject: Option<&str>, second: bool) -> Map<String, Value> {
    let did = did_of(issuer);
    let mut credential = credential(&did, subject, second);
    if !second {
        let contexts = credential["@context"].as_array_mut().unwrap();
        contexts.push("https://w3id.org/security/data-integrity/v2".into());
    }
    let method = format!("{did}#0");
    let options = ProofOptions {
        created: Some(NOW - DAY),
        ..ProofOptions::new(Cryptosuite::EcdsaRdfc, &method, ProofPurpose::AssertionMethod)
    };
    run(sign(credential, &options, issuer, &contexts())).unwrap()
}

/// A stored credential of that format.
pub(crate) fn stored(format: &str, credential: &str) -> Holding {
    let held: credenza_formats::held::HeldCredential = serde_json::from_value(json!({
        "format": format, "type": "IDCredential", "issuer": "https://issuer.example", "configuration_id": "id",
        "credential": credential, "key_thumbprint": "x", "claims": {}, "batch": "b", "received_at": NOW,
    }))
    .unwrap();
    Holding::new(&held).unwrap().with_contexts(contexts())
}

/// The whole way, in the clear and encrypted.
#[track_caller]
pub(crate) fn both_ways(world: &World, query: &DcqlQuery, holdings: &[Holding]) -> PresentationResult {
    let results = [ResponseMode::DirectPost, ResponseMode::DirectPostJwt].map(|response_mode| {
        let request = PresentationRequest { response_mode, ..PresentationRequest::new(query.clone()) };
        let created = world.create(request);
        let side = world.wallet();
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        world.agree(&side, asked, holdings).unwrap();
        assert_eq!(world.status(&created.id), Status::Verified);
        run(world.verifier.result(&created.id, None)).unwrap()
    });
    let [_, result] = results;
    result
}

pub(crate) fn send(world: &World, plain: &Plain, presentation: &Presentation) -> Result<(), RespondError> {
    let token = json!({ "id": [presentation] }).to_string();
    let parameters = [("vp_token", token.as_str()), ("state", plain.state.as_str())];
    world.post(&plain.created.request_id, &parameters).map(|_| ())
}

pub(crate) fn text(presentation: impl AsRef<[u8]>) -> Presentation {
    Presentation::Text(b64::encode(presentation))
}

/// The first check that a presentation fails.
#[track_caller]
pub(crate) fn failed(world: &World, plain: &Plain, presentation: &Presentation) -> &'static str {
    send(world, plain, presentation).unwrap_err().reason().unwrap_or_default()
}
