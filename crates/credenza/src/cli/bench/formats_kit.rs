//! What the benchmark of the formats works with: keys, credentials and presentations that are there beforehand.

use std::time::Duration;

use anyhow::Context as _;
use credenza::core::{ClaimsPath, Clock as _, Report, SystemClock, SystemRandom, UnixTime};
use credenza::crypto::x509::{CertificateAuthority, LeafProfile, Subject};
use credenza::crypto::{Algorithm, HashAlgorithm, IdentifiedBy, Signer as _, SigningHeader, SoftwareSigner};
use credenza::formats::mdoc::{
    self, DeviceBinding, DeviceResponse, ElementTypes, KeyAuthorizations, ValidityInfo,
};
use credenza::formats::sd_jwt::{self, Binding, Concealment, KeyBinding, Profile, SdJwt, SdJwtLimits};
use credenza::formats::w3c::Moment;
use credenza::formats::w3c::binding::KeyOf;
use credenza::formats::w3c::data_integrity::{
    self, Contexts, Cryptosuite, ProofOptions, Purpose, VerificationMethod,
};
use credenza::formats::w3c::jwt::{self, Securing, VcJwt};
use serde_json::{Map, Value, json};

use super::formats::Cost;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NONCE: &str = "n-0S6_WzA2Mj";
const AUDIENCE: &str = "x509_hash:bench";
const TYPE: &str = "urn:example:bench:1";
const ISSUER: &str = "did:example:issuer";
const METHOD: &str = "did:example:issuer#key";

/// One kind of work.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// Makes an SD-JWT VC.
    SdJwtIssue,
    /// Verifies one with its holder's signature.
    SdJwtVerify,
    /// Makes an mdoc.
    MdocIssue,
    /// Verifies one with its device's signature.
    MdocVerify,
    /// Makes a credential as a JWT.
    JwtIssue(Securing),
    /// Verifies one.
    JwtVerify(Securing),
    /// Makes a credential with an embedded proof.
    ProofIssue(Cryptosuite),
    /// Verifies one.
    ProofVerify(Cryptosuite),
}

/// All of it, with its name and the raw operations in it.
pub(super) const ALL: &[(Work, &str, Cost)] = &[
    (Work::SdJwtIssue, "SD-JWT VC with 10 claims, issued", Cost::Es256Signature),
    (Work::SdJwtVerify, "SD-JWT VC with 10 claims, verified", Cost::Es256Verifications(2)),
    (Work::MdocIssue, "mdoc with 10 elements, issued", Cost::Es256Signature),
    (Work::MdocVerify, "mdoc with 10 elements, verified", Cost::Es256Verifications(2)),
    (Work::JwtIssue(Securing::Claim), "jwt_vc_json, issued", Cost::Es256Signature),
    (Work::JwtVerify(Securing::Claim), "jwt_vc_json, verified", Cost::Es256Verifications(1)),
    (Work::JwtIssue(Securing::Payload), "vc+jwt, issued", Cost::Es256Signature),
    (Work::JwtVerify(Securing::Payload), "vc+jwt, verified", Cost::Es256Verifications(1)),
    (Work::ProofIssue(Cryptosuite::EcdsaJcs), "ecdsa-jcs-2019, issued", Cost::Es256Signature),
    (Work::ProofVerify(Cryptosuite::EcdsaJcs), "ecdsa-jcs-2019, verified", Cost::Es256Verifications(1)),
    (Work::ProofIssue(Cryptosuite::EcdsaRdfc), "ecdsa-rdfc-2019, issued", Cost::Es256Signature),
    (Work::ProofVerify(Cryptosuite::EcdsaRdfc), "ecdsa-rdfc-2019, verified", Cost::Es256Verifications(1)),
    (Work::ProofIssue(Cryptosuite::EddsaJcs), "eddsa-jcs-2022, issued", Cost::Ed25519Signature),
    (Work::ProofVerify(Cryptosuite::EddsaJcs), "eddsa-jcs-2022, verified", Cost::Ed25519Verification),
    (Work::ProofIssue(Cryptosuite::EddsaRdfc), "eddsa-rdfc-2022, issued", Cost::Ed25519Signature),
    (Work::ProofVerify(Cryptosuite::EddsaRdfc), "eddsa-rdfc-2022, verified", Cost::Ed25519Verification),
];

