//! The wallet as a whole: opens offers and requests, shows them, and acts after the person has decided.
//!
//! It is driven through [`DemoWallet`](credenza_server::DemoWallet): by the pages of the demo, and by the terminal.

#![expect(clippy::result_large_err, reason = "a refusal is what pages show; it is made once, for a person")]

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use credenza_core::{AddressPolicy, Clock, Http, Random, UnixTime, id};
use credenza_formats::held::HeldCredential;
use credenza_formats::type_metadata::{TypeResolver, TypeResolverConfig};
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_server::demo_wallet::{Card, Claim, HistoryEntry, OfferPreview, WalletRefusal};
use credenza_trust::Trust;
use credenza_vci::wallet::{Authorizing, Client, Opened, Policy, Wallet as Receiving};
use credenza_vp::messages::TransactionType;
use credenza_vp::siop::Provider;
use credenza_vp::wallet::{SignIn, UntrustedVerifiers, Wallet as Presenting, WalletBuilder};
use credenza_vp::{Asked, Profile};
use serde_json::{Map, Value};

use super::credentials::{Credentials, Entry};
use super::display;
use super::interacting::Interacting;
use super::keys::VaultKeys;
use super::provider::{Vouched, WalletProvider};
use super::renewing::Renewals;
use super::vault::{Vault, VaultError};
use super::verifiers::KnownVerifiers;
use super::waiting::Promises;

/// How long a decision may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// So many decisions may be open; the oldest is forgotten for one more.
const MAX_PENDING: usize = 64;

/// What the wallet calls itself where somebody has to sign in: a public client, known to the service that `init` makes.
pub const CLIENT_ID: &str = "credenza-wallet";

/// So many things are remembered.
const MAX_HISTORY: usize = 100;

/// A holder's wallet.
pub struct Holder {
    pub(super) receiving: Receiving,
    pub(super) presenting: Presenting,
    pub(super) keys: VaultKeys,
    pub(super) credentials: Credentials,
    pub(super) promises: Promises,
    pub(super) renewals: Renewals,
    /// Held while a refresh token is used: two at once would look like a theft.
    pub(super) refreshing: tokio::sync::Mutex<()>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) types: TypeResolver,
    pub(super) contexts: Contexts,
    random: Arc<dyn Random>,
    pending: Mutex<HashMap<String, (UnixTime, Pending)>>,
    history: Mutex<Vec<HistoryEntry>>,
}

/// What waits for a decision.
pub(super) enum Pending {
    /// An offer that was opened, its link, and how it was shown.
    Offer(Box<Opened>, String, OfferPreview),
    /// An offer whose first attempt failed and may be tried again: it has to be opened anew.
    Again(String, OfferPreview),
    /// An offer for which the person is signing in.
    SigningIn(Box<Authorizing>, String, OfferPreview),
    /// An offer whose issuer wants to see a credential first.
    Interacting(Box<Interacting>),
    /// A request.
    Request(Box<Asked>),
    /// A request to sign in, and nothing else.
    SignIn(Box<SignIn>),
}

/// What a wallet needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// To reach issuers and verifiers; with the same address policy as [`Options::addresses`].
    pub http: Arc<dyn Http>,
    /// Keeps keys and credentials.
    pub vault: Arc<dyn Vault>,
    /// Knows verifiers.
    pub trust: Arc<dyn Trust>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes keys.
    pub random: Arc<dyn Random>,
}

/// How a wallet behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which addresses it talks to.
    pub addresses: AddressPolicy,
    /// How many copies of a credential it asks for.
    pub copies: u32,
    /// What it calls itself where somebody has to sign in.
    pub client_id: Cow<'static, str>,
    /// Whether requests of OpenID4VP before 1.0 are answered.
    pub earlier_drafts: bool,
    /// The types of transactions that the person can be shown; requests with any other are refused.
    pub transaction_types: Vec<TransactionType>,
    /// Whom it believes about verifiers beside [`Ports::trust`], and the queries that it knows by name.
    pub verifiers: KnownVerifiers,
}

impl Default for Options {
    /// Public addresses, one copy, [`CLIENT_ID`], 1.0 alone, no transactions.
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::Public,
            copies: 1,
            client_id: Cow::Borrowed(CLIENT_ID),
            earlier_drafts: false,
            transaction_types: Vec::new(),
            verifiers: KnownVerifiers::default(),
        }
    }
}

impl Holder {
    /// A wallet. Verifiers that nobody vouches for are shown as such; whoever drives the wallet decides about them.
    #[must_use]
    pub fn new(ports: Ports, options: Options) -> Self {
        Self::within(ports, options, Profile::Open)
    }

