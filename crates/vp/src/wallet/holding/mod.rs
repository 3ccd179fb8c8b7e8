//! A credential that may be presented, in any format.

mod w3c;

use std::sync::OnceLock;

use credenza_core::{ClaimsPath, b64};
use credenza_crypto::{Algorithm, Certificate, Curve, Header, PublicKey};
use credenza_formats::held::HeldCredential;
use credenza_formats::mdoc::{self, IssuerSigned, MdocLimits};
use credenza_formats::sd_jwt::{Held, HoldError, SdJwtLimits};
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_query::dcql::{Authorities, Candidate, Format};
use serde_json::{Map, Value};

pub(super) use w3c::{JwtCredential, ProofCredential};

use crate::messages::vp_formats::Accepted;

/// A credential of the wallet, made ready to be matched and presented. For a batch of equal copies, one for all.
#[derive(Debug)]
pub struct Holding {
    pub(super) credential: Credential,
    format: Format,
    claims: Value,
    bound: bool,
    contexts: Contexts,
    types: OnceLock<Vec<String>>,
    authority_key_ids: OnceLock<Vec<Vec<u8>>>,
    authorities: Vec<(String, String)>,
    issuer_algorithm: OnceLock<Option<Algorithm>>,
}

#[derive(Debug)]
pub(super) enum Credential {
    /// SD-JWT VC, or a W3C credential as an SD-JWT.
    SdJwt(Held),
    Mdoc(mdoc::Held),
    Jwt(JwtCredential),
    Proof(ProofCredential),
}

