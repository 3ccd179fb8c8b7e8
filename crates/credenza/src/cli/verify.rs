//! `credenza verify`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use credenza::core::{AddressPolicy, Clock as _, SystemClock, UnixTime, b64, json};
use credenza::crypto::x509::profile::CertificateProfile;
use credenza::crypto::{Jwk, JwkSet, x509};
use credenza::formats::mdoc::SessionTranscript;
use credenza::http::ReqwestHttp;
use credenza::service::LookUp;
use credenza::trust::did::Did;
use credenza::trust::lists::{ListKind, ListSigners, ServiceUse};
use credenza::trust::{
    Anchor, AnyOf, DidKeys, DidResolver, Federation, Purpose, Trust, TrustList, X509Anchors,
};
use credenza::verify::{Demand, GivenKeys, Particulars, verify_with};
use credenza::vp::verifier::StatusCheck;

use super::{Usage, Verdict, contexts, output, thing};

/// Verifies a credential or presentation of any format, a JWT, a status list, a certificate chain, a DID or its
/// document, a list of whom to trust, or statements of a federation.
///
/// Credentials: SD-JWT VC, mdoc (as issued, or a DeviceResponse), W3C as JWT, SD-JWT or with an embedded proof. A
/// presentation is verified for the request that it answers: --nonce and --client-id, and for an mdoc --response-uri
/// or --origin as well.
///
/// Without --trust nobody is trusted, and the report says what can be said all the same. Exit code 0: every check has
/// passed; 1: refused.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  credenza verify credential.txt --trust root.pem\n  \
                        credenza verify response.txt --trust iaca.pem --nonce N --client-id x509_hash:H \
                        --response-uri https://verifier.example/response\n  \
                        credenza verify ds.pem --trust iaca.pem --profile document-signer --crl iaca.crl")]
pub(super) struct Arguments {
    /// Text, a file, an http(s) URL, or - for standard input.
    thing: String,

    /// Who is trusted: a PEM file with root certificates, a file with a JWK or JWK Set, or a DID. May be repeated.
    #[arg(long, value_name = "PEM|JWK|DID")]
    trust: Vec<String>,

    /// JSON file with the public JWK or JWK Set of the signer. May be repeated.
    #[arg(long, value_name = "JWK")]
    key: Vec<PathBuf>,

    /// A signed list whose entries are trusted: a VICAL, or a list of trusted entities (ETSI TS 119 602). May be
    /// repeated.
    #[arg(long, value_name = "FILE", requires = "list_signer")]
    list: Vec<PathBuf>,

    /// PEM file with root certificates of those who sign the lists.
    #[arg(long, value_name = "PEM")]
    list_signer: Vec<PathBuf>,

    /// A type of credential that providers of PIDs in the lists may issue. May be repeated.
    #[arg(long, value_name = "TYPE")]
    list_type: Vec<String>,

    /// The nonce that the presentation was made for; with --client-id or --origin.
    #[arg(long, requires = "audience")]
    nonce: Option<String>,

    /// The client identifier of the verifier that the presentation was made for; with --nonce.
    #[arg(long, visible_alias = "aud", requires = "nonce", group = "audience")]
    client_id: Option<String>,

    /// The origin of the verifier, for presentations through the Digital Credentials API; with --nonce.
    #[arg(long, requires = "nonce", group = "audience", conflicts_with = "response_uri")]
    origin: Option<String>,

    /// Where the response was sent, which an mdoc is bound to.
    #[arg(long, requires = "client_id")]
    response_uri: Option<String>,

    /// File with the public key that the response was encrypted to, which an mdoc is bound to.
    #[arg(long, value_name = "JWK", requires = "nonce")]
    response_key: Option<PathBuf>,

    /// The profile of ISO/IEC 18013-5 that a certificate has to keep.
    #[arg(long, value_enum)]
    profile: Option<Profile>,

    /// A revocation list (DER or PEM) in which a certificate must not be. May be repeated.
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,

    /// A JSON-LD context beside those of the specifications: its URL, and the file of its document. May be repeated.
    #[arg(long, value_name = "URL=FILE")]
    context: Vec<String>,

