//! A whole world on one port of this machine: authority, issuer, verifier, pages, and a wallet behind them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use credenza::core::{AddressPolicy, Clock as _, Http, Sealer, Secret, SystemClock, SystemRandom, id};
use credenza::crypto::Signer;
use credenza::server::Service;
use credenza::server::service::Pages;
use credenza::server::users::ConfiguredUser;
use credenza::trust::{Anchor, X509Anchors};
use credenza::vci::issuer::status::StatusPolicy;
use credenza::vci::issuer::{Client, ClientAuthentication, CredentialConfiguration};
use tokio::net::TcpListener;
use url::Url;

use credenza::config::CREDENTIAL_TYPES;
use credenza::http::ReqwestHttp;
use credenza::keys::did_signer::DidSigner;
use credenza::keys::identity::Identity;
use credenza::service::revocation_list::{self, RevocationList};
use credenza::service::{Authorization, LookUp, Parts, Revocation, Webhooks};
use credenza::wallet::vault::MemoryVault;
use credenza::wallet::{CLIENT_ID, Holder, Options, Ports};

use super::{presets, sample};

/// The port, unless it is taken.
pub(crate) const PORT: u16 = 7777;

/// Of the password `demo`, which the page tells: the cheapest that there is.
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IGZvciBkZW1vcw$7kc6E0m9hTB+7EiUmwFZIb/eWnVA/MHGRyZpOhKQatI";

/// A demonstration that is ready to be served.
pub(crate) struct Demo {
    /// Where it is.
    pub(crate) url: Url,
    /// Its listener, bound.
    pub(crate) listener: TcpListener,
    /// What is served there: the service, and the revocation list that its certificates name.
    pub(crate) router: Router,
    /// What works beside the listener.
    pub(crate) service: Arc<Service>,
    /// The token of its admin plane.
    pub(crate) admin_token: Secret,
    /// The root certificates of its authorities, of which the second is the one for mobile documents: DER.
    pub(crate) roots: Vec<Vec<u8>>,
}

/// Makes the world. Its database is in `folder`; everything else is in memory.
///
/// # Errors
/// The port is taken, or the database can't be made.
pub(crate) async fn prepare(port: Option<u16>, folder: &Path) -> anyhow::Result<Demo> {
    let listener = bind(port).await?;
    let url: Url = format!("http://127.0.0.1:{}", listener.local_addr()?.port()).parse()?;
    let now = SystemClock.now();
    let identity = Identity::generate("Credenza Demo", &url, now, &SystemRandom)?;
    let roots = vec![identity.authority.certificate().to_vec(), identity.iaca.certificate().to_vec()];
    let revoked = RevocationList::Bytes(revocation_list::empty(&identity.iaca, now)?);
    let issuer_key: Arc<dyn Signer> = Arc::new(identity.issuer);
    let did = DidSigner::new(Arc::clone(&issuer_key))?.did().clone();
    let database = folder.join("demo.db");
    let stores = credenza::store::open(
        &format!("sqlite:{}?durability=process", database.display()),
        Arc::new(SystemClock),
    )
    .await?;
    let http: Arc<dyn Http> = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
    let wallet = Arc::new(wallet(http, &roots)?);
    let credential_types = CREDENTIAL_TYPES
        .iter()
        .map(|(_, text)| serde_json::from_str(text))
        .collect::<Result<Vec<CredentialConfiguration>, _>>()?;
    let admin_token = Secret::new(id::unguessable(&SystemRandom));
    let parts = Parts {
        pages: Pages::Open,
        authorization: Some(authorization(&url)),
        presets: presets::all()?,
        document_signer: Some(Arc::new(identity.document_signer)),
        trusted_dids: vec![did],
        webhooks: Some(Webhooks { records: Arc::clone(&stores.records), internal_hosts: Vec::new() }),
        revocation: Some(Revocation { records: stores.records, policy: StatusPolicy::default() }),
        look_up: LookUp::uncached(),
        ..Parts::new(
            url.clone(),
            ("Credenza Demo Issuer".to_owned(), issuer_key, credential_types),
            (Arc::new(identity.verifier), roots.clone()),
            stores.sessions,
            Sealer::fresh(&SystemRandom),
        )
    };
    let mut service = parts.assemble()?.service.admin_token(admin_token.clone()).demo_wallet(wallet);
    for (configuration, claims) in sample::all() {
        service = service.sample(configuration, claims);
    }
    let service = service.build()?;
    let router = revocation_list::publish(service.router(), &url, revoked);
    Ok(Demo { url, listener, router, service, admin_token, roots })
}

/// Erika can sign in; the wallets of the pages and of the terminal are known.
fn authorization(url: &Url) -> Authorization {
    let page = format!("{}wallet/signed-in", url.as_str());
    let client = Client {
        id: CLIENT_ID.to_owned(),
        name: Some("Credenza Wallet".to_owned()),
        redirect_uris: vec![page, "http://127.0.0.1/callback".to_owned()],
        authentication: ClientAuthentication::None,
    };
    let erika = ConfiguredUser {
        name: "erika".to_owned(),
        display: "Erika Mustermann".to_owned(),
        password_hash: PASSWORD_HASH.to_owned(),
        claims: sample::all().into_iter().map(|(name, claims)| (name.to_owned(), claims)).collect(),
    };
    Authorization { clients: vec![client], users: vec![erika], ..Authorization::default() }
}

/// A wallet in memory that knows the demo's verifier by its root.
pub(crate) fn wallet(http: Arc<dyn Http>, roots: &[Vec<u8>]) -> anyhow::Result<Holder> {
    let anchor = |root: &Vec<u8>| Anchor { verifiers: true, ..Anchor::for_issuers(root.clone()) };
    let anchors: Vec<Anchor> = roots.iter().map(anchor).collect();
    let ports = Ports {
        http,
        vault: Arc::new(MemoryVault::default()),
        trust: Arc::new(X509Anchors::new(&anchors)?),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    Ok(Holder::new(ports, Options { addresses: AddressPolicy::Loopback, copies: 3, ..Options::default() }))
}

/// The port that was asked for, or the usual one, or any.
async fn bind(port: Option<u16>) -> std::io::Result<TcpListener> {
    let at = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    match port {
        Some(port) => at(port).await,
        None => match at(PORT).await {
            Ok(listener) => Ok(listener),
            Err(_) => at(0).await,
        },
    }
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Demo({})", self.url)
    }
}
