//! Answering: from what the person has agreed to, to presentations.

use credenza_core::{ClaimsPath, UnixTime};
use credenza_crypto::Signer;
use credenza_formats::sd_jwt::Binding;

use super::holding::Credential;
use super::{AnswerError, Answered, Asked, Holding, Wallet, select, transaction};
use crate::messages::{Presentation, VpToken};

/// One presentation that the person has agreed to.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    /// The id of the credential query that it answers.
    pub query_id: &'a str,
    /// The credential.
    pub holding: &'a Holding,
    /// What is disclosed: from [`super::Proposal`] or a [`Match`](credenza_query::dcql::Match).
    pub disclose: &'a [ClaimsPath],
    /// The holder's key, when the query requires it.
    pub signer: Option<&'a dyn Signer>,
}

impl Asked {
    /// Answers with these presentations. The request is used up by it, whatever comes of it.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn answer(self, wallet: &Wallet, choices: &[Choice<'_>]) -> Result<Answered, AnswerError> {
        let now = wallet.clock.now();
        if self.expires.is_some_and(|expires| now >= expires) {
            return Err(AnswerError::Expired);
        }
        select::check(&self.query, choices)?;
        transaction::check_choices(&self.transactions, choices)?;
        let mut token = VpToken::new();
        for choice in choices {
            let bound = self
                .query
                .credential(choice.query_id)
                .is_none_or(|query| query.require_cryptographic_holder_binding);
            let presentation = self.present(choice, choices, bound, now).await?;
            token.add(choice.query_id, Presentation::Text(presentation));
        }
        wallet.send(self.reply, Ok(token)).await
    }

    async fn present(
        &self,
        choice: &Choice<'_>,
        choices: &[Choice<'_>],
        bound: bool,
        now: UnixTime,
    ) -> Result<String, AnswerError> {
        let Credential::SdJwt(held) = &choice.holding.credential;
        let presentation = held.present(choice.disclose);
        if !bound {
            return Ok(presentation.into_string());
        }
        let signer = choice.signer.ok_or_else(|| AnswerError::Sign("there is none".to_owned()))?;
        let binding = Binding {
            nonce: &self.nonce,
            audience: &self.audience,
            issued_at: now,
            more: transaction::authorised(&self.transactions, choice, choices)?,
        };
        presentation.bind(signer, &binding).await.map_err(|error| AnswerError::Sign(error.to_string()))
    }
}
