//! The demo wallet behind the page `/wallet`: what it must be able to do, and what it tells the page.
//!
//! The wallet itself (keys, credentials, protocol) lives above this crate; the page shows what it says and hands back
//! what the person decided. Nothing is accepted or disclosed without one of the two deciding calls,
//! [`DemoWallet::accept`] and [`DemoWallet::present`].

use std::fmt;

use credenza_core::{Answer, Report, UnixTime};
use serde::Serialize;
use url::Url;

/// A wallet that a person drives through web pages.
///
/// Asking ([`offer`](Self::offer), [`request`](Self::request)) resolves a link and keeps what was found under an id of
/// the wallet's own making, so that the decision is about exactly what was shown. Ids are unguessable, are good for one
/// decision, and are forgotten after a while.
pub trait DemoWallet: Send + Sync {
    /// Resolves a credential offer link (`openid-credential-offer://…`, or the https form).
    ///
    /// # Errors
    /// What a person should read when it can't be resolved.
    fn offer<'a>(&'a self, link: &'a str) -> Answer<'a, Result<OfferPreview, WalletRefusal>>;

    /// Prepares signing in for an offer that was shown, where [`OfferPreview::sign_in`] says so: where the browser has to
    /// go. It will come back to `redirect_uri`.
    ///
    /// # Errors
    /// What a person should read.
    fn sign_in<'a>(&'a self, offer: &'a str, redirect_uri: &'a str)
    -> Answer<'a, Result<Url, WalletRefusal>>;

    /// Goes on with the URL that the browser was sent back to: the offer can be accepted then.
    ///
    /// # Errors
    /// What a person should read. A response that belongs to something else ends nothing.
    fn signed_in<'a>(&'a self, offer: &'a str, response: &'a Url) -> Answer<'a, Result<(), WalletRefusal>>;

    /// Accepts an offer that was shown: fetches the token and the credentials, and keeps them.
    ///
    /// A wrong `tx_code` must leave the offer acceptable as long as the issuer allows another try.
    ///
    /// # Errors
    /// What a person should read.
    fn accept<'a>(
        &'a self,
        offer: &'a str,
        tx_code: Option<&'a str>,
    ) -> Answer<'a, Result<Accepted, WalletRefusal>>;

    /// Resolves a presentation request link (`openid4vp://…`, or the https form) and looks for matching credentials.
    ///
    /// # Errors
    /// What a person should read: among others each check that the request failed.
    fn request<'a>(&'a self, link: &'a str) -> Answer<'a, Result<Consent, WalletRefusal>>;

    /// Answers a request that was shown, with the chosen credentials.
    ///
    /// # Errors
    /// What a person should read.
    fn present<'a>(
        &'a self,
        consent: &'a str,
        choices: &'a [Choice],
    ) -> Answer<'a, Result<Presented, WalletRefusal>>;

    /// What was shown under an id and is not decided yet, so that a page can be loaded again.
    fn shown<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Shown>>;

    /// Says no to an offer or a request that was shown; the asking party is told where the protocol has a way.
    fn decline<'a>(&'a self, shown: &'a str) -> Answer<'a, Result<(), WalletRefusal>>;

    /// The credentials in the wallet, the newest first.
    fn credentials(&self) -> Answer<'_, Vec<Card>>;

    /// Removes a credential with all of its copies; `false` when there is none of that id.
    fn remove<'a>(&'a self, credential: &'a str) -> Answer<'a, bool>;

    /// What happened so far, the newest first.
    fn history(&self) -> Answer<'_, Vec<HistoryEntry>>;
}

/// How a credential looks: the issuer's display data, already narrowed to the person's language.
///
/// Texts and colours come from the issuer: pages escape the texts, and show a colour only when it is `#rrggbb`.
#[derive(Clone, Default, Serialize)]
pub struct Card {
    /// The wallet's own id of the credential; empty for one that is only offered.
    pub id: String,
    /// Name of the credential.
    pub name: String,
    /// Name of the issuer.
    pub issuer: String,
    /// Whose it is, for the face of the card; pages leave it out when it is not known.
    pub holder: Option<String>,
    /// The format and type, for the technically minded: `dc+sd-jwt · urn:eudi:pid:1`.
    pub kind: String,
    /// `#rrggbb`, when the issuer gives one.
    pub background: Option<String>,
    /// `#rrggbb`, when the issuer gives one.
    pub text: Option<String>,
    /// The claims, in the issuer's order; empty for one that is only offered, where [`Claim::value`] is unknown.
    pub claims: Vec<Claim>,
    /// Copies that were not yet shown to anybody, of a batch.
    pub copies: usize,
    /// When it ends, if it does.
    pub expires: Option<UnixTime>,
}

/// A claim, as a person reads it. Personal data: it has no `Debug`.
#[derive(Clone, Serialize)]
pub struct Claim {
    /// The issuer's label for it, or the path.
    pub label: String,
    /// The value as text.
    pub value: String,
}

/// Somebody on the other side.
#[derive(Clone, Default, Serialize)]
pub struct Party {
    /// The name it goes by.
    pub name: String,
    /// Its identifier in the protocol: the issuer URL, the client id.
    pub identifier: String,
    /// How the wallet knows that it is who it says, as a sentence.
    pub known_by: String,
    /// Whether that is enough to trust the name. A page warns when it is not.
    pub trusted: bool,
}