/// Why a credential can't be presented.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldingError {
    /// A format that is not supported.
    #[error("credentials of the format {0} can't be presented")]
    Format(String),
    /// An SD-JWT that can't be read.
    #[error(transparent)]
    SdJwt(#[from] HoldError),
    /// An mdoc that can't be read.
    #[error(transparent)]
    Mdoc(#[from] mdoc::HoldError),
    /// A W3C credential that can't be read.
    #[error("the stored text is no W3C credential")]
    W3c,
}

impl Holding {
    /// A stored credential. Presenting it needs its key exactly when it is bound to one.
    ///
    /// # Errors
    /// See [`HoldingError`].
    pub fn new(held: &HeldCredential) -> Result<Self, HoldingError> {
        let text = &held.credential;
        let bound = held.key_thumbprint.is_some();
        let sd_jwt = || Held::restore(text.clone(), &SdJwtLimits::default());
        match Format::new(&held.format) {
            Format::SdJwtVc => Ok(Self::sd_jwt(sd_jwt()?, bound)),
            // The earlier name of SD-JWT VC, and the name of W3C credentials: what is in it says which.
            Format::VcSdJwt => {
                let held = sd_jwt()?;
                Ok(if held.vct().is_some() {
                    Self::sd_jwt(held, bound)
                } else {
                    Self::w3c_sd_jwt(held, bound)
                })
            }
            Format::Mdoc => {
                let bytes = b64::decode(text).map_err(|_| HoldingError::Format(held.format.clone()))?;
                Ok(Self::mdoc(mdoc::Held::restore(bytes, &MdocLimits::default())?, bound))
            }
            format @ (Format::JwtVcJson | Format::JwtVcJsonLd | Format::VcJwt) => {
                let (credential, claims) = JwtCredential::restore(text).ok_or(HoldingError::W3c)?;
                Ok(Self::of(Credential::Jwt(credential), format, claims, bound))
            }
            Format::LdpVc => {
                let document = credenza_core::json::parse_object(text.as_bytes());
                let document = document.map_err(|_| HoldingError::W3c)?;
                let credential = ProofCredential::restore(document).ok_or(HoldingError::W3c)?;
                let claims = credential.claims();
                Ok(Self::of(Credential::Proof(credential), Format::LdpVc, claims, bound))
            }
            Format::Other(other) => Err(HoldingError::Format(other)),
        }
    }

    /// An SD-JWT VC. `bound`: the wallet has the key that the credential is bound to.
    #[must_use]
    pub fn sd_jwt(held: Held, bound: bool) -> Self {
        let claims = held.claims().clone();
        Self::of(Credential::SdJwt(held), Format::SdJwtVc, claims, bound)
    }

    /// A W3C credential as an SD-JWT (VC-JOSE-COSE §3.2).
    #[must_use]
    pub fn w3c_sd_jwt(held: Held, bound: bool) -> Self {
        let claims = held.claims().clone();
        Self::of(Credential::SdJwt(held), Format::VcSdJwt, claims, bound)
    }

    /// An mdoc.
    #[must_use]
    pub fn mdoc(held: mdoc::Held, bound: bool) -> Self {
        let claims = held.claims().clone();
        Self::of(Credential::Mdoc(held), Format::Mdoc, claims, bound)
    }

    fn of(credential: Credential, format: Format, claims: Map<String, Value>, bound: bool) -> Self {
        Self {
            credential,
            format,
            claims: Value::Object(claims),
            bound,
            contexts: Contexts::bundled(),
            types: OnceLock::new(),
            authority_key_ids: OnceLock::new(),
            authorities: Vec::new(),
            issuer_algorithm: OnceLock::new(),
        }
    }

    /// With other JSON-LD contexts than those of the specifications.
    #[must_use]
    pub fn with_contexts(mut self, contexts: Contexts) -> Self {
        self.contexts = contexts;
        self.types = OnceLock::new();
        self
    }

    /// With authorities that the wallet has found the issuer through, by its own lists and trust chains: type and value
    /// (`etsi_tl`, `openid_federation`), as a query may ask for them (OID4VP 1.0 §6.1.1). Those of its certificates are
    /// known already.
    #[must_use]
    pub fn with_authorities(mut self, authorities: impl IntoIterator<Item = (String, String)>) -> Self {
        self.authorities.extend(authorities);
        self
    }

    pub(super) fn contexts(&self) -> &Contexts {
        &self.contexts
    }

    /// The format that it is asked for by.
    #[must_use]
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Whether the wallet has the key that it is bound to.
    pub(super) fn is_bound(&self) -> bool {
        self.bound
    }

    /// Its claims, everything disclosed: of an mdoc by namespace, of a W3C credential the whole credential.
    #[must_use]
    pub fn claims(&self) -> &Value {
        &self.claims
    }

    /// What a verifier sees when these paths are disclosed, with everything that can't be withheld.
    #[must_use]
    pub fn preview(&self, paths: &[ClaimsPath]) -> Map<String, Value> {
        match &self.credential {
            Credential::SdJwt(held) => held.preview(paths),
            Credential::Mdoc(held) => held.preview(paths),
            Credential::Jwt(_) | Credential::Proof(_) => self.claims.as_object().cloned().unwrap_or_default(),
        }
    }

    /// The candidate for a query; with the issuer's authorities only where a query asks for some, since finding them
    /// means to parse certificates. One that the verifier could not verify is a candidate of no format.
    pub(super) fn candidate(
        &self,
        with_authorities: bool,
        formats: Option<&Map<String, Value>>,
    ) -> Candidate<'_> {
        let aki = if with_authorities { self.authority_key_ids() } else { &[] };
        let verifiable = formats.is_none() || self.is_verifiable(Accepted::of(formats, &self.format));
        Candidate {
            format: if verifiable { self.format.as_str() } else { "" },
            types: self.types().iter().map(String::as_str).collect(),
            claims: &self.claims,
            holder_binding: self.bound,
            authorities: Authorities {
                aki: aki.iter().map(Vec::as_slice).collect(),
                others: self
                    .authorities
                    .iter()
                    .map(|(kind, value)| (kind.as_str(), value.as_str()))
                    .collect(),
            },
        }
    }

    fn types(&self) -> &[String] {
        self.types.get_or_init(|| match &self.credential {
            Credential::Mdoc(held) => vec![held.doc_type().to_owned()],
            Credential::SdJwt(_) if self.format == Format::SdJwtVc => {
                let other_names = self.claims.get("aka_vcts").and_then(Value::as_array).into_iter().flatten();
                let names = self.claims.get("vct").into_iter().chain(other_names);
                names.filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => w3c::types(&self.claims, &self.format, &self.contexts),
        })
    }

    /// Whether the verifier accepts the algorithms of the issuer and of the holder's key (Appendix B).
    fn is_verifiable(&self, accepted: Accepted<'_>) -> bool {
        match &self.credential {
            Credential::SdJwt(held) => {
                let issuer = self.issuer_algorithm(held.as_str());
                let holder = held.holder().and_then(|jwk| algorithm_of(&jwk.key));
                is_listed(accepted, "sd-jwt_alg_values", issuer)
                    && (!self.bound || is_listed(accepted, "kb-jwt_alg_values", holder))
            }
            Credential::Mdoc(held) => {
                let key = held.holder();
                let signature = algorithm_of(key).is_some_and(|one| accepted.device_signature(one));
                accepted.issuer_auth(held.issuer_algorithm(), None) && (signature || accepted.device_mac(key))
            }
            Credential::Jwt(jwt) => {
                is_listed(accepted, "alg_values", self.issuer_algorithm(jwt.as_str()))
                    && (!self.bound
                        || jwt
                            .holder()
                            .is_none_or(|key| is_listed(accepted, "alg_values", algorithm_of(key))))
            }
            Credential::Proof(proof) => proof.is_accepted(accepted),
        }
    }

    fn issuer_algorithm(&self, jws: &str) -> Option<Algorithm> {
        *self.issuer_algorithm.get_or_init(|| header(jws).map(|header| header.algorithm))
    }

    fn authority_key_ids(&self) -> &[Vec<u8>] {
        self.authority_key_ids.get_or_init(|| {
            let chain = match &self.credential {
                Credential::SdJwt(held) => chain_of(held.as_str()),
                Credential::Jwt(jwt) => chain_of(jwt.as_str()),
                Credential::Mdoc(held) => IssuerSigned::parse(held.as_bytes(), &MdocLimits::default())
                    .map(|signed| signed.x5chain().iter().map(|der| der.to_vec()).collect())
                    .unwrap_or_default(),
                Credential::Proof(_) => Vec::new(),
            };
            let key_id = |der: &Vec<u8>| Certificate::parse(der).ok()?.authority_key_id;
            chain.iter().filter_map(key_id).collect()
        })
    }
}

/// The header of the JWS that a text begins with. It was read before, when the credential was taken in.
fn header(text: &str) -> Option<Header> {
    let (jws, _) = text.split_once('~').unwrap_or((text, ""));
    Some(credenza_crypto::Jws::parse_within(jws, jws.len()).ok()?.header)
}

fn chain_of(text: &str) -> Vec<Vec<u8>> {
    header(text).and_then(|header| header.x5c().ok().flatten()).unwrap_or_default()
}

fn is_listed(accepted: Accepted<'_>, member: &str, algorithm: Option<Algorithm>) -> bool {
    algorithm.is_none_or(|algorithm| accepted.algorithm(member, algorithm))
}

/// The algorithm that the holder's key signs with.
pub(super) fn algorithm_of(key: &PublicKey) -> Option<Algorithm> {
    match key.curve()? {
        Curve::P256 => Some(Algorithm::Es256),
        Curve::P384 => Some(Algorithm::Es384),
        Curve::P521 => Some(Algorithm::Es512),
        Curve::Secp256k1 => Some(Algorithm::Es256K),
        Curve::Ed25519 => Some(Algorithm::EdDsa),
        Curve::X25519 => None,
    }
}