    /// The DID that a DID document has to be of.
    #[arg(long)]
    did: Option<String>,

    /// A trust anchor of OpenID Federation: its identifier, and a file with its public keys. May be repeated.
    #[arg(long, value_name = "ENTITY=JWKS")]
    federation_anchor: Vec<String>,

    /// The address that a status list has to be about.
    #[arg(long, value_name = "URL")]
    list_uri: Option<String>,

    /// Do not ask anybody: whether the credential was revoked, for a DID's document, for superiors in a federation.
    #[arg(long)]
    offline: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Profile {
    Root,
    DocumentSigner,
    Reader,
    StatusSigner,
}

impl From<Profile> for CertificateProfile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Root => Self::Root,
            Profile::DocumentSigner => Self::DocumentSigner,
            Profile::Reader => Self::Reader,
            Profile::StatusSigner => Self::StatusSigner,
        }
    }
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let text = thing::read(&arguments.thing).await?;
    let now = SystemClock.now();
    let (trust, anchors) = trusted(&arguments, now)?;
    let trust = Arc::new(trust);
    let audience = match (&arguments.client_id, &arguments.origin) {
        (Some(client_id), _) => Some(client_id.clone()),
        (None, origin) => origin.as_ref().map(|origin| format!("origin:{origin}")),
    };
    let holder = arguments.nonce.as_deref().zip(audience.as_deref());
    let transcript = transcript(&arguments)?;
    let contexts = contexts::named(&arguments.context)?;
    let dids = DidResolver::new(Arc::new(ReqwestHttp::new(AddressPolicy::Public)));
    let federation = federation(&arguments.federation_anchor)?;
    let revocation_lists = arguments.crl.iter().map(|file| crl(file)).collect::<anyhow::Result<Vec<_>>>()?;
    // Asked only about credentials of issuers that are trusted, which may be on this machine too.
    let look_up =
        LookUp::uncached().over(AddressPolicy::Loopback, Arc::new(SystemClock), Arc::clone(&trust) as _);
    let status: Option<&dyn StatusCheck> = if arguments.offline { None } else { Some(&look_up) };
    let demand = Demand { trust: &*trust, anchors: &anchors, holder, status, now };
    let particulars = Particulars {
        transcript: transcript.as_ref(),
        profile: arguments.profile.map(CertificateProfile::from),
        revocation_lists: &revocation_lists,
        contexts: Some(&contexts),
        did: arguments.did.as_deref(),
        dids: (!arguments.offline).then_some(&dids),
        federation: federation.as_ref(),
        offline: arguments.offline,
        list_uri: arguments.list_uri.as_deref(),
    };
    let report =
        verify_with(&text, demand, particulars).await.map_err(|error| Usage::error(error.to_string()))?;
    if json {
        output::json(&report)?;
    } else {
        output::line(report.to_string().trim_end())?;
    }
    Ok(if report.ok() { Verdict::Good } else { Verdict::Bad })
}

/// The session of an mdoc (OID4VP 1.0 §B.2.6).
fn transcript(arguments: &Arguments) -> anyhow::Result<Option<SessionTranscript>> {
    let Some(nonce) = arguments.nonce.as_deref() else { return Ok(None) };
    let key = arguments.response_key.as_deref().map(keys).transpose()?;
    let thumbprint = match key.as_ref().map(|set| set.keys.as_slice()) {
        None => None,
        Some([key]) => Some(key.thumbprint()),
        Some(_) => return Err(Usage::error("--response-key is one key")),
    };
    let thumbprint = thumbprint.as_ref();
    Ok(match (&arguments.origin, &arguments.client_id, &arguments.response_uri) {
        (Some(origin), _, _) => Some(SessionTranscript::openid4vp_dc_api(origin, nonce, thumbprint)),
        (None, Some(client_id), Some(uri)) => {
            Some(SessionTranscript::openid4vp(client_id, nonce, thumbprint, uri))
        }
        _ => None,
    })
}

