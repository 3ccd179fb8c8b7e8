//! Issuance and verification without a network, held against the signatures in them.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use credenza::core::{ClaimsPath, Clock as _, SystemClock, SystemRandom, UnixTime};
use credenza::crypto::x509::{CertificateAuthority, LeafProfile};
use credenza::crypto::{
    Algorithm, Header, IdentifiedBy, Jwk, Jws, Signer as _, SigningHeader, SoftwareSigner, jwt,
};
use credenza::formats::sd_jwt::{self, Binding, Concealment, Held, Issuance, Profile, SdJwtLimits};
use credenza::query::DcqlQuery;
use credenza::query::dcql::{Authorities, Candidate, Format, Presented};
use credenza::trust::{Anchor, X509Anchors};
use credenza::vp::messages::Presentation;
use credenza::vp::verifier::credential::{self, Bound, Context, Holder, Policy};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::measure::Times;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const VCT: &str = "urn:example:bench:1";
const NONCE: &str = "n-0S6_WzA2Mj";
const AUDIENCE: &str = "x509_hash:bench";

/// One kind of work.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    name: &'static str,
    microseconds: f64,
    /// Raw signature operations that it contains.
    contains: &'static str,
    /// Its time divided by theirs.
    ratio: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    sign_microseconds: f64,
    verify_microseconds: f64,
    rows: Vec<Row>,
}

/// Measures everything in turns.
pub(super) async fn measure(rounds: u32) -> anyhow::Result<Figures> {
    let bench = Bench::new().await?;
    let random = aws_lc_rs_random();
    let raw = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let message = [7_u8; 256];
    let signature = raw.sign(&random, &message)?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, raw.public_key().as_ref().to_vec());
    let [mut sign, mut verify, mut issue, mut proof_and_issue, mut known, mut new] =
        std::array::from_fn(|_| Times::default());
    for _ in 0..rounds {
        sign.run(async || Ok(raw.sign(&random, &message).map(|_| ())?)).await?;
        verify.run(async || Ok(public.verify(&message, signature.as_ref())?)).await?;
        issue.run(async || bench.issue(&bench.holder_key).await.map(|_| ())).await?;
        proof_and_issue.run(async || bench.answer_request().await).await?;
        known.run(async || bench.verify(&bench.trust).await).await?;
        new.run(async || bench.verify(&anchors(&bench.root)?).await).await?;
    }
    let (sign, verify) = (sign.median(), verify.median());
    let row = |name, times: &Times, contains, raw: f64| Row {
        name,
        microseconds: times.median(),
        contains,
        ratio: times.median() / raw,
    };
    Ok(Figures {
        sign_microseconds: sign,
        verify_microseconds: verify,
        rows: vec![
            row("SD-JWT VC with 10 claims, issued", &issue, "1 signature", sign),
            row(
                "the same, with the proof of the wallet's key",
                &proof_and_issue,
                "1 signature, 1 verification",
                sign + verify,
            ),
            row("presentation, issuer's certificates seen before", &known, "2 verifications", 2.0 * verify),
            row("presentation, issuer's certificates new", &new, "4 verifications", 4.0 * verify),
        ],
    })
}

#[expect(clippy::disallowed_types, reason = "the raw operation of the backend is what is measured")]
pub(super) fn aws_lc_rs_random() -> aws_lc_rs::rand::SystemRandom {
    aws_lc_rs::rand::SystemRandom::new()
}

fn anchors(root: &[u8]) -> anyhow::Result<X509Anchors> {
    Ok(X509Anchors::new(&[Anchor::for_issuers(root.to_vec())])?)
}

/// Everything that is there before the work begins.
struct Bench {
    now: UnixTime,
    root: Vec<u8>,
    trust: X509Anchors,
    issuer: SoftwareSigner,
    header: SigningHeader,
    claims: Map<String, Value>,
    concealment: Concealment,
    holder_key: Jwk,
    proof: String,
    presentation: Presentation,
    policy: Policy,
    query: DcqlQuery,
}

