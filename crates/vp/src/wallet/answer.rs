//! Answering: from what the person has agreed to, to presentations.

use credenza_core::ClaimsPath;
use credenza_crypto::{Decrypter, Signer};
use credenza_query::dcql::Format;

use super::{AnswerError, Answered, Asked, Holding, Wallet, select, transaction};
use crate::Profile;
use crate::dialects::Descriptor;
use crate::messages::{IdToken, VpToken};
use crate::siop::Subject;

/// One presentation that the person has agreed to.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    /// The id of the credential query that it answers.
    pub query_id: &'a str,
    /// The credential.
    pub holding: &'a Holding,
    /// What is disclosed: from [`super::Proposal`] or a [`Match`](credenza_query::dcql::Match).
    pub disclose: &'a [ClaimsPath],
    /// The holder's key, when the query requires it; for an mdoc always.
    pub signer: Option<&'a dyn Signer>,
    /// The holder's key once more, when it can agree on secrets: an mdoc is authenticated with it by a MAC, where the
    /// verifier wants that.
    pub device_key: Option<&'a dyn Decrypter>,
}

impl Asked {
    /// Answers with these presentations. The request is used up by it, whatever comes of it.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn answer(self, wallet: &Wallet, choices: &[Choice<'_>]) -> Result<Answered, AnswerError> {
        self.answer_as(wallet, choices, None).await
    }

    /// Answers with these presentations, and with an ID token of this subject where the request wants one
    /// ([`Self::id_token`]).
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn answer_as(
        mut self,
        wallet: &Wallet,
        choices: &[Choice<'_>],
        subject: Option<Subject<'_>>,
    ) -> Result<Answered, AnswerError> {
        let now = wallet.clock.now();
        if self.expires.is_some_and(|expires| now >= expires) {
            return Err(AnswerError::Expired);
        }
        select::check(&self.query, self.vp_formats.as_ref(), choices)?;
        transaction::check_choices(&self.transactions, choices)?;
        let mut token = VpToken::new();
        for choice in choices {
            // HAIP 1.0 §6.1.1.1: whoever holds a bound credential shows that, asked for or not.
            let kind = choice.holding.is_bound() && *choice.holding.format() == Format::SdJwtVc;
            let always = kind && wallet.config.profile == Profile::Haip;
            let bound = always || self.query.binds(choice.query_id).unwrap_or(true);
            let authorises = transaction::authorised(&self.transactions, choice, choices)?;
            token.add(choice.query_id, self.present(choice, bound, authorises, now).await?);
        }
        if let Some(definition) = self.reply.spoken.as_mut().and_then(|spoken| spoken.definition.as_mut()) {
            definition.descriptors = choices.iter().map(descriptor).collect();
        }
        let id_token = match (&self.id_token, subject) {
            (None, None) => None,
            (Some(wanted), Some(subject)) => Some(IdToken(wanted.id_token(subject, now).await?)),
            _ => return Err(AnswerError::NoSubject),
        };
        wallet.send_with(self.reply, Ok(token), id_token).await
    }
}

/// Which input descriptor was answered, and by what: for the submission.
fn descriptor(choice: &Choice<'_>) -> Descriptor {
    Descriptor {
        query_id: choice.query_id.to_owned(),
        id: choice.query_id.to_owned(),
        format: choice.holding.format().as_str().to_owned(),
    }
}
