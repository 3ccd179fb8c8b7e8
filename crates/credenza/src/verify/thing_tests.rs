//! DIDs, lists of whom to trust, statements of a federation, key attestations: as they should be, and not.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{FnHttp, HttpError, Outcome, SystemRandom};
use credenza_crypto::cose::{self, Content, SigningHeader, Writer};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Jwk, JwkSet, Signer as _, SoftwareSigner, jws, jwt};
use credenza_trust::did::{self, Did, DidDocument, Relationship};
use credenza_trust::{Anchor, Federation, Nobody, X509Anchors};
use serde_json::{Value, json};

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn key() -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap()
}

fn demand<'a>(trust: &'a dyn Trust, anchors: &'a [Vec<u8>]) -> Demand<'a> {
    Demand { trust, anchors, holder: None, status: None, now: NOW }
}

fn outcome(report: &Report, id: &str) -> Option<Outcome> {
    report.find(id).map(|check| check.outcome)
}

async fn judged(text: &str, particulars: Particulars<'_>) -> Report {
    verify_with(text, demand(&Nobody, &[]), particulars).await.unwrap()
}

#[tokio::test]
async fn dids_and_their_documents() {
    let jwk = Jwk::new(key().public_key());
    let web = Did::parse("did:web:issuer.example").unwrap();
    let document = DidDocument::publish(web, vec![("k", jwk.clone(), vec![Relationship::AssertionMethod])]);
    let document = document.to_value();
    let report = judged(&document.to_string(), Particulars::default()).await;
    assert!(report.ok(), "{report}");
    let of = Particulars { did: Some("did:web:other.example"), ..Particulars::default() };
    assert_eq!(
        outcome(&judged(&document.to_string(), of).await, "verify.did.document"),
        Some(Outcome::Failed)
    );

    let with = async |change: &dyn Fn(&mut Value)| {
        let mut changed = document.clone();
        change(&mut changed);
        judged(&changed.to_string(), Particulars::default()).await
    };
    for (change, id, wanted) in [
        (
            &(|d: &mut Value| d["assertionMethod"] = json!(["#k", "#gone"])) as &dyn Fn(&mut Value),
            "verify.did.references",
            Outcome::Failed,
        ),
        (
            &|d| d["assertionMethod"] = json!(["#k", "did:web:other.example#x"]),
            "verify.did.references",
            Outcome::Passed,
        ),
        (&|d| d["assertionMethod"] = json!([]), "verify.did.use", Outcome::Failed),
        (
            &|d| d["verificationMethod"][0]["publicKeyJwk"]["x"] = json!("AA"),
            "verify.did.keys",
            Outcome::Failed,
        ),
        (&|d| d["verificationMethod"][0]["publicKeyJwk"] = Value::Null, "verify.did.keys", Outcome::Failed),
        (&|d| d["verificationMethod"] = json!([{"id": "#k"}]), "verify.did.document", Outcome::Failed),
    ] {
        let report = with(change).await;
        assert_eq!(outcome(&report, id), Some(wanted), "{report}");
    }

    let named = did::jwk::from_jwk(&jwk).unwrap();
    let report = judged(named.as_str(), Particulars::default()).await;
    assert!(report.ok(), "{report}");
    let other = Jwk::new(key().public_key());
    let uses = vec![Relationship::Authentication];
    let lies = DidDocument::publish(named, vec![("0", other, uses)]).to_value();
    let report = judged(&lies.to_string(), Particulars::default()).await;
    assert_eq!(outcome(&report, "verify.did.name"), Some(Outcome::Failed), "{report}");
    // Nobody is asked unless somebody is given who may.
    assert!(!judged("did:web:issuer.example", Particulars::default()).await.ok());
    assert!(!judged("did:nothing:x", Particulars::default()).await.ok());
}

/// Who signs lists, and the root above.
struct Signer {
    root: CertificateAuthority,
    signer: SoftwareSigner,
}

impl Signer {
    fn new() -> Self {
        let root = CertificateAuthority::generate("Lists", NOW - DAY, DAY * 100, &SystemRandom).unwrap();
        let signer = key();
        let chain = root
            .issue_chain(
                &signer.public_key(),
                &LeafProfile::new("Signer", NOW - DAY, DAY * 50),
                &SystemRandom,
            )
            .unwrap();
        Self { root, signer: signer.with_x5c(chain) }
    }

    async fn vical(&self, next: &str, certificates: &[&[u8]]) -> String {
        let mut out = Writer::default();
        out.map(5).text("version").text("1.0").text("vicalProvider").text("Us");
        out.text("date").tag(0).text(&NOW.to_rfc3339()).text("nextUpdate").tag(0).text(next);
        out.text("certificateInfos").array(certificates.len());
        for certificate in certificates {
            out.map(3).text("certificate").bytes(certificate).text("ski").bytes(self.ski());
            out.text("docType").array(1).text("org.iso.18013.5.1.mDL");
        }
        let header = SigningHeader { open_x5chain: self.signer.x5c(), ..SigningHeader::new(&self.signer) };
        let content = Content::Attached(out.as_bytes());
        credenza_core::b64::encode(cose::sign1(&self.signer, &header, content, &[]).await.unwrap())
    }