impl Bench {
    async fn new() -> anyhow::Result<Self> {
        let now = SystemClock.now();
        let random = SystemRandom;
        let root = CertificateAuthority::generate("Bench Root", now, DAY * 30, &random)?;
        let middle = root.intermediate("Bench CA", now, DAY * 20, &random)?;
        let issuer = SoftwareSigner::generate(Algorithm::Es256, &random)?;
        let chain = middle.issue_chain(
            &issuer.public_jwk().key,
            &LeafProfile::new("Bench Issuer", now, DAY * 10),
            &random,
        )?;
        let issuer = issuer.with_x5c(chain);
        let holder = SoftwareSigner::generate(Algorithm::Es256, &random)?;
        let proof_header = Header::signing(&holder, "openid4vci-proof+jwt", IdentifiedBy::Jwk);
        let proof_claims = json!({"aud": "https://issuer.example", "iat": now.as_secs(), "nonce": NONCE});
        let proof = jwt::sign(&holder, &proof_header, &proof_claims).await?;
        let query = json!({"credentials": [{"id": "bench", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]},
            "claims": [{"path": ["given_name"]}, {"path": ["age_over_18"]}]}]});
        let mut bench = Self {
            now,
            root: root.certificate().to_vec(),
            trust: anchors(root.certificate())?,
            header: sd_jwt::header(&issuer, IdentifiedBy::X5c),
            issuer,
            claims: claims(now),
            concealment: Concealment::everything_but(&[]),
            holder_key: Jwk::new(holder.public_jwk().key.clone()),
            proof,
            presentation: Presentation::Text(String::new()),
            policy: Policy::default(),
            query: DcqlQuery::parse(&query)?,
        };
        let credential = bench.issue(&bench.holder_key).await?;
        let held = Held::restore(credential, &SdJwtLimits::default())?;
        let paths: Vec<ClaimsPath> =
            ["given_name", "age_over_18"].into_iter().filter_map(|name| ClaimsPath::keys([name])).collect();
        let binding = Binding { nonce: NONCE, audience: AUDIENCE, issued_at: now, more: Map::new() };
        bench.presentation = Presentation::Text(held.present(&paths).bind(&holder, &binding).await?);
        Ok(bench)
    }

    async fn issue(&self, holder: &Jwk) -> anyhow::Result<String> {
        let issuance = Issuance {
            header: &self.header,
            claims: &self.claims,
            concealment: &self.concealment,
            holder: Some(holder),
            profile: Profile::Credential,
        };
        Ok(sd_jwt::issue(&self.issuer, &issuance, &SystemRandom).await?)
    }

    /// What the credential endpoint does beside its bookkeeping.
    async fn answer_request(&self) -> anyhow::Result<()> {
        let jws = Jws::parse(&self.proof)?;
        let jwk = jws.header.jwk()?.ok_or_else(|| anyhow::anyhow!("no key in the proof"))?;
        jws.verify(&jwk.key, &[Algorithm::Es256])?;
        self.issue(&jwk).await?;
        Ok(())
    }

    async fn verify(&self, trust: &X509Anchors) -> anyhow::Result<()> {
        let context = Context { policy: &self.policy, trust, status: None, now: self.now };
        let holder = Holder::Bound(Bound::new(NONCE, AUDIENCE));
        let (report, checked) =
            credential::verify(&self.presentation, &Format::SdJwtVc, holder, context).await;
        let checked = checked.ok_or_else(|| anyhow::anyhow!("refused: {report}"))?;
        let claims = checked.claims;
        let candidate = Candidate {
            format: sd_jwt::MEDIA_TYPE,
            types: vec![VCT],
            claims: &claims,
            holder_binding: checked.holder_bound,
            authorities: Authorities::default(),
        };
        let answer = self.query.check(&[Presented { id: "bench", credentials: vec![candidate] }]);
        anyhow::ensure!(answer.ok(), "{answer}");
        Ok(())
    }
}

/// Ten claims of a person, and what is about the credential itself.
fn claims(now: UnixTime) -> Map<String, Value> {
    let claims = json!({
        "iss": "https://issuer.example", "vct": VCT, "iat": now.as_secs(), "exp": (now + DAY).as_secs(),
        "given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12", "age_over_18": true,
        "street_address": "Heidestraße 17", "postal_code": "51147", "locality": "Köln", "country": "DE",
        "nationality": "DE", "document_number": "L01X00T47",
    });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "In process, one thread (medians)")?;
        writeln!(out, "  {:48} {:>9.1} µs", "raw ES256 signature", self.sign_microseconds)?;
        writeln!(out, "  {:48} {:>9.1} µs", "raw ES256 verification", self.verify_microseconds)?;
        for Row { name, microseconds, contains, ratio } in &self.rows {
            writeln!(out, "  {name:48} {microseconds:>9.1} µs  = {ratio:.2} × {contains}")?;
        }
        Ok(())
    }
}
