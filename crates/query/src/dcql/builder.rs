//! Queries, written in Rust.

use credenza_core::{ClaimsPath, PathElement};

use super::error::{At, Problem, QueryError};
use super::query::{
    ClaimValue, ClaimsQuery, CredentialQuery, CredentialSetQuery, DcqlQuery, Format, Meta, TrustedAuthority,
};

/// Where a query begins.
///
/// ```
/// use credenza_query::Dcql;
///
/// let query = Dcql::credential("pid")
///     .sd_jwt(["urn:eudi:pid:1"])
///     .claim(["age_equal_or_over", "18"]).values([true])
///     .claim(["nationalities"])
///     .credential("mdl")
///     .mdoc("org.iso.18013.5.1.mDL")
///     .claim(["org.iso.18013.5.1", "age_over_18"])
///     .set([["pid"], ["mdl"]])
///     .build()?;
/// assert_eq!(query.credentials().len(), 2);
/// # Ok::<_, credenza_query::QueryError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Dcql;

impl Dcql {
    /// Begins a query with its first credential query.
    pub fn credential(id: impl Into<String>) -> Builder {
        Builder { credentials: Vec::new(), sets: Vec::new(), error: None }.credential(id)
    }
}

/// A query in the making. What is said applies to the credential query that was begun last, and what is said about a
/// claim to the last claim. The first mistake is kept for [`build`](Self::build).
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    credentials: Vec<Draft>,
    sets: Vec<CredentialSetQuery>,
    error: Option<QueryError>,
}

#[derive(Debug, Clone)]
struct Draft {
    id: String,
    kind: Option<(Format, Meta)>,
    multiple: bool,
    holder_binding: bool,
    authorities: Vec<TrustedAuthority>,
    claims: Vec<ClaimsQuery>,
    claim_sets: Vec<Vec<String>>,
}

impl Builder {
    /// Begins another credential query.
    pub fn credential(mut self, id: impl Into<String>) -> Self {
        self.credentials.push(Draft {
            id: id.into(),
            kind: None,
            multiple: false,
            holder_binding: true,
            authorities: Vec::new(),
            claims: Vec::new(),
            claim_sets: Vec::new(),
        });
        self
    }

    /// An SD-JWT VC of one of these types.
    pub fn sd_jwt(self, vct_values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let vct_values = strings(vct_values);
        self.of(Format::SdJwtVc, Meta::SdJwtVc { vct_values })
    }

    /// An mdoc of this document type.
    pub fn mdoc(self, doctype_value: impl Into<String>) -> Self {
        let doctype_value = doctype_value.into();
        self.of(Format::Mdoc, Meta::Mdoc { doctype_value })
    }

    /// A W3C credential as a JWT, that has all types of one of these lists.
    pub fn jwt_vc<T: IntoIterator<Item = impl Into<String>>>(
        self,
        types: impl IntoIterator<Item = T>,
    ) -> Self {
        let type_values = types.into_iter().map(strings).collect();
        self.of(Format::JwtVcJson, Meta::W3c { type_values })
    }

    /// A W3C credential with a Data Integrity proof, that has all types of one of these lists.
    pub fn ldp_vc<T: IntoIterator<Item = impl Into<String>>>(
        self,
        types: impl IntoIterator<Item = T>,
    ) -> Self {
        let type_values = types.into_iter().map(strings).collect();
        self.of(Format::LdpVc, Meta::W3c { type_values })
    }

    /// A W3C credential as an SD-JWT, that has all types of one of these lists.
    pub fn vc_sd_jwt<T: IntoIterator<Item = impl Into<String>>>(
        self,
        types: impl IntoIterator<Item = T>,
    ) -> Self {
        let type_values = types.into_iter().map(strings).collect();
        self.of(Format::VcSdJwt, Meta::W3c { type_values })
    }

    fn of(self, format: Format, meta: Meta) -> Self {
        self.last(|draft| draft.kind = Some((format, meta)))
    }

    /// More than one credential may answer.
    pub fn multiple(self) -> Self {
        self.last(|draft| draft.multiple = true)
    }

    /// No proof of the holder's key is needed.
    pub fn without_holder_binding(self) -> Self {
        self.last(|draft| draft.holder_binding = false)
    }

    /// Credentials from these authorities are accepted (`aki`: key identifiers as base64url); repeat for more kinds.
    pub fn trusted_authority(
        self,
        kind: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let authority = TrustedAuthority { kind: kind.into(), values: strings(values) };
        self.last(|draft| draft.authorities.push(authority))
    }

