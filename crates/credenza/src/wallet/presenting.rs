//! Requests: shown with exactly what would be disclosed, and answered.

#![expect(clippy::result_large_err, reason = "a refusal is what pages show; it is made once, for a person")]

use std::collections::HashSet;
use std::sync::Arc;

use credenza_core::ClaimsPath;
use credenza_crypto::Signer;
use credenza_server::demo_wallet::{
    Ask, Candidate, Choice, Claim, Consent, Party, Presented, Transaction, WalletRefusal,
};
use credenza_vp::Asked;
use credenza_vp::messages::TransactionData;
use credenza_vp::wallet::{
    AnswerError, Answered, Choice as Chosen, Fit, Holding, HowKnown, Opened, Part, Refusal, ResolveError, Who,
};

use super::credentials::{Copy, Entry};
use super::display::{lines, printable};
use super::holder::{Holder, Pending, card, vault_refusal};
use super::login::{self, Login};

/// A credential, made ready to be matched.
struct Ready {
    entry: Entry,
    copy: Copy,
    signer: Option<Arc<dyn Signer>>,
}

impl Holder {
    /// Opens a request, and shows who asks, how that is known, and what would be disclosed.
    ///
    /// # Errors
    /// What a person should read.
    pub async fn open_request(&self, link: &str) -> Result<Consent, WalletRefusal> {
        let opened = self.presenting.open(link).await.map_err(|error| resolve_refusal(&error))?;
        let (mut consent, pending) = match opened {
            Opened::Presentation(asked) => (self.consent(&asked)?, Pending::Request(asked)),
            Opened::SignIn(asked) => (login::consent(&asked), Pending::SignIn(asked)),
        };
        consent.id = self.new_id();
        self.keep_as(consent.id.clone(), pending);
        Ok(consent)
    }

    /// Answers a request that was shown.
    ///
    /// # Errors
    /// What a person should read. The request is used up, except when the choice did not fit it.
    pub async fn answer_request(&self, id: &str, choices: &[Choice]) -> Result<Presented, WalletRefusal> {
        let asked = match self.decide(id)? {
            Pending::Request(asked) => asked,
            Pending::SignIn(asked) => return self.log_in(*asked).await,
            other => {
                self.keep_as(id.to_owned(), other);
                return Err(WalletRefusal::new("this is an offer, not a request"));
            }
        };
        let verifier = party(asked.who());
        match self.answer_asked(asked, choices).await {
            Ok(answered) => Ok(Presented { verifier, redirect_uri: answered.redirect_uri.map(String::from) }),
            Err((asked, refusal)) => {
                if let Some(asked) = asked {
                    self.keep_as(id.to_owned(), Pending::Request(asked));
                }
                Err(refusal)
            }
        }
    }

    /// Answers a request. It comes back when the choice does not fit it.
    pub(super) async fn answer_asked(
        &self,
        asked: Box<Asked>,
        choices: &[Choice],
    ) -> Result<Answered, (Option<Box<Asked>>, WalletRefusal)> {
        let used_up = |refusal| (None, refusal);
        let (ready, holdings) = self.ready().map_err(used_up)?;
        let verifier = party(asked.who());
        let mut picked = Vec::with_capacity(choices.len());
        {
            let matches = asked.matches(&holdings);
            let parts = matches.parts();
            for choice in choices {
                match pick(&parts, &ready, choice) {
                    Some(fit) => picked.push((choice.ask.clone(), fit.holding, told(fit, choice.also))),
                    None => {
                        drop(parts);
                        drop(matches);
                        return Err((
                            Some(asked),
                            WalletRefusal::new("the choice does not answer the request"),
                        ));
                    }
                }
            }
        }
        let mut what = Vec::new();
        let mut chosen = Vec::with_capacity(picked.len());
        for (query_id, place, disclose) in &picked {
            let (Some(ready), Some(holding)) = (ready.get(*place), holdings.get(*place)) else { continue };
            // Noted before it is sent: a copy that may have been seen is not fresh any more.
            let held = &ready.copy.held;
            self.credentials
                .note_shown(held.key_thumbprint.as_deref(), &held.credential)
                .map_err(|error| used_up(vault_refusal(error)))?;
            let labels: Vec<String> =
                lines(held, &holding.preview(disclose)).into_iter().map(|line| line.label).collect();
            what.push(format!("{}: {}", card(&ready.entry).name, labels.join(", ")));
            chosen.push(Chosen {
                query_id,
                holding,
                disclose,
                signer: ready.signer.as_deref(),
                device_key: None,
            });
        }
        let login = match asked.id_token() {
            Some(wanted) => {
                let login = self.login(asked.who(), asked.response_host(), wanted).await;
                Some(login.map_err(used_up)?)
            }
            None => None,
        };
        let subject = login.as_ref().map(Login::subject);
        let answered = asked.answer_as(&self.presenting, &chosen, subject).await.map_err(|error| {
            let refusal = answer_refusal(&error);
            self.remember("refused", &verifier.name, refusal.code.clone().unwrap_or_default());
            used_up(refusal)
        })?;
        self.remember("presented", &verifier.name, what.join("; "));
        Ok(answered)
    }