/// Work whose cost may depend on how much there is beside what is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Many {
    SdJwtPresented,
    SdJwtVerified,
    MdocPresented,
    MdocVerified,
}

impl Many {
    pub(super) const ALL: [Self; 4] =
        [Self::SdJwtPresented, Self::SdJwtVerified, Self::MdocPresented, Self::MdocVerified];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SdJwtPresented => "SD-JWT VC, presented",
            Self::SdJwtVerified => "SD-JWT VC, verified",
            Self::MdocPresented => "mdoc, presented",
            Self::MdocVerified => "mdoc, verified",
        }
    }
}

/// A credential with so many claims, as it is held, and ten of them presented.
struct Sized {
    sd_jwt: sd_jwt::Held,
    sd_jwt_presented: String,
    sd_jwt_paths: Vec<ClaimsPath>,
    mdoc: mdoc::Held,
    mdoc_presented: Vec<u8>,
    mdoc_paths: Vec<ClaimsPath>,
}

/// Everything that is there before the work begins.
pub(super) struct Kit {
    now: UnixTime,
    issuer: SoftwareSigner,
    header: SigningHeader,
    jwt_headers: [SigningHeader; 2],
    ed25519: SoftwareSigner,
    holder: SoftwareSigner,
    transcript: mdoc::SessionTranscript,
    contexts: Contexts,
    document: Map<String, Value>,
    earlier_document: Map<String, Value>,
    issued_jwts: [String; 2],
    proofs: Vec<(Cryptosuite, Map<String, Value>)>,
    ten: Option<Sized>,
    hundred: Option<Sized>,
}

impl Kit {
    pub(super) async fn new() -> anyhow::Result<Self> {
        let (now, random) = (SystemClock.now(), SystemRandom);
        let subject = |name: &str| Subject { country: Some("UT".to_owned()), ..Subject::from(name) };
        let root = CertificateAuthority::generate(subject("Bench Root"), now - DAY, DAY * 30, &random)?;
        let issuer = SoftwareSigner::generate(Algorithm::Es256, &random)?;
        let profile =
            LeafProfile::new(subject("Bench Issuer"), now - DAY, DAY * 20).purpose("1.0.18013.5.1.2");
        let certificate = root.issue(&issuer.public_key(), &profile, &random)?;
        let issuer = issuer.with_x5c(vec![certificate]);
        let jwt_header = |securing| jwt::header(&issuer, securing, IdentifiedBy::X5c);
        let mut kit = Self {
            now,
            header: sd_jwt::header(&issuer, IdentifiedBy::X5c),
            jwt_headers: [jwt_header(Securing::Claim), jwt_header(Securing::Payload)],
            issuer,
            ed25519: SoftwareSigner::generate(Algorithm::EdDsa, &random)?,
            holder: SoftwareSigner::generate(Algorithm::Es256, &random)?,
            transcript: mdoc::SessionTranscript::openid4vp(
                AUDIENCE,
                NONCE,
                None,
                "https://verifier.example/r",
            ),
            contexts: Contexts::bundled(),
            document: document("https://www.w3.org/ns/credentials/v2", "validFrom"),
            earlier_document: document("https://www.w3.org/2018/credentials/v1", "issuanceDate"),
            issued_jwts: Default::default(),
            proofs: Vec::new(),
            ten: None,
            hundred: None,
        };
        kit.issued_jwts = [kit.jwt(Securing::Claim).await?, kit.jwt(Securing::Payload).await?];
        for suite in Cryptosuite::CURRENT.iter().copied() {
            kit.proofs.push((suite, kit.prove(suite).await?));
        }
        kit.ten = Some(kit.sized(10).await?);
        kit.hundred = Some(kit.sized(100).await?);
        Ok(kit)
    }

