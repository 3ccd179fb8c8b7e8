//! What a verifier may ask for, and what answers it: DCQL of OpenID for Verifiable Presentations 1.0, §6 and §7, and
//! [Presentation Exchange](presentation_exchange) of the drafts before it.
//!
//! A verifier builds or reads a [`DcqlQuery`] and [checks](DcqlQuery::check) what it was presented; a wallet reads one and
//! [looks for answers](DcqlQuery::matching) among its credentials. Nothing here does I/O or knows a credential format: both
//! sides describe credentials as [`Candidate`]s.
//!
//! ```
//! use credenza_query::{Candidate, Dcql, DcqlQuery, Presented};
//! use serde_json::json;
//!
//! // The verifier asks, and the query travels as JSON.
//! let asked = Dcql::credential("pid").sd_jwt(["urn:eudi:pid:1"]).claim(["given_name"]).build()?;
//! let wire = serde_json::to_value(&asked)?;
//!
//! // The wallet reads it and finds what would answer it.
//! let query = DcqlQuery::parse(&wire)?;
//! let claims = json!({"given_name": "Erika", "family_name": "Mustermann"});
//! let pid = Candidate {
//!     format: "dc+sd-jwt",
//!     types: vec!["urn:eudi:pid:1"],
//!     claims: &claims,
//!     holder_binding: true,
//!     authorities: Default::default(),
//! };
//! let matching = query.matching(&[pid.clone()]);
//! let selection = matching.selection().expect("the wallet has one");
//! assert_eq!(selection.required[0].proposed.disclose[0].to_string(), "given_name");
//!
//! // The verifier checks what came.
//! let disclosed = json!({"given_name": "Erika"});
//! let answer = Presented { id: "pid", credentials: vec![Candidate { claims: &disclosed, ..pid }] };
//! assert!(asked.check(&[answer]).ok());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub mod dcql;
pub mod path;
pub mod presentation_exchange;
pub mod rules;

pub use credenza_core::claims_path::{self, ClaimsPath, PathElement};
pub use dcql::{
    Authorities, Builder, Candidate, Chosen, ClaimValue, ClaimsQuery, CredentialMatches, CredentialQuery,
    CredentialSetQuery, Dcql, DcqlQuery, Format, Lacking, Match, Matching, Meta, Mismatch, Miss, OptionalSet,
    Presented, Problem, QueryError, Selection, SetMatches, TrustedAuthority, TypeIndex, Unmet, Why,
};
