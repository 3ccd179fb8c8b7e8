//! An offer that was opened, and what comes of it.

use std::sync::Arc;

use credenza_core::{Report, Secret};
use credenza_formats::held::HeldCredential;
use credenza_oauth::AuthorizationServerMetadata;
use serde::{Deserialize, Serialize};
use url::Url;

use super::dpop_key::DpopKey;
use super::{NeedsAuthorization, Parts, PendingCredential, Receipt, Renewal, WalletError};
use crate::messages::{
    AuthorizationCodeGrant, ClaimDescription, CredentialDisplay, CredentialIssuerMetadata, InputMode,
    IssuerDisplay, PreAuthorizedCodeGrant, TxCode,
};

/// No transaction code is longer, in characters.
const MAX_TX_CODE: usize = 256;

/// An offer that was opened.
#[derive(Debug)]
pub enum Opened {
    /// The holder must type a transaction code first.
    NeedsTxCode(NeedsTxCode),
    /// The holder must sign in with the issuer first.
    NeedsAuthorization(NeedsAuthorization),
    /// The holder can accept.
    Ready(Ready),
}

/// What an offer offers, for the holder to decide. All texts are the issuer's: escape them.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The issuer's identifier. Its host is what the holder should see: names can be anything.
    pub issuer: Url,
    /// The origin of the website that made the offer, where the platform has said that (Digital Credentials API).
    pub website: Option<String>,
    /// How the issuer calls itself, by language.
    pub issuer_display: Vec<IssuerDisplay>,
    /// What is offered and can be fetched: at least one.
    pub credentials: Vec<OfferedSummary>,
    /// Configurations that are offered too, in formats or with proofs that this wallet does not know.
    pub unsupported: Vec<String>,
    /// What the transaction code looks like, when one is needed.
    pub tx_code: Option<TxCode>,
    /// Where code and transaction code will be sent.
    pub token_endpoint: Url,
}

/// One credential that is offered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferedSummary {
    /// Its configuration.
    pub configuration_id: String,
    /// Its format.
    pub format: String,
    /// Its type: `vct`, `doctype`, or of a W3C credential's types the one that says what it is.
    pub credential_type: String,
    /// How it wants to be shown, by language.
    pub display: Vec<CredentialDisplay>,
    /// Its claims.
    pub claims: Vec<ClaimDescription>,
    /// How many copies will be asked for.
    pub copies: u32,
}

/// By which way the credentials can be got.
pub(super) enum Way {
    /// The offer has a code.
    PreAuthorized(PreAuthorizedCodeGrant),
    /// The holder signs in.
    AuthorizationCode(AuthorizationCodeGrant),
}

/// What a token is asked for with.
pub(super) enum Right {
    /// The code of the offer.
    Offered { code: Secret, tx_code: Option<Secret> },
    /// The code that came with the browser, or without one; then there can be no redirect URI.
    Authorized {
        code: Secret,
        redirect_uri: Option<String>,
        verifier: Secret,
        dpop: Option<DpopKey>,
        /// What the server wants in the next proof of possession.
        challenge: Option<String>,
    },
}

/// Everything that is known when the holder decides.
pub(super) struct Plan {
    pub(super) parts: Arc<Parts>,
    pub(super) metadata: CredentialIssuerMetadata,
    pub(super) server: AuthorizationServerMetadata,
    pub(super) way: Way,
    pub(super) summary: Summary,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.summary.fmt(out)
    }
}

/// An offer that waits for a transaction code.
#[derive(Debug)]
pub struct NeedsTxCode {
    pub(super) plan: Box<Plan>,
    pub(super) code: Secret,
}

/// An offer that can be accepted.
pub struct Ready {
    pub(super) plan: Box<Plan>,
    pub(super) right: Right,
}

/// What came of an offer.
#[derive(Debug)]
pub struct Received {
    /// The issuer's identifier.
    pub issuer: Url,
    /// How the issuer calls itself, by language.
    pub issuer_display: Vec<IssuerDisplay>,
    /// The credentials, checked; one entry for each copy. There is at least one, or something is pending.
    pub credentials: Vec<HeldCredential>,
    /// What was checked, one report for each entry of `credentials`.
    pub reports: Vec<Report>,
    /// What the issuer has promised for later: to be kept, encrypted, and asked for again with
    /// [`Wallet::poll`](super::Wallet::poll).
    pub pending: Vec<PendingCredential>,
    /// Configurations of which nothing came, and why.
    pub failures: Vec<(String, WalletError)>,
    /// What brings the same credentials anew, later and without the holder, where the issuer allows that: to be kept,
    /// encrypted, for [`Wallet::renew`](super::Wallet::renew).
    pub renewal: Option<Renewal>,
    /// To be told to the issuer when the credentials are stored, or could not be.
    pub receipt: Receipt,
}

impl Opened {
    pub(super) fn plan_mut(&mut self) -> &mut Plan {
        match self {
            Self::NeedsTxCode(offer) => &mut offer.plan,
            Self::NeedsAuthorization(offer) => &mut offer.plan,
            Self::Ready(offer) => &mut offer.plan,
        }
    }

    /// What is offered.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        match self {
            Self::NeedsTxCode(offer) => offer.summary(),
            Self::NeedsAuthorization(offer) => offer.summary(),
            Self::Ready(offer) => offer.summary(),
        }
    }
}

impl NeedsTxCode {
    /// What is offered.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.plan.summary
    }

    /// Goes on with the code that the holder has typed.
    ///
    /// # Errors
    /// [`WalletError::TxCode`] when it does not have the announced form: the issuer was not asked, and no try was
    /// lost. The offer comes back, to try again.
    pub fn tx_code(self, code: &str) -> Result<Ready, (Self, WalletError)> {
        let code = code.trim();
        let hint = self.plan.summary.tx_code.clone().unwrap_or_default();
        let length = code.chars().count();
        let problem = if code.is_empty() {
            Some("is empty")
        } else if length > MAX_TX_CODE {
            Some("is too long")
        } else if hint.input_mode == InputMode::Numeric && !code.bytes().all(|byte| byte.is_ascii_digit()) {
            Some("must have digits only")
        } else if hint.length.is_some_and(|announced| usize::try_from(announced) != Ok(length)) {
            Some("does not have the length that the issuer announces")
        } else {
            None
        };
        match problem {
            Some(problem) => Err((self, WalletError::TxCode(problem))),
            None => {
                let right = Right::Offered { code: self.code, tx_code: Some(Secret::new(code.to_owned())) };
                Ok(Ready { plan: self.plan, right })
            }
        }
    }
}

impl Ready {
    /// What is offered.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.plan.summary
    }
}

impl Way {
    pub(super) fn tx_code(&self) -> Option<&TxCode> {
        match self {
            Self::PreAuthorized(grant) => grant.tx_code.as_ref(),
            Self::AuthorizationCode(_) => None,
        }
    }

    /// The code of the offer.
    pub(super) fn code(&self) -> Option<Secret> {
        match self {
            Self::PreAuthorized(grant) => Some(Secret::new(grant.pre_authorized_code.clone())),
            Self::AuthorizationCode(_) => None,
        }
    }
}

impl Plan {
    /// What the offer wants to be said in the authorization request (§5.1.3).
    pub(super) fn issuer_state(&self) -> Option<&str> {
        match &self.way {
            Way::AuthorizationCode(grant) => grant.issuer_state.as_deref(),
            Way::PreAuthorized(_) => None,
        }
    }
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.plan.fmt(out)
    }
}
