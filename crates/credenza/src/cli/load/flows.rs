//! What a virtual wallet does: it gets a credential, or presents one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use credenza::core::{AddressPolicy, Http, SystemClock, SystemRandom};
use credenza::http::Outgoing;
use credenza::server::demo_wallet::WalletRefusal;
use credenza::trust::Nobody;
use credenza::wallet::vault::MemoryVault;
use credenza::wallet::{Holder, Options, Ports, default_choices};
use serde_json::{Value, json};

use super::api::Api;
use super::report::{Kind, Step};

/// What all wallets have in common.
pub(super) struct Shared {
    pub(super) api: Api,
    pub(super) outgoing: Outgoing,
    pub(super) addresses: AddressPolicy,
    /// The body of `POST /offers`.
    pub(super) offer: Value,
    /// The body of `POST /presentations`.
    pub(super) request: Value,
}

/// Why a flow ended early, and where.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) step: Step,
    /// The check, the wire code, the problem's type, or a sentence.
    pub(super) what: String,
}

/// How long each step took that was done.
pub(super) type Times = Vec<(Step, Duration)>;

/// A wallet with its own connections.
pub(super) struct Wallet {
    shared: Arc<Shared>,
    http: Arc<dyn Http>,
    /// Has a credential, to present.
    holder: Option<Holder>,
}

impl Wallet {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let http = Arc::new(shared.outgoing.client(shared.addresses));
        Self { shared, http, holder: None }
    }

    /// Gets the credential that will be presented.
    pub(super) async fn prepare(&mut self) -> Result<(), Failure> {
        let holder = self.empty();
        self.issue(&holder, &mut Times::new()).await?;
        self.holder = Some(holder);
        Ok(())
    }

    pub(super) async fn flow(&self, kind: Kind, times: &mut Times) -> Result<(), Failure> {
        match (kind, &self.holder) {
            (Kind::Present, Some(holder)) => self.present(holder, times).await,
            // Each time a wallet of its own, so that it does not slow down with what it holds.
            _ => self.issue(&self.empty(), times).await,
        }
    }

    fn empty(&self) -> Holder {
        let ports = Ports {
            http: Arc::clone(&self.http),
            vault: Arc::new(MemoryVault::default()),
            trust: Arc::new(Nobody),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        };
        Holder::new(ports, Options { addresses: self.shared.addresses, ..Options::default() })
    }

    async fn issue(&self, holder: &Holder, times: &mut Times) -> Result<(), Failure> {
        let Shared { api, offer, .. } = &*self.shared;
        let made = timed(Step::Offer, times, api.post("/offers", offer)).await?;
        let link = text(Step::Offer, &made, "uri")?;
        let opening = async { holder.open_offer(link).await.map_err(|refusal| why(&refusal)) };
        let shown = timed(Step::OpenOffer, times, opening).await?;
        let accepting = async { holder.accept_offer(&shown.id, None).await.map_err(|refusal| why(&refusal)) };
        timed(Step::Accept, times, accepting).await?;
        Ok(())
    }

    async fn present(&self, holder: &Holder, times: &mut Times) -> Result<(), Failure> {
        let Shared { api, request, .. } = &*self.shared;
        let made = timed(Step::Ask, times, api.post("/presentations", request)).await?;
        let (link, id) = (text(Step::Ask, &made, "uri")?, text(Step::Ask, &made, "id")?);
        let opening = async { holder.open_request(link).await.map_err(|refusal| why(&refusal)) };
        let shown = timed(Step::OpenRequest, times, opening).await?;
        let choices = default_choices(&shown);
        let answering = async {
            match holder.answer_request(&shown.id, &choices).await {
                Ok(_) => Ok(()),
                // The verifier knows the check.
                Err(refusal) => Err(self.refused(id).await.unwrap_or_else(|| why(&refusal))),
            }
        };
        timed(Step::Answer, times, answering).await?;
        let path = format!("/presentations/{id}/result");
        let result = timed(Step::Result, times, api.post(&path, &json!({}))).await?;
        if result.pointer("/report/ok") == Some(&Value::Bool(true)) {
            return Ok(());
        }
        let what = self.refused(id).await.unwrap_or_else(|| "the verifier has not accepted it".to_owned());
        Err(Failure { step: Step::Result, what })
    }

    /// The check by which the verifier has refused.
    async fn refused(&self, id: &str) -> Option<String> {
        let session = self.shared.api.get(&format!("/presentations/{id}")).await.ok()?;
        session.get("refusal").and_then(Value::as_str).map(str::to_owned)
    }
}

async fn timed<T>(
    step: Step,
    times: &mut Times,
    doing: impl Future<Output = Result<T, String>>,
) -> Result<T, Failure> {
    let start = Instant::now();
    let done = doing.await.map_err(|what| Failure { step, what })?;
    times.push((step, start.elapsed()));
    Ok(done)
}

fn why(refusal: &WalletRefusal) -> String {
    refusal.code.clone().filter(|code| !code.is_empty()).unwrap_or_else(|| refusal.message.clone())
}

fn text<'v>(step: Step, value: &'v Value, name: &str) -> Result<&'v str, Failure> {
    let found = value.get(name).and_then(Value::as_str);
    found.ok_or_else(|| Failure { step, what: format!("the API has not answered with {name}") })
}
