//! Sending: presentations, a refusal, or an error.

use credenza_core::ClaimsPath;
use credenza_crypto::Signer;
use url::Url;

use super::encrypt::Encryption;
use super::{AnswerError, Asked, Holding, ResolveError, Wallet};

/// Where and how the verifier is answered.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) response_uri: Url,
    pub(super) state: Option<String>,
    pub(super) encryption: Option<Encryption>,
}

/// One presentation that the person has agreed to.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    /// The id of the credential query that it answers.
    pub query_id: &'a str,
    /// The credential.
    pub holding: &'a Holding<'a>,
    /// What is disclosed: from [`super::Proposal`] or a [`Match`](credenza_query::dcql::Match).
    pub disclose: &'a [ClaimsPath],
    /// The holder's key, when the query requires it.
    pub signer: Option<&'a dyn Signer>,
}

/// The verifier has taken the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Where the person's browser has to go now, when the verifier wants that.
    pub redirect_uri: Option<Url>,
}

impl Asked {
    /// Answers with these presentations. The request is used up by it, whatever comes of it.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn answer(self, wallet: &Wallet, choices: &[Choice<'_>]) -> Result<Answered, AnswerError> {
        let _ = (wallet, choices, &self.nonce);
        Err(AnswerError::Malformed)
    }

    /// Says no (`access_denied`): because the person does not want to, or because there is nothing to answer with;
    /// the verifier does not learn which.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn decline(self, wallet: &Wallet) -> Result<Answered, AnswerError> {
        let _ = (wallet, &self.reply.state);
        Err(AnswerError::Malformed)
    }
}

impl Wallet {
    /// Tells the verifier why its request was refused, when it is known for sure who that is; `None` when not. Ask the
    /// person first: a verifier learns from it that there is a wallet.
    pub async fn tell(&self, error: ResolveError) -> Option<Result<Answered, AnswerError>> {
        let _ = error;
        None
    }
}