    fn ski(&self) -> &[u8] {
        self.root.parsed().subject_key_id.as_deref().unwrap()
    }

    async fn entities(&self, next: &str, certificates: &[&[u8]]) -> String {
        let listed: Vec<Value> =
            certificates.iter().map(|der| json!({"val": credenza_core::b64::encode_std(der)})).collect();
        let list = json!({"LoTE": {
            "ListAndSchemeInformation": {"LoTESequenceNumber": 1, "ListIssueDateTime": NOW.to_rfc3339(),
                                         "NextUpdate": next},
            "TrustedEntitiesList": [{"TrustedEntityServices": [{"ServiceInformation": {
                "ServiceTypeIdentifier": "http://uri.etsi.org/19602/SvcType/PID/Issuance",
                "ServiceDigitalIdentity": {"X509Certificates": listed},
            }}]}],
        }});
        let header = Header::signing(&self.signer, "JOSE", IdentifiedBy::X5c);
        jws::sign(&self.signer, &header, list.to_string().as_bytes()).await.unwrap()
    }
}

#[tokio::test]
async fn lists_of_whom_to_trust() {
    let world = Signer::new();
    let anchors = [world.root.certificate().to_vec()];
    let one = world.root.certificate();
    let (soon, past) = ((NOW + DAY).to_rfc3339(), (NOW - DAY).to_rfc3339());
    let lists = async |next: &str, certificates: &[&[u8]]| {
        [world.vical(next, certificates).await, world.entities(next, certificates).await]
    };
    let check = async |text: &str, anchors: &[Vec<u8>]| verify(text, demand(&Nobody, anchors)).await.unwrap();
    for text in lists(&soon, &[one]).await {
        let report = check(&text, &anchors).await;
        assert!(report.ok(), "{report}");
        assert_eq!(outcome(&check(&text, &[]).await, "verify.list.signer"), Some(Outcome::Failed));
        let stranger = Signer::new();
        let theirs = [stranger.root.certificate().to_vec()];
        assert_eq!(outcome(&check(&text, &theirs).await, "verify.list.signer"), Some(Outcome::Failed));
    }
    for text in lists(&past, &[one]).await {
        assert_eq!(outcome(&check(&text, &anchors).await, "verify.list.fresh"), Some(Outcome::Failed));
    }
    for text in lists(&soon, &[one, one]).await {
        assert_eq!(outcome(&check(&text, &anchors).await, "verify.list.once"), Some(Outcome::Failed));
    }
    for text in lists(&soon, &[one, b"no certificate"]).await {
        assert_eq!(outcome(&check(&text, &anchors).await, "verify.list.entries"), Some(Outcome::Warned));
    }
    for text in lists("tomorrow", &[one]).await {
        assert_eq!(outcome(&check(&text, &anchors).await, "verify.list.form"), Some(Outcome::Failed));
    }
    let [_, text] = lists(&soon, &[one]).await;
    let parts: Vec<&str> = text.split('.').collect();
    let other = credenza_core::b64::encode(
        json!({"LoTE": {"ListAndSchemeInformation": {"ListIssueDateTime": NOW.to_rfc3339()}}}).to_string(),
    );
    let changed = format!("{}.{other}.{}", parts[0], parts[2]);
    assert_eq!(outcome(&check(&changed, &anchors).await, "verify.list.signature"), Some(Outcome::Failed));
}

const ANCHOR: &str = "https://anchor.example";
const LEAF: &str = "https://leaf.example";

fn keys(signer: &SoftwareSigner) -> Value {
    json!({"keys": [Jwk { kid: Some("k".to_owned()), ..Jwk::new(signer.public_key()) }.to_value()]})
}

async fn said(by: &SoftwareSigner, claims: Value) -> String {
    let mut claims = claims;
    claims["iat"] = NOW.as_secs().into();
    claims["exp"] = (NOW + DAY).as_secs().into();
    let header = Header::signing(by, "entity-statement+jwt", IdentifiedBy::Kid);
    jws::sign(by, &header, claims.to_string().as_bytes()).await.unwrap()
}

