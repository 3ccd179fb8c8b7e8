//! The wallet's side: from an offer to credentials that were checked.
//!
//! An offer that was opened is either [`Opened::NeedsTxCode`] or [`Opened::Ready`]; only the latter can be accepted.

mod error;
mod keys;

use std::sync::Arc;

use credenza_core::{AddressPolicy, Clock, Http, Limits, Random, SystemClock, SystemRandom};
use credenza_formats::held::HeldCredential;
use url::Url;

pub use error::{Step, WalletError};
pub use keys::HolderKeys;

use crate::messages::{ClaimDescription, CredentialDisplay, IssuerDisplay, TxCode};

/// A wallet. Cheap to clone.
#[derive(Clone)]
pub struct Wallet {
    parts: Arc<Parts>,
}

struct Parts {
    http: Arc<dyn Http>,
    keys: Arc<dyn HolderKeys>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    policy: Policy,
}

/// What a wallet insists on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Which addresses it talks to; the Http port must have the same policy.
    pub addresses: AddressPolicy,
    /// What each answer may cost.
    pub limits: Limits,
    /// How it uses DPoP.
    pub dpop: DpopUse,
    /// How many copies of each credential it asks for, where the issuer offers that.
    pub copies: u32,
    /// Who it is, when the issuer does not serve anonymous wallets.
    pub client_id: Option<String>,
}

/// How a wallet uses DPoP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DpopUse {
    /// When the authorization server says that it knows it; then the token must be bound.
    #[default]
    WhenSupported,
    /// Always; a server that does not bind the token is refused.
    Required,
}

impl Default for Policy {
    /// Public addresses, default limits, DPoP when supported, one copy, anonymous.
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::Public,
            limits: Limits::default(),
            dpop: DpopUse::WhenSupported,
            copies: 1,
            client_id: None,
        }
    }
}

/// An offer that was opened.
#[derive(Debug)]
pub enum Opened {
    /// The holder must type a transaction code first.
    NeedsTxCode(NeedsTxCode),
    /// The holder can accept.
    Ready(Ready),
}

/// What an offer offers, for the holder to decide. All texts are the issuer's: escape them.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The issuer's identifier. Its host is what the holder should see: names can be anything.
    pub issuer: Url,
    /// How the issuer calls itself, by language.
    pub issuer_display: Vec<IssuerDisplay>,
    /// What is offered.
    pub credentials: Vec<OfferedSummary>,
    /// What the transaction code looks like, when one is needed.
    pub tx_code: Option<TxCode>,
    /// Where code and transaction code will be sent.
    pub token_endpoint: Url,
}

/// One credential that is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedSummary {
    /// Its configuration.
    pub configuration_id: String,
    /// Its format.
    pub format: String,
    /// Its type: `vct`.
    pub credential_type: String,
    /// How it wants to be shown, by language.
    pub display: Vec<CredentialDisplay>,
    /// Its claims.
    pub claims: Vec<ClaimDescription>,
    /// How many copies will be asked for.
    pub copies: u32,
}

/// An offer that waits for a transaction code.
#[derive(Debug)]
pub struct NeedsTxCode {
    summary: Summary,
}

/// An offer that can be accepted.
#[derive(Debug)]
pub struct Ready {
    summary: Summary,
}

/// What came of an offer.
#[derive(Debug)]
pub struct Received {
    /// The issuer's identifier.
    pub issuer: Url,
    /// How the issuer calls itself, by language.
    pub issuer_display: Vec<IssuerDisplay>,
    /// The credentials, checked; one entry for each copy.
    pub credentials: Vec<HeldCredential>,
    /// What was checked, one report for each copy.
    pub reports: Vec<credenza_core::Report>,
    /// To be told to the issuer when the credentials are stored, or could not be.
    pub receipt: Receipt,
}

/// Tells the issuer what became of the credentials (§11).
#[derive(Debug)]
#[must_use = "the issuer wants to know"]
pub struct Receipt {
    _private: (),
}

impl Wallet {
    /// A wallet that talks through `http` and keeps its keys in `keys`.
    #[must_use]
    pub fn new(http: Arc<dyn Http>, keys: Arc<dyn HolderKeys>) -> Self {
        let parts = Parts {
            http,
            keys,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            policy: Policy::default(),
        };
        Self { parts: Arc::new(parts) }
    }

    /// Opens an offer: a link or the text of a QR code. Fetches the offer and all metadata, and sends no code yet.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn open(&self, link: &str) -> Result<Opened, WalletError> {
        let _ = (
            link,
            &self.parts.http,
            &self.parts.keys,
            &self.parts.clock,
            &self.parts.random,
            &self.parts.policy,
        );
        Err(WalletError::Unsupported("yet"))
    }
}

impl Opened {
    /// What is offered.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        match self {
            Self::NeedsTxCode(offer) => offer.summary(),
            Self::Ready(offer) => offer.summary(),
        }
    }
}

impl NeedsTxCode {
    /// What is offered.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Goes on with the code that the holder has typed.
    ///
    /// # Errors
    /// [`WalletError::TxCode`] when it does not have the announced form; the offer comes back, to try again.
    pub fn tx_code(self, code: &str) -> Result<Ready, (Self, WalletError)> {
        let _ = code;
        Ok(Ready { summary: self.summary })
    }
}

impl Ready {
    /// What is offered.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Fetches everything that is offered, checks it, and hands it out to be stored.
    ///
    /// # Errors
    /// See [`WalletError`]. Credentials that were refused are reported to the issuer as failed.
    pub async fn accept(self) -> Result<Received, WalletError> {
        Err(WalletError::Unsupported("yet"))
    }
}

impl Receipt {
    /// The credentials are stored.
    ///
    /// # Errors
    /// The issuer could not be told; the credentials are good all the same.
    pub async fn accepted(self) -> Result<(), WalletError> {
        Ok(())
    }

    /// The holder did not want them.
    ///
    /// # Errors
    /// The issuer could not be told.
    pub async fn deleted(self) -> Result<(), WalletError> {
        Ok(())
    }

    /// They could not be stored.
    ///
    /// # Errors
    /// The issuer could not be told.
    pub async fn failed(self) -> Result<(), WalletError> {
        Ok(())
    }
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Wallet")
    }
}