    /// Says no.
    ///
    /// # Errors
    /// The other side could not be told.
    pub async fn decline_shown(&self, id: &str) -> Result<(), WalletRefusal> {
        let (name, told) = match self.decide(id)? {
            Pending::Request(asked) => (party(asked.who()).name, asked.decline(&self.presenting).await),
            Pending::SignIn(asked) => (party(asked.who()).name, asked.decline(&self.presenting).await),
            // Offers know no refusal before they are accepted: forgetting is all there is (OID4VCI 1.0 §4.1).
            Pending::Offer(..) | Pending::Again(..) | Pending::SigningIn(..) | Pending::Interacting(..) => {
                self.remember("declined", "", "an offer");
                return Ok(());
            }
        };
        told.map_err(|error| answer_refusal(&error))?;
        self.remember("declined", &name, "a request");
        Ok(())
    }

    /// Of each credential the copy that is to be shown next, without those that have expired.
    fn ready(&self) -> Result<(Vec<Ready>, Vec<Holding>), WalletRefusal> {
        let now = self.clock.now();
        let (mut all, mut holdings) = (Vec::new(), Vec::new());
        for entry in self.credentials.all().map_err(vault_refusal)? {
            let Some(copy) = entry.next().cloned() else { continue };
            if copy.held.expires_at.is_some_and(|end| end <= now) {
                continue;
            }
            let signer = match &copy.held.key_thumbprint {
                Some(thumbprint) => self.keys.find(thumbprint).map_err(vault_refusal)?,
                None => None,
            };
            // One that can't be read, or whose key is lost, can't be shown.
            let Ok(holding) = Holding::new(&copy.held) else { continue };
            if copy.held.key_thumbprint.is_some() && signer.is_none() {
                continue;
            }
            holdings.push(holding.with_contexts(self.contexts.clone()));
            all.push(Ready { entry, copy, signer });
        }
        Ok((all, holdings))
    }

    pub(super) fn consent(&self, asked: &Asked) -> Result<Consent, WalletRefusal> {
        let (ready, holdings) = self.ready()?;
        let matches = asked.matches(&holdings);
        let asks = matches.parts().into_iter().map(|part| Ask {
            id: part.id.to_owned(),
            required: part.required,
            candidates: part.fits.iter().filter_map(|fit| candidate(*fit, &ready, &holdings)).collect(),
        });
        Ok(Consent {
            id: String::new(),
            verifier: party(asked.who()),
            purpose: asked.query().purpose().map(printable),
            asks: asks.collect(),
            transactions: asked.transactions().iter().map(transaction).collect(),
            signs_in: asked.id_token().is_some(),
            answerable: matches.satisfiable(),
            missing: matches.unmet().iter().map(|unmet| printable(&unmet.to_string())).collect(),
            report: None,
        })
    }
}

