//! Answering with nobody there: for tests and certification, never for somebody's real credentials.

use credenza_server::demo_wallet::WalletRefusal;
use credenza_vp::Asked;
use credenza_vp::dc_api::Call;
use credenza_vp::wallet::{Answered, Opened, ResolveError, SignIn};

use super::default_choices;
use super::holder::Holder;
use super::presenting::{answer_refusal, party, resolve_refusal};

const UNKNOWN: &str = "nobody you trust vouches for this verifier";

/// What to do about verifiers that nobody vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Say no.
    Refuse,
    /// Answer them too.
    Answer,
}

/// What came of a request that was answered with nobody there.
#[derive(Debug)]
pub struct Unattended {
    /// Why nothing was presented; `None`: everything was.
    pub refusal: Option<WalletRefusal>,
    /// Where the browser has to go.
    pub redirect_uri: Option<String>,
    /// What the website gets, for a request through the Digital Credentials API.
    pub dc_api: Option<Call>,
}

impl Unattended {
    fn new(refusal: Option<WalletRefusal>, answered: Option<Answered>) -> Self {
        let Answered { redirect_uri, dc_api, .. } = answered.unwrap_or_default();
        Self { refusal, redirect_uri: redirect_uri.map(String::from), dc_api }
    }
}

impl Holder {
    /// Opens a link and answers it at once, with the default choice. A verifier whose request is refused, or can't be
    /// met, is told so where that is allowed.
    pub async fn answer_link(&self, link: &str, unknown: Unknown) -> Unattended {
        match self.presenting.open(link).await {
            Ok(Opened::Presentation(asked)) => self.answer_at_once(asked, unknown).await,
            Ok(Opened::SignIn(asked)) => self.log_in_unattended(*asked, unknown).await,
            Err(error) => self.tell(error).await,
        }
    }

    /// Answers a request through the Digital Credentials API at once: what a website of this origin has given to
    /// `navigator.credentials.get`.
    pub async fn answer_dc_api(&self, origin: &str, request: &[u8], unknown: Unknown) -> Unattended {
        match self.presenting.resolve_dc_api(origin, request).await {
            Ok(asked) => self.answer_at_once(Box::new(asked), unknown).await,
            Err(error) => self.tell(error).await,
        }
    }

    async fn tell(&self, error: ResolveError) -> Unattended {
        let refusal = resolve_refusal(&error);
        // That a verifier can't be told changes nothing about the refusal.
        let told = self.presenting.tell(error).await.and_then(Result::ok);
        Unattended::new(Some(refusal), told)
    }

    async fn answer_at_once(&self, asked: Box<Asked>, unknown: Unknown) -> Unattended {
        let consent = match self.consent(&asked) {
            Ok(consent) => consent,
            Err(refusal) => return Unattended::new(Some(refusal), None),
        };
        let refusal = if !consent.answerable {
            Some(WalletRefusal::new(consent.missing.join("; ")))
        } else if !consent.verifier.trusted && unknown == Unknown::Refuse {
            Some(WalletRefusal::new(UNKNOWN))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return self.declined(asked, refusal).await;
        }
        match self.answer_asked(asked, &default_choices(&consent)).await {
            Ok(answered) => Unattended::new(None, Some(answered)),
            Err((Some(asked), refusal)) => self.declined(asked, refusal).await,
            Err((None, refusal)) => Unattended::new(Some(refusal), None),
        }
    }

    async fn log_in_unattended(&self, asked: SignIn, unknown: Unknown) -> Unattended {
        if !party(asked.who()).trusted && unknown == Unknown::Refuse {
            let refusal = Some(WalletRefusal::new(UNKNOWN));
            return match asked.decline(&self.presenting).await {
                Ok(answered) => Unattended::new(refusal, Some(answered)),
                Err(error) => Unattended::new(Some(answer_refusal(&error)), None),
            };
        }
        match self.log_in_at_once(asked).await {
            Ok(answered) => Unattended::new(None, Some(answered)),
            Err(refusal) => Unattended::new(Some(refusal), None),
        }
    }

    async fn declined(&self, asked: Box<Asked>, refusal: WalletRefusal) -> Unattended {
        match asked.decline(&self.presenting).await {
            Ok(answered) => Unattended::new(Some(refusal), Some(answered)),
            Err(error) => Unattended::new(Some(answer_refusal(&error)), None),
        }
    }
}