    pub(super) async fn run(&self, work: Work) -> anyhow::Result<()> {
        match work {
            Work::SdJwtIssue => self.sd_jwt(10).await.map(drop),
            Work::SdJwtVerify => self.many(Many::SdJwtVerified, 10).await,
            Work::MdocIssue => self.mdoc(10).await.map(drop),
            Work::MdocVerify => self.many(Many::MdocVerified, 10).await,
            Work::JwtIssue(securing) => self.jwt(securing).await.map(drop),
            Work::JwtVerify(securing) => self.verify_jwt(securing),
            Work::ProofIssue(suite) => self.prove(suite).await.map(drop),
            Work::ProofVerify(suite) => self.verify_proof(suite),
        }
    }

    pub(super) async fn many(&self, many: Many, size: usize) -> anyhow::Result<()> {
        let sized = if size > 10 { &self.hundred } else { &self.ten };
        let sized = sized.as_ref().context("nothing is prepared")?;
        match many {
            Many::SdJwtPresented => self.show_sd_jwt(sized).await.map(drop),
            Many::MdocPresented => self.show_mdoc(sized).await.map(drop),
            Many::SdJwtVerified => {
                let mut report = Report::new("bench");
                let parsed = SdJwt::read(&sized.sd_jwt_presented, &SdJwtLimits::default(), &mut report);
                let expected = sd_jwt::Expected {
                    holder_binding: sd_jwt::HolderBinding::Required(KeyBinding::new(NONCE, AUDIENCE)),
                    ..sd_jwt::Expected::credential(self.now)
                };
                let key = &self.issuer.public_jwk().key;
                let verified = parsed.and_then(|parsed| sd_jwt::verify(parsed, key, &expected, &mut report));
                verified.map(drop).with_context(|| report.to_string())
            }
            Many::MdocVerified => {
                let mut report = Report::new("bench");
                let limits = mdoc::MdocLimits::default();
                let parsed = DeviceResponse::read(&sized.mdoc_presented, &limits, &mut report);
                let document = parsed.and_then(|parsed| parsed.single(&mut report));
                let document = document.with_context(|| report.to_string())?;
                let binding = mdoc::HolderBinding::Required(DeviceBinding::new(&self.transcript));
                let expected = mdoc::Expected { holder_binding: binding, ..mdoc::Expected::new(self.now) };
                let key = &self.issuer.public_jwk().key;
                let verified = mdoc::verify(&document, key, &expected, &mut report).await;
                verified.map(drop).with_context(|| report.to_string())
            }
        }
    }