/// What is disclosed: what has to be, and where the person says so what the verifier would like besides.
fn told(fit: Fit<'_>, also: bool) -> Vec<ClaimsPath> {
    let more = if also { fit.optional } else { &[] };
    fit.disclose.iter().chain(more).cloned().collect()
}

fn pick<'m>(parts: &[Part<'m>], ready: &[Ready], choice: &Choice) -> Option<Fit<'m>> {
    let place = ready.iter().position(|ready| ready.entry.id == choice.credential)?;
    let part = parts.iter().find(|part| part.id == choice.ask)?;
    part.fits.iter().find(|fit| fit.holding == place).copied()
}

/// Everything that a transaction says, but what is for machines.
fn transaction(data: &TransactionData) -> Transaction {
    let told = data.members().iter().filter(|(name, _)| !TransactionData::COMMON.contains(&name.as_str()));
    let details = told.map(|(name, value)| Claim {
        label: printable(name),
        value: printable(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    });
    Transaction {
        kind: printable(data.kind()),
        details: details.collect(),
        signed_by: data.credential_ids().to_vec(),
    }
}

fn candidate(fit: Fit<'_>, ready: &[Ready], holdings: &[Holding]) -> Option<Candidate> {
    let Ready { entry, copy, .. } = ready.get(fit.holding)?;
    let holding = holdings.get(fit.holding)?;
    let disclosed = lines(&copy.held, &holding.preview(fit.disclose));
    let told: HashSet<_> = disclosed.iter().map(|line| line.path.clone()).collect();
    let welcome = lines(&copy.held, &holding.preview(&self::told(fit, true)));
    let welcome = welcome.into_iter().filter(|line| !told.contains(&line.path));
    let withheld = lines(&copy.held, holding.claims().as_object()?)
        .into_iter()
        .filter(|line| !told.contains(&line.path));
    Some(Candidate {
        card: card(entry),
        discloses: disclosed.into_iter().map(|line| Claim { label: line.label, value: line.value }).collect(),
        withholds: withheld.map(|line| line.label).collect(),
        welcome: welcome.map(|line| Claim { label: line.label, value: line.value }).collect(),
    })
}

pub(super) fn party(who: &Who) -> Party {
    let (known_by, trusted) = match &who.how {
        HowKnown::Trusted(how) => (format!("the request is signed: {how}"), true),
        HowKnown::Untrusted(why) => {
            (format!("the request is signed, but nobody you trust vouches for the signer: {why}"), false)
        }
        HowKnown::Unsigned => {
            ("the request is not signed: known is only the address that the answer goes to".to_owned(), false)
        }
    };
    Party {
        name: printable(&who.name),
        identifier: printable(&who.client_id.to_string()),
        known_by: printable(&known_by),
        trusted,
    }
}

pub(super) fn resolve_refusal(error: &ResolveError) -> WalletRefusal {
    let code = match &error.refusal {
        Refusal::Link(_) => None,
        refusal => Some(refusal.code().to_owned()),
    };
    let report = (!error.report.checks.is_empty()).then(|| (*error.report).clone());
    WalletRefusal { code, report, ..WalletRefusal::new(printable(&error.to_string())) }
}

pub(super) fn answer_refusal(error: &AnswerError) -> WalletRefusal {
    let code = match error {
        AnswerError::Refused { code, .. } if !code.is_empty() => Some(printable(code)),
        _ => None,
    };
    WalletRefusal { code, ..WalletRefusal::new(printable(&error.to_string())) }
}

/// The default choice: for each credential that is required, the first that fits.
#[must_use]
pub fn default_choices(consent: &Consent) -> Vec<Choice> {
    let first = |ask: &Ask| {
        let credential = ask.candidates.first()?.card.id.clone();
        Some(Choice { ask: ask.id.clone(), credential, also: false })
    };
    consent.asks.iter().filter(|ask| ask.required).filter_map(first).collect()
}