/// An offer as it is shown before it is accepted.
#[derive(Clone, Default, Serialize)]
pub struct OfferPreview {
    /// For [`DemoWallet::accept`].
    pub id: String,
    /// Who offers.
    pub issuer: Party,
    /// What is offered.
    pub credentials: Vec<Card>,
    /// The transaction code that is asked for, if one is.
    pub tx_code: Option<TxCodePrompt>,
    /// Whether the person has to sign in with the issuer before it can be accepted.
    pub sign_in: bool,
}

/// Something that was shown and waits for the person's decision.
#[derive(Clone)]
pub enum Shown {
    /// An offer.
    Offer(OfferPreview),
    /// A request.
    Request(Consent),
}

/// What to say where the transaction code is typed (OID4VCI §4.1.1, `tx_code`).
#[derive(Clone, Default, Serialize)]
pub struct TxCodePrompt {
    /// How many characters, when the issuer says.
    pub length: Option<u32>,
    /// Digits only.
    pub numeric: bool,
    /// The issuer's words about where to find it.
    pub description: Option<String>,
}

/// An offer was accepted.
#[derive(Clone, Default, Serialize)]
pub struct Accepted {
    /// What is now in the wallet.
    pub credentials: Vec<Card>,
    /// What the issuer has promised for later.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Waiting>,
    /// Where the demo issuer's page of this offer is, when it is ours.
    pub offer: Option<String>,
}

/// A credential that the issuer has promised for later.
#[derive(Clone, Serialize)]
pub struct Waiting {
    /// Its id within the wallet.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who has promised it.
    pub issuer: String,
    /// When.
    pub since: UnixTime,
    /// When the issuer wants to be asked again, at the earliest.
    pub not_before: UnixTime,
}

/// A request as it is shown before it is answered.
#[derive(Clone, Default, Serialize)]
pub struct Consent {
    /// For [`DemoWallet::present`].
    pub id: String,
    /// Who asks.
    pub verifier: Party,
    /// What for, in the verifier's words.
    pub purpose: Option<String>,
    /// What is asked, one entry for each credential of the query.
    pub asks: Vec<Ask>,
    /// What answering authorises besides: the person has to read it.
    pub transactions: Vec<Transaction>,
    /// Whether the holder signs in too, or with no credential at all: with a key that is kept for this party alone.
    pub signs_in: bool,
    /// Whether the wallet holds what it takes to answer.
    pub answerable: bool,
    /// Why it does not, as sentences.
    pub missing: Vec<String>,
    /// The checks of the request.
    pub report: Option<Report>,
}

/// Something that the person authorises by answering (OID4VP 1.0 §8.4).
#[derive(Clone, Default, Serialize)]
pub struct Transaction {
    /// Its type.
    pub kind: String,
    /// Everything that it says.
    pub details: Vec<Claim>,
    /// The [`Ask`]s whose credential can sign it, by id: one of them does.
    pub signed_by: Vec<String>,
}

/// One credential that is asked for.
#[derive(Clone, Default, Serialize)]
pub struct Ask {
    /// The id in the query.
    pub id: String,
    /// Whether an answer without it is no answer.
    pub required: bool,
    /// The credentials that fit, the best first.
    pub candidates: Vec<Candidate>,
}

/// A credential that fits, and what would be told.
#[derive(Clone, Default, Serialize)]
pub struct Candidate {
    /// The credential.
    pub card: Card,
    /// Exactly what would be disclosed.
    pub discloses: Vec<Claim>,
    /// The labels of what stays in the wallet.
    pub withholds: Vec<String>,
    /// Of that, what the verifier would like and can do without: told only where [`Choice::also`] says so.
    pub welcome: Vec<Claim>,
}

/// The person's choice for one [`Ask`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// [`Ask::id`].
    pub ask: String,
    /// [`Card::id`] of the candidate.
    pub credential: String,
    /// Whether [`Candidate::welcome`] is told, too.
    pub also: bool,
}

/// A request was answered.
#[derive(Clone, Default, Serialize)]
pub struct Presented {
    /// To whom.
    pub verifier: Party,
    /// Where the verifier sends the browser (`redirect_uri`), if it does.
    pub redirect_uri: Option<String>,
}

/// Something that happened in the wallet.
#[derive(Clone, Serialize)]
pub struct HistoryEntry {
    /// When.
    pub at: UnixTime,
    /// What: `received`, `presented`, `declined`, `removed`, `refused`.
    pub kind: &'static str,
    /// With whom.
    pub party: String,
    /// About what: names of credentials, labels of claims; no values.
    pub what: String,
}

/// Why the wallet did not do it, for a person to read; and the checks, where there were any.
#[derive(Clone, Default, Serialize)]
pub struct WalletRefusal {
    /// A sentence. It names no secret and no claim value.
    pub message: String,
    /// The wire code of the other side, or the id of the check that failed.
    pub code: Option<String>,
    /// The checks that were made.
    pub report: Option<Report>,
    /// Whether the same offer may be tried again (a mistyped transaction code).
    pub again: bool,
}

impl WalletRefusal {
    /// A refusal with nothing but a sentence.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

impl fmt::Debug for WalletRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("WalletRefusal").field("message", &self.message).field("code", &self.code).finish()
    }
}

impl fmt::Display for WalletRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for WalletRefusal {}
