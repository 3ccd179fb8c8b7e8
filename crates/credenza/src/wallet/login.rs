//! Signing in with a key of one's own (SIOPv2): for each party another key, kept in the vault, so that the holder is
//! the same person there each time, and nobody elsewhere can tell.

use std::sync::Arc;

use credenza_core::{Secret, b64};
use credenza_crypto::{HashAlgorithm, Signer};
use credenza_server::demo_wallet::{Consent, Presented, WalletRefusal};
use credenza_vci::wallet::HolderKeys as _;
use credenza_vp::siop::{Subject, SubjectSyntax, Wanted};
use credenza_vp::wallet::{Answered, HowKnown, SignIn, Who};

use super::holder::{Holder, vault_refusal};
use super::presenting::{answer_refusal, party};

const PREFIX: &str = "login-";

/// Who the holder is for one party.
pub(super) struct Login {
    signer: Arc<dyn Signer>,
    syntax: SubjectSyntax,
}

impl Login {
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { signer: &*self.signer, syntax: &self.syntax }
    }
}

impl Holder {
    /// The key for this party: the one that it knows already, or a new one.
    pub(super) async fn login(&self, who: &Who, host: &str, wanted: &Wanted) -> Result<Login, WalletRefusal> {
        let unable = || WalletRefusal::new("this wallet can't sign in as it was asked to");
        let syntax = wanted.syntaxes().first().cloned().ok_or_else(unable)?;
        // An unsigned request may come from anybody; whom the answer reaches is known.
        let whom = match who.how {
            HowKnown::Unsigned => format!("host:{host}"),
            HowKnown::Trusted(_) | HowKnown::Untrusted(_) => who.client_id.to_string(),
        };
        let name = format!("{PREFIX}{}", b64::encode(HashAlgorithm::Sha256.hash(whom.as_bytes())));
        let known = self.keys.vault().read(&name).map_err(vault_refusal)?;
        let known = match known {
            Some(thumbprint) => self.keys.find(thumbprint.expose()).map_err(vault_refusal)?,
            None => None,
        };
        if let Some(signer) = known.filter(|signer| wanted.algorithms().contains(&signer.algorithm())) {
            return Ok(Login { signer, syntax });
        }
        let signer = self.keys.generate(wanted.algorithms()).await.map_err(|_| unable())?;
        let thumbprint = Secret::new(signer.public_jwk().thumbprint_text());
        self.keys.vault().write(&name, &thumbprint).map_err(vault_refusal)?;
        Ok(Login { signer, syntax })
    }

    /// Signs in where nothing else is asked for.
    pub(super) async fn log_in(&self, asked: SignIn) -> Result<Presented, WalletRefusal> {
        let verifier = party(asked.who());
        let answered = self.log_in_at_once(asked).await?;
        Ok(Presented { verifier, redirect_uri: answered.redirect_uri.map(String::from) })
    }

    pub(super) async fn log_in_at_once(&self, asked: SignIn) -> Result<Answered, WalletRefusal> {
        let name = party(asked.who()).name;
        let login = self.login(asked.who(), asked.response_host(), asked.wanted()).await?;
        let answered = asked.answer(&self.presenting, login.subject()).await;
        let answered = answered.map_err(|error| {
            let refusal = answer_refusal(&error);
            self.remember("refused", &name, refusal.code.clone().unwrap_or_default());
            refusal
        })?;
        self.remember("presented", &name, "signed in with a key of its own");
        Ok(answered)
    }
}

/// What the person reads before signing in.
pub(super) fn consent(asked: &SignIn) -> Consent {
    Consent { verifier: party(asked.who()), signs_in: true, answerable: true, ..Consent::default() }
}