#[tokio::test]
async fn statements_and_chains_of_a_federation() {
    let (anchor, leaf) = (key().with_kid("k"), key().with_kid("k"));
    let fetch = format!("{ANCHOR}/fetch");
    let own = said(
        &leaf,
        json!({"iss": LEAF, "sub": LEAF, "jwks": keys(&leaf), "authority_hints": [ANCHOR],
                                 "metadata": {"openid_credential_issuer": {"a": "b"}}}),
    )
    .await;
    let about = said(&anchor, json!({"iss": ANCHOR, "sub": LEAF, "jwks": keys(&leaf)})).await;
    let strict = said(
        &anchor,
        json!({"iss": ANCHOR, "sub": LEAF, "jwks": keys(&leaf),
        "metadata_policy": {"openid_credential_issuer": {"a": {"one_of": ["c"]}}}}),
    )
    .await;
    let top = said(
        &anchor,
        json!({"iss": ANCHOR, "sub": ANCHOR, "jwks": keys(&anchor),
        "metadata": {"federation_entity": {"federation_fetch_endpoint": fetch}}}),
    )
    .await;
    let answers = [
        (format!("{LEAF}/.well-known/openid-federation"), own.clone()),
        (format!("{ANCHOR}/.well-known/openid-federation"), top.clone()),
        (format!("{fetch}?sub=https%3A%2F%2Fleaf.example"), about.clone()),
    ];
    let http = FnHttp::new(move |request: http::Request<Vec<u8>>, _| {
        let url = request.uri().to_string();
        let found = answers.iter().find(|(known, _)| *known == url);
        let found = found.ok_or_else(|| HttpError::Unreachable("nobody there".to_owned()))?;
        Ok(http::Response::new(found.1.clone().into_bytes()))
    });
    let anchored =
        Federation::new(Arc::new(http)).anchor(ANCHOR, JwkSet::from_value(&keys(&anchor)).unwrap());
    let known = Particulars { federation: Some(&anchored), ..Particulars::default() };

    for text in [own.as_str(), about.as_str(), top.as_str()] {
        let report = judged(text, known).await;
        assert!(report.ok(), "{report}");
        assert!(!judged(text, Particulars::default()).await.ok(), "without an anchor");
    }
    let offline = Particulars { offline: true, ..known };
    assert_eq!(outcome(&judged(&own, offline).await, "verify.federation.chain"), Some(Outcome::Failed));
    let late = Demand { now: NOW + DAY * 2, ..demand(&Nobody, &[]) };
    let report = verify_with(&own, late, known).await.unwrap();
    assert_eq!(outcome(&report, "verify.federation.times"), Some(Outcome::Failed));

    for chain in [json!([own, about, top]), json!({"trust_chain": [own, about]})] {
        assert!(judged(&chain.to_string(), known).await.ok());
        assert!(!judged(&chain.to_string(), Particulars::default()).await.ok());
    }
    for (chain, id) in [
        (json!([own]), "verify.federation.chain"),
        (json!([own, strict]), "verify.federation.policy"),
        (json!([about, own]), "verify.federation.statement"),
        (json!([own, "x"]), "verify.federation.signature"),
    ] {
        let report = judged(&chain.to_string(), known).await;
        assert_eq!(outcome(&report, id), Some(Outcome::Failed), "{report}");
    }
    let forged = said(&leaf, json!({"iss": ANCHOR, "sub": LEAF, "jwks": keys(&leaf)})).await;
    let report = judged(&forged, known).await;
    assert_eq!(outcome(&report, "verify.federation.signature"), Some(Outcome::Failed), "{report}");
}

#[tokio::test]
async fn key_attestations() {
    let provider = Signer::new();
    let anchor = Anchor::for_wallet_providers(provider.root.certificate().to_vec());
    let trust = X509Anchors::new(&[anchor]).unwrap();
    let made = async |keys: Value, exp: Option<i64>| {
        let header = Header::signing(&provider.signer, "key-attestation+jwt", IdentifiedBy::X5c);
        let mut claims = json!({"iat": NOW.as_secs(), "attested_keys": keys});
        if let Some(exp) = exp {
            claims["exp"] = exp.into();
        }
        let text = jwt::sign(&provider.signer, &header, &claims).await.unwrap();
        verify(&text, demand(&trust, &[])).await.unwrap()
    };
    let one = Jwk::new(key().public_key()).to_value();
    let later = Some((NOW + DAY).as_secs());
    let report = made(json!([one]), later).await;
    assert!(report.ok() && outcome(&report, "verify.signer") == Some(Outcome::Passed), "{report}");
    let secret: Value = serde_json::from_str(key().to_private_jwk().expose()).unwrap();
    for (keys, exp, id, wanted) in [
        (json!([one, one]), later, "vci.key-attestation.keys", Outcome::Failed),
        (json!([]), later, "vci.key-attestation.keys", Outcome::Failed),
        (json!([secret]), later, "vci.key-attestation.claims", Outcome::Failed),
        (json!("x"), later, "vci.key-attestation.claims", Outcome::Failed),
        (json!([one]), None, "vci.key-attestation.time", Outcome::Warned),
        (json!([one]), Some((NOW - DAY).as_secs()), "verify.times", Outcome::Failed),
    ] {
        let report = made(keys, exp).await;
        assert_eq!(outcome(&report, id), Some(wanted), "{report}");
    }
}