    /// Asks for the claim at this path: names, positions, or [`PathElement::All`].
    pub fn claim(self, path: impl IntoIterator<Item = impl Into<PathElement>>) -> Self {
        match ClaimsPath::new(path.into_iter().map(Into::into).collect()) {
            Ok(path) => self.last(|draft| {
                draft.claims.push(ClaimsQuery { id: None, path, values: Vec::new(), intent_to_retain: None });
            }),
            Err(error) => {
                let next = self.credentials.last().map_or(0, |draft| draft.claims.len());
                self.mistake(|claims| claims.item(next).member("path").refuse(error.into()))
            }
        }
    }

    /// The last claim is called this in claim sets.
    pub fn id(self, id: impl Into<String>) -> Self {
        self.last_claim(|claim| claim.id = Some(id.into()))
    }

    /// The last claim is only of interest with one of these values.
    pub fn values(self, values: impl IntoIterator<Item = impl Into<ClaimValue>>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.last_claim(|claim| claim.values = values)
    }

    /// The verifier means to keep the last claim, or says that it does not (mdoc).
    pub fn intent_to_retain(self, retain: bool) -> Self {
        self.last_claim(|claim| claim.intent_to_retain = Some(retain))
    }

    /// These claims together are enough; the first set that is named is liked best.
    pub fn claim_set(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let ids = strings(ids);
        self.last(|draft| draft.claim_sets.push(ids))
    }

    /// One of these combinations of credentials is needed, the first liked best.
    pub fn set<T: IntoIterator<Item = impl Into<String>>>(
        mut self,
        options: impl IntoIterator<Item = T>,
    ) -> Self {
        self.sets
            .push(CredentialSetQuery { options: options.into_iter().map(strings).collect(), required: true });
        self
    }

    /// One of these combinations of credentials is welcome.
    pub fn optional_set<T: IntoIterator<Item = impl Into<String>>>(
        mut self,
        options: impl IntoIterator<Item = T>,
    ) -> Self {
        self.sets.push(CredentialSetQuery {
            options: options.into_iter().map(strings).collect(),
            required: false,
        });
        self
    }

    /// The query.
    ///
    /// # Errors
    /// [`QueryError`]: the first mistake, as for a query that is read; and a claim that is asked for twice, which a wallet
    /// would overlook and a verifier must not do (§6.1).
    pub fn build(self) -> Result<DcqlQuery, QueryError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let root = At::root();
        let at = root.member("credentials");
        let finished = |(index, draft): (usize, Draft)| match draft.kind {
            None => Err(at.item(index).member("format").refuse(Problem::Missing)),
            Some((format, meta)) => Ok(CredentialQuery {
                id: draft.id,
                format,
                multiple: draft.multiple,
                meta,
                trusted_authorities: draft.authorities,
                require_cryptographic_holder_binding: draft.holder_binding,
                claims: draft.claims,
                claim_sets: draft.claim_sets,
            }),
        };
        let credentials = self.credentials.into_iter().enumerate().map(finished).collect::<Result<_, _>>()?;
        let query = DcqlQuery::new(credentials, self.sets)?;
        match query.duplicate_claim() {
            Some((credential, claim)) => Err(at
                .item(credential)
                .member("claims")
                .item(claim)
                .member("path")
                .refuse(Problem::DuplicateClaim)),
            None => Ok(query),
        }
    }

    fn last(mut self, change: impl FnOnce(&mut Draft)) -> Self {
        if let Some(draft) = self.credentials.last_mut() {
            change(draft);
        }
        self
    }

    fn last_claim(mut self, change: impl FnOnce(&mut ClaimsQuery)) -> Self {
        match self.credentials.last_mut().and_then(|draft| draft.claims.last_mut()) {
            Some(claim) => change(claim),
            None => return self.mistake(|claims| claims.refuse(Problem::Missing)),
        }
        self
    }

    /// Keeps a mistake that was made at the claims of the last credential query, if it is the first.
    fn mistake(mut self, refuse: impl FnOnce(At<'_>) -> QueryError) -> Self {
        let last = self.credentials.len().saturating_sub(1);
        self.error
            .get_or_insert_with(|| refuse(At::root().member("credentials").item(last).member("claims")));
        self
    }
}

fn strings(items: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}