    /// A wallet that keeps to a profile. In [`Profile::Haip`] verifiers that nobody vouches for are refused, and so are
    /// issuers; a wallet provider has to vouch for the wallet ([`vouched_by`](Self::vouched_by)).
    #[must_use]
    pub fn within(ports: Ports, options: Options, profile: Profile) -> Self {
        let Ports { http, vault, trust, clock, random } = ports;
        let keys = VaultKeys::new(Arc::clone(&vault), Arc::clone(&random));
        let base = if profile == Profile::Haip { Policy::haip() } else { Policy::default() };
        let policy = Policy { addresses: options.addresses, copies: options.copies, ..base };
        let mut receiving = Receiving::new(Arc::clone(&http), Arc::new(keys.clone()))
            .with_policy(policy)
            .with_client(Client::Public { client_id: options.client_id.into_owned() })
            .with_clock(Arc::clone(&clock))
            .with_random(Arc::clone(&random));
        if profile == Profile::Haip {
            receiving = receiving.with_trust(Arc::clone(&trust));
        }
        let types = TypeResolverConfig { addresses: options.addresses, ..TypeResolverConfig::default() };
        let types = TypeResolver::new(Arc::clone(&http), Arc::clone(&clock), types);
        let mut presenting =
            Presenting::builder(Arc::clone(&http), trust, Arc::clone(&clock), Arc::clone(&random))
                .untrusted_verifiers(UntrustedVerifiers::Show)
                .profile(profile)
                .self_issued(Provider::default())
                .addresses(options.addresses);
        presenting = options.verifiers.apply(presenting, &http);
        if options.earlier_drafts {
            presenting = presenting.earlier_drafts();
        }
        let types_of = options.transaction_types.into_iter();
        let presenting = types_of.fold(presenting, WalletBuilder::transaction_type).build();
        let promises = Promises::new(Arc::clone(&vault), keys.clone(), Arc::clone(&random));
        let renewals = Renewals::new(Arc::clone(&vault));
        let credentials = Credentials::new(vault, keys.clone(), Arc::clone(&random));
        Self {
            receiving,
            presenting,
            keys,
            credentials,
            promises,
            renewals,
            refreshing: tokio::sync::Mutex::default(),
            clock,
            types,
            contexts: Contexts::bundled(),
            random,
            pending: Mutex::default(),
            history: Mutex::default(),
        }
    }

    /// With these JSON-LD contexts: a credential with an embedded proof that uses others is refused.
    #[must_use]
    pub fn with_contexts(mut self, contexts: Contexts) -> Self {
        self.receiving = self.receiving.with_contexts(contexts.clone());
        self.contexts = contexts;
        self
    }

    /// With somebody who vouches for this wallet, under the name `client_id`, and for its keys.
    #[must_use]
    pub fn vouched_by(mut self, provider: WalletProvider, client_id: &str) -> Self {
        let (keys, clock) = (self.keys.clone(), Arc::clone(&self.clock));
        let vouched = Arc::new(Vouched { provider, keys, clock, client_id: client_id.to_owned() });
        let client =
            Client::Attested { client_id: client_id.to_owned(), instance: Arc::clone(&vouched) as _ };
        self.receiving = self.receiving.with_client(client).with_keys(vouched);
        self
    }

    /// The credentials.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// A name to decide by.
    pub(super) fn new_id(&self) -> String {
        id::unguessable(&*self.random)
    }

    /// Keeps something until the person has decided.
    pub(super) fn keep_as(&self, id: String, pending: Pending) {
        let now = self.clock.now();
        let mut all = self.pending();
        all.retain(|_, (since, _)| now.since(*since) < PATIENCE);
        if all.len() >= MAX_PENDING {
            let oldest = all.iter().min_by_key(|(_, (since, _))| *since).map(|(id, _)| id.clone());
            oldest.map(|oldest| all.remove(&oldest));
        }
        all.insert(id, (now, pending));
    }

    /// Takes what was kept: a decision is made once.
    pub(super) fn decide(&self, id: &str) -> Result<Pending, WalletRefusal> {
        let now = self.clock.now();
        let found = self.pending().remove(id).filter(|(since, _)| now.since(*since) < PATIENCE);
        let gone = "this was decided already, or too long ago; open the link again";
        found.map(|(_, pending)| pending).ok_or_else(|| WalletRefusal::new(gone))
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<String, (UnixTime, Pending)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what was kept, and leaves it there.
    pub(super) fn peek<T>(&self, id: &str, look: impl FnOnce(&Pending) -> T) -> Option<T> {
        self.pending().get(id).map(|(_, pending)| look(pending))
    }

    pub(super) fn remember(&self, kind: &'static str, party: &str, what: impl Into<String>) {
        let entry = HistoryEntry { at: self.clock.now(), kind, party: party.to_owned(), what: what.into() };
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.insert(0, entry);
        history.truncate(MAX_HISTORY);
    }

    pub(super) fn remembered(&self) -> Vec<HistoryEntry> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Holder")
    }
}

/// How an entry looks.
#[must_use]
pub fn card(entry: &Entry) -> Card {
    let Some(held) = entry.next().map(|copy| &copy.held) else { return Card::default() };
    let look = display::display(held);
    let claims = display::lines(held, &held.claims);
    Card {
        id: entry.id.clone(),
        name: display::name(held),
        issuer: issuer_name(entry.issuer_name.as_deref(), held),
        holder: person(&held.claims),
        kind: format!("{} · {}", held.format, held.credential_type),
        background: look.background_color,
        text: look.text_color,
        claims: claims.into_iter().map(|line| Claim { label: line.label, value: line.value }).collect(),
        copies: entry.fresh(),
        expires: held.expires_at,
    }
}

/// Whose credential it is, where the claims have the usual names: at the top, within the subject of a W3C credential,
/// or in a namespace of an mdoc.
fn person(claims: &Map<String, Value>) -> Option<String> {
    let within = claims.values().filter_map(Value::as_object);
    std::iter::once(claims).chain(within).find_map(name_in)
}

fn name_in(claims: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let parts: Vec<&str> = match [text("given_name"), text("family_name")] {
        [None, None] => text("name").into_iter().collect(),
        names => names.into_iter().flatten().collect(),
    };
    (!parts.is_empty()).then(|| display::printable(&parts.join(" ")))
}

/// The issuer's name with its host: the name alone can be anybody's.
fn issuer_name(name: Option<&str>, held: &HeldCredential) -> String {
    let host = url::Url::parse(&held.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| held.issuer.clone());
    match name {
        Some(name) => format!("{} ({host})", display::printable(name)),
        None => host,
    }
}

/// The vault's trouble, for a person to read.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn vault_refusal(error: VaultError) -> WalletRefusal {
    WalletRefusal::new(error.to_string())
}
