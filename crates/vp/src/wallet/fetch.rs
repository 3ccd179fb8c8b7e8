//! Fetching the request object (OID4VP 1.0 §5.10; RFC 9101 §5.2.3).

use credenza_core::id;
use credenza_crypto::{ContentEncryption, Curve, Decrypter as _, SoftwareDecrypter, jwe};
use credenza_formats::w3c::data_integrity::Cryptosuite;
use credenza_query::dcql::Format;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use serde_json::{Map, Value, json};

use super::{Refusal, Wallet, address};
use crate::Profile;
use crate::messages::vp_formats::Verifiable;
use crate::messages::{ClientIdPrefix, RequestUriForm, RequestUriMethod};
use crate::siop::ResponseTypes;

/// `application/` and the media type of request objects.
const MEDIA_TYPE: &str = "application/oauth-authz-req+jwt";

/// A request object, and the nonce that it must contain.
pub(super) struct Fetched {
    pub(super) jwt: String,
    pub(super) wallet_nonce: Option<String>,
}

/// The formats that credentials are presented in.
const PRESENTABLE: [Format; 7] = [
    Format::SdJwtVc,
    Format::Mdoc,
    Format::JwtVcJson,
    Format::JwtVcJsonLd,
    Format::LdpVc,
    Format::VcJwt,
    Format::VcSdJwt,
];

impl Wallet {
    pub(super) async fn fetch(
        &self,
        request_uri: &str,
        method: RequestUriMethod,
    ) -> Result<Fetched, Refusal> {
        let url = address::acceptable(request_uri, self.config.addresses)
            .filter(|url| url.fragment().is_none())
            .ok_or_else(|| Refusal::Request("request_uri is not a URL that may be fetched".to_owned()))?;
        let builder = Request::builder().uri(url.as_str()).header(ACCEPT, MEDIA_TYPE);
        let mut decrypter = None;
        let (request, wallet_nonce) = match method {
            RequestUriMethod::Get => (builder.method(Method::GET).body(Vec::new()), None),
            RequestUriMethod::Post => {
                let nonce = id::unguessable(&*self.random);
                if self.config.encrypted_requests {
                    let key = SoftwareDecrypter::generate(Curve::P256, &*self.random);
                    decrypter = Some(key.map_err(|_| Refusal::RequestObject("no key for it".to_owned()))?);
                }
                let form = RequestUriForm {
                    wallet_metadata: Some(self.metadata(decrypter.as_ref())),
                    wallet_nonce: Some(nonce.clone()),
                };
                let request = builder
                    .method(Method::POST)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.to_body().into_bytes());
                (request, Some(nonce))
            }
        };
        let request = request.map_err(|_| Refusal::Request("request_uri is not a URL".to_owned()))?;
        let response = self.http.send(request, self.config.limits).await?;
        if response.status() != StatusCode::OK {
            return Err(Refusal::FetchStatus(response.status().as_u16()));
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
        if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case(MEDIA_TYPE)) {
            return Err(Refusal::RequestObject(format!("its content type is not {MEDIA_TYPE}")));
        }
        let jwt = String::from_utf8(response.into_body())
            .map_err(|_| Refusal::RequestObject("it is not text".to_owned()))?;
        let jwt = match &decrypter {
            None => jwt.trim().to_owned(),
            Some(decrypter) => decrypted(jwt.trim(), decrypter).await?,
        };
        Ok(Fetched { jwt, wallet_nonce })
    }

    /// What the wallet says about itself: what a verifier needs to make a request that it understands, and nothing
    /// that would tell wallets apart (OID4VP 1.0 §10.1, §15.7).
    fn metadata(&self, decrypter: Option<&SoftwareDecrypter>) -> Map<String, Value> {
        let algorithms: Vec<_> = self.config.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        let presentable = Verifiable {
            issuers: &self.config.algorithms,
            holders: &self.config.algorithms,
            cryptosuites: Cryptosuite::CURRENT,
            mac: None,
        };
        let formats = presentable.formats(&PRESENTABLE);
        let encryptions = ContentEncryption::ALL.map(ContentEncryption::name);
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
        add("vp_formats_supported", Value::Object(formats));
        add("client_id_prefixes_supported", json!(self.prefixes()));
        add("request_object_signing_alg_values_supported", json!(algorithms));
        add("authorization_encryption_alg_values_supported", json!(["ECDH-ES"]));
        add("authorization_encryption_enc_values_supported", json!(encryptions));
        let types: &[&str] = match self.config.self_issued {
            Some(_) if self.config.profile == Profile::Open => &["vp_token", "id_token", ResponseTypes::BOTH],
            _ => &["vp_token"],
        };
        add("response_types_supported", json!(types));
        if self.config.profile == Profile::Haip {
            add("response_modes_supported", json!(["direct_post.jwt"]));
        } else {
            add("response_modes_supported", json!(["direct_post", "direct_post.jwt", "fragment", "query"]));
        }
        if let Some(decrypter) = decrypter {
            add("jwks", json!({ "keys": [decrypter.public_jwk().to_value()] }));
            add("request_object_encryption_alg_values_supported", json!(["ECDH-ES"]));
            add("request_object_encryption_enc_values_supported", json!(encryptions));
        }
        members
    }

    fn prefixes(&self) -> Vec<&'static str> {
        use ClientIdPrefix::{
            DecentralizedIdentifier, OpenidFederation, RedirectUri, VerifierAttestation, X509Hash, X509SanDns,
        };
        if self.config.profile == Profile::Haip {
            return vec![X509Hash.as_str()];
        }
        let mut prefixes =
            vec![X509Hash, X509SanDns, RedirectUri, DecentralizedIdentifier, VerifierAttestation];
        if self.federation.is_some() {
            prefixes.push(OpenidFederation);
        }
        let prefixes = prefixes.into_iter().map(ClientIdPrefix::as_str);
        let registered = (!self.config.registered.is_empty()).then_some("pre-registered");
        prefixes.chain(registered).collect()
    }
}

/// The request object out of its encryption. One that is not encrypted is refused: the key was given so that nobody
/// on the way learns what is asked.
async fn decrypted(text: &str, decrypter: &SoftwareDecrypter) -> Result<String, Refusal> {
    let opened = jwe::decrypt(text, decrypter, &ContentEncryption::ALL).await;
    let opened = opened.map_err(|error| {
        Refusal::RequestObject(format!("it is not encrypted to the wallet's key: {error}"))
    })?;
    String::from_utf8(opened.plaintext).map_err(|_| Refusal::RequestObject("it is not text".to_owned()))
}