/// Who is trusted, and the roots among them.
fn trusted(arguments: &Arguments, now: UnixTime) -> anyhow::Result<(AnyOf, Vec<Vec<u8>>)> {
    let mut anchors = Vec::new();
    let mut sources: Vec<Arc<dyn Trust>> = Vec::new();
    let issuers = Purpose::Issuer { credential_type: "" };
    let purposes =
        [issuers, Purpose::Verifier, Purpose::StatusList, Purpose::WalletProvider, Purpose::IssuerMetadata];
    for name in &arguments.trust {
        if name.starts_with("did:") {
            let did = Did::parse(name).with_context(|| name.clone())?;
            let resolver = DidResolver::new(Arc::new(ReqwestHttp::new(AddressPolicy::Public)));
            sources.push(Arc::new(DidKeys::new(resolver).trust(did, &purposes)));
            continue;
        }
        let text = std::fs::read_to_string(name).with_context(|| name.clone())?;
        if text.trim_start().starts_with('{') {
            sources.push(Arc::new(GivenKeys(keys(Path::new(name))?)));
        } else {
            anchors.extend(x509::pem_to_der_chain(&text).with_context(|| name.clone())?);
        }
    }
    let all: Vec<Anchor> = anchors
        .iter()
        .map(|der| Anchor { verifiers: true, wallet_providers: true, ..Anchor::for_issuers(der.clone()) })
        .collect();
    sources.push(Arc::new(X509Anchors::new(&all)?));
    for file in &arguments.key {
        sources.push(Arc::new(GivenKeys(keys(file)?)));
    }
    for file in &arguments.list {
        sources.push(Arc::new(list(file, arguments, now)?));
    }
    Ok((AnyOf::new(sources), anchors))
}

/// A signed list: a JWS is one of trusted entities, anything else a VICAL.
fn list(file: &Path, arguments: &Arguments, now: UnixTime) -> anyhow::Result<TrustList> {
    let name = || file.display().to_string();
    let mut roots = Vec::new();
    for signer in &arguments.list_signer {
        let pem = std::fs::read_to_string(signer).with_context(|| signer.display().to_string())?;
        roots.extend(x509::pem_to_der_chain(&pem).with_context(|| signer.display().to_string())?);
    }
    let bytes = std::fs::read(file).with_context(name)?;
    let kind = if bytes.starts_with(b"ey") {
        let types: Vec<&str> = arguments.list_type.iter().map(String::as_str).collect();
        ListKind::TrustedEntities(ServiceUse::eu_wallet(&types))
    } else {
        ListKind::Vical
    };
    let list = TrustList::new(kind, ListSigners::new(&roots)?);
    list.take(&bytes, now).with_context(name)?;
    Ok(list)
}

/// A federation with these anchors; `None`: there are none.
fn federation(anchors: &[String]) -> anyhow::Result<Option<Federation>> {
    if anchors.is_empty() {
        return Ok(None);
    }
    let mut federation = Federation::new(Arc::new(ReqwestHttp::new(AddressPolicy::Public)));
    for anchor in anchors {
        let (entity, file) = anchor.rsplit_once('=').ok_or_else(|| {
            Usage::error(format!("--federation-anchor is ENTITY=JWKS, and {anchor} is not"))
        })?;
        federation = federation.anchor(entity, keys(Path::new(file))?);
    }
    Ok(Some(federation))
}

/// A revocation list as DER.
fn crl(file: &Path) -> anyhow::Result<Vec<u8>> {
    let name = || file.display().to_string();
    let bytes = std::fs::read(file).with_context(name)?;
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(bytes) };
    let Some((_, body)) = text.split_once("-----BEGIN X509 CRL-----") else { return Ok(bytes) };
    let body: String = body.split("-----END").next().unwrap_or_default().split_whitespace().collect();
    b64::decode_std(body).with_context(name)
}

fn keys(file: &Path) -> anyhow::Result<JwkSet> {
    let name = || file.display().to_string();
    let value = json::parse(&std::fs::read(file).with_context(name)?).with_context(name)?;
    if value.get("keys").is_some() {
        return JwkSet::from_value(&value).with_context(name);
    }
    Ok(JwkSet { keys: vec![Jwk::from_value(&value).with_context(name)?] })
}