    async fn sized(&self, size: usize) -> anyhow::Result<Sized> {
        let (issued, mdoc) = (self.sd_jwt(size).await?, self.mdoc(size).await?);
        let names = || (0..10).map(name);
        let paths = |before: &'static [&'static str]| {
            let path = move |name: String| {
                ClaimsPath::keys(before.iter().map(|key| (*key).to_owned()).chain([name]))
            };
            names().filter_map(path).collect::<Vec<_>>()
        };
        let mut sized = Sized {
            sd_jwt: sd_jwt::Held::restore(issued, &SdJwtLimits::default())?,
            sd_jwt_presented: String::new(),
            sd_jwt_paths: paths(&[]),
            mdoc: mdoc::Held::restore(mdoc, &mdoc::MdocLimits::default())?,
            mdoc_presented: Vec::new(),
            mdoc_paths: paths(&[TYPE]),
        };
        sized.sd_jwt_presented = self.show_sd_jwt(&sized).await?;
        sized.mdoc_presented = self.show_mdoc(&sized).await?;
        Ok(sized)
    }

    async fn show_sd_jwt(&self, sized: &Sized) -> anyhow::Result<String> {
        let binding = Binding { nonce: NONCE, audience: AUDIENCE, issued_at: self.now, more: Map::new() };
        Ok(sized.sd_jwt.present(&sized.sd_jwt_paths).bind(&self.holder, &binding).await?)
    }

    async fn show_mdoc(&self, sized: &Sized) -> anyhow::Result<Vec<u8>> {
        Ok(sized.mdoc.present(&sized.mdoc_paths).sign(&self.holder, &self.transcript).await?)
    }

    async fn sd_jwt(&self, size: usize) -> anyhow::Result<String> {
        let mut claims = claims(size);
        claims.insert("vct".to_owned(), TYPE.into());
        claims.insert("iss".to_owned(), ISSUER.into());
        let issuance = sd_jwt::Issuance {
            header: &self.header,
            claims: &claims,
            concealment: &Concealment::everything_but(&[]),
            holder: Some(self.holder.public_jwk()),
            profile: Profile::Credential,
        };
        Ok(sd_jwt::issue(&self.issuer, &issuance, &SystemRandom).await?)
    }

    async fn mdoc(&self, size: usize) -> anyhow::Result<Vec<u8>> {
        let mut namespaces = Map::new();
        namespaces.insert(TYPE.to_owned(), Value::Object(claims(size)));
        let validity = ValidityInfo {
            signed: self.now,
            valid_from: self.now,
            valid_until: self.now + DAY,
            expected_update: None,
        };
        let issuance = mdoc::Issuance {
            doc_type: TYPE,
            claims: &namespaces,
            types: &ElementTypes::standard(),
            holder: &self.holder.public_jwk().key,
            validity,
            hash: HashAlgorithm::Sha256,
            status: None,
            key_authorizations: &KeyAuthorizations::default(),
        };
        Ok(mdoc::issue(&self.issuer, &issuance, &SystemRandom).await?)
    }

    async fn jwt(&self, securing: Securing) -> anyhow::Result<String> {
        let [claim, payload] = &self.jwt_headers;
        let issuance = jwt::Issuance {
            header: if securing == Securing::Claim { claim } else { payload },
            securing,
            credential: match securing {
                Securing::Claim => &self.earlier_document,
                Securing::Payload => &self.document,
            },
            holder: None,
        };
        Ok(jwt::issue(&self.issuer, &issuance).await?)
    }

    fn verify_jwt(&self, securing: Securing) -> anyhow::Result<()> {
        let mut report = Report::new("bench");
        let [claim, payload] = &self.issued_jwts;
        let text = if securing == Securing::Claim { claim } else { payload };
        let issuer = KeyOf { key: &self.issuer.public_jwk().key, controller: None };
        let expected = jwt::Expected::at(Moment::at(self.now));
        let verified = VcJwt::read(text, &mut report)
            .and_then(|parsed| jwt::verify(parsed, issuer, &expected, &mut report));
        verified.map(drop).with_context(|| report.to_string())
    }

    fn signer(&self, suite: Cryptosuite) -> &SoftwareSigner {
        match suite {
            Cryptosuite::EddsaJcs | Cryptosuite::EddsaRdfc => &self.ed25519,
            _ => &self.issuer,
        }
    }

    async fn prove(&self, suite: Cryptosuite) -> anyhow::Result<Map<String, Value>> {
        let options = ProofOptions {
            created: Some(self.now),
            ..ProofOptions::new(suite, METHOD, Purpose::AssertionMethod)
        };
        let document = self.document.clone();
        Ok(data_integrity::sign(document, &options, self.signer(suite), &self.contexts).await?)
    }

    fn verify_proof(&self, suite: Cryptosuite) -> anyhow::Result<()> {
        let mut report = Report::new("bench");
        let found = self.proofs.iter().find(|(known, _)| *known == suite);
        let (_, document) = found.context("nothing is prepared")?;
        let key = self.signer(suite).public_jwk().key.clone();
        let method = VerificationMethod { key, controller: ISSUER.to_owned() };
        let find = |url: &str, _: Purpose| (url == METHOD).then(|| method.clone());
        let expected = data_integrity::Expected::at(Moment::at(self.now), &self.contexts);
        let verified = data_integrity::verify_credential(document.clone(), &find, &expected, &mut report);
        verified.map(drop).with_context(|| report.to_string())
    }
}

fn name(number: usize) -> String {
    format!("claim_{number:03}")
}

fn claims(size: usize) -> Map<String, Value> {
    (0..size).map(|number| (name(number), format!("value number {number}").into())).collect()
}

/// A credential with ten properties that the data model itself knows.
fn document(context: &str, from: &str) -> Map<String, Value> {
    let document = json!({
        "@context": [context], "id": "urn:example:credential", "type": ["VerifiableCredential"],
        "issuer": ISSUER, from: "2025-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:holder"},
        "evidence": (0..8).map(|number| json!({"id": format!("urn:example:evidence:{number}"), "type": "VerifiableCredential"})).collect::<Vec<_>>(),
    });
    match document {
        Value::Object(document) => document,
        _ => Map::new(),
    }
}
