//! What the templates show: plain values, made from what the engines say.

use credenza_core::{Event, Report, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::demo_wallet::{
    Ask, Candidate, Card, Claim, Consent, HistoryEntry, OfferPreview, Party, Transaction, TxCodePrompt,
};

/// What every page has around it.
#[derive(Serialize)]
pub(crate) struct Layout<'a> {
    /// Path of the service, without a slash at the end.
    pub(crate) base: &'a str,
    /// Where the pages are seen from outside.
    pub(crate) host: &'a str,
    pub(crate) nav: Vec<&'static NavItem>,
    /// The path of the navigation's item that this page belongs to.
    pub(crate) here: &'static str,
    pub(crate) demo: bool,
    pub(crate) signed_in: bool,
    pub(crate) csrf: String,
}

/// An item of the navigation, and a tile of the first page.
#[derive(Serialize)]
pub(crate) struct NavItem {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) text: &'static str,
}

/// The four parts, in the order of a credential's life.
pub(crate) const PARTS: [NavItem; 4] = [
    NavItem {
        path: "/issue",
        name: "Issue",
        icon: "issue",
        text: "Fill in a credential and offer it to a wallet by QR code or link.",
    },
    NavItem {
        path: "/verify",
        name: "Verify",
        icon: "verify",
        text: "Ask for exactly what you need to know, and see every check of the answer.",
    },
    NavItem {
        path: "/wallet",
        name: "Wallet",
        icon: "wallet",
        text: "A demo wallet that accepts offers and asks before it shares anything.",
    },
    NavItem {
        path: "/inspect",
        name: "Inspect",
        icon: "inspect",
        text: "Paste an offer, a token, a credential or a certificate, and see what is in it.",
    },
];

/// A credential's face. Colours are checked: they end up in attributes of an SVG.
#[derive(Serialize, Default)]
pub(crate) struct Face {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) kind: String,
    pub(crate) background: String,
    pub(crate) text: String,
    pub(crate) holder: Option<String>,
    pub(crate) footer: String,
    pub(crate) claims: Vec<Claim>,
    pub(crate) copies: usize,
    pub(crate) expires: Option<String>,
}

/// For issuers that name no colour: one of these, always the same for the same name.
const COLOURS: [&str; 6] = ["#0b5d4e", "#1f3a6e", "#5b2a5e", "#7a3b1d", "#2c4a52", "#4a4470"];

impl From<Card> for Face {
    fn from(card: Card) -> Self {
        let background = card.background.filter(|colour| is_colour(colour)).unwrap_or_else(|| {
            let sum = card.name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
            COLOURS.get(sum % COLOURS.len()).copied().unwrap_or("#0b5d4e").to_owned()
        });
        let text = card.text.filter(|colour| is_colour(colour)).unwrap_or_else(|| readable_on(&background));
        Self {
            id: card.id,
            name: card.name,
            issuer: card.issuer,
            footer: card.kind.clone(),
            kind: card.kind,
            background,
            text,
            holder: card.holder,
            claims: card.claims,
            copies: card.copies,
            expires: card.expires.map(UnixTime::to_rfc3339),
        }
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// White or near-black, whichever stands out.
fn readable_on(background: &str) -> String {
    let part = |at: usize| {
        background.get(at..at + 2).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or_default()
    };
    let brightness = (part(1) * 299 + part(3) * 587 + part(5) * 114) / 1000;
    if brightness > 150 { "#16191d" } else { "#ffffff" }.to_owned()
}

/// How far a step of a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StepState {
    Done,
    Now,
    Todo,
    Failed,
}

/// A step of a session.
#[derive(Serialize)]
pub(crate) struct Step {
    pub(crate) label: &'static str,
    pub(crate) state: StepState,
    pub(crate) at: Option<String>,
    pub(crate) note: Option<String>,
}

/// The steps of a session: each with the event that takes it, as far as the events go.
pub(crate) fn steps(way: &[(&'static str, &str)], events: &[Event], lost: bool) -> Vec<Step> {
    let taken = |kind: &str| events.iter().find(|event| event.kind == kind);
    let reached = way.iter().rposition(|(_, kind)| taken(kind).is_some()).map_or(0, |last| last + 1);
    let why = events.last().and_then(|event| event.reason.clone());
    let step = |(number, (label, kind)): (usize, &(&'static str, &str))| {
        let state = match number {
            number if number < reached => StepState::Done,
            number if number == reached && lost => StepState::Failed,
            number if number == reached => StepState::Now,
            _ => StepState::Todo,
        };
        let note = (state == StepState::Failed).then(|| why.clone()).flatten();
        Step { label, state, at: taken(kind).map(|event| event.at.to_rfc3339()), note }
    };
    way.iter().enumerate().map(step).collect()
}

/// Markup of our own making: the one thing that templates do not escape.
pub(crate) struct Markup(pub(crate) String);

impl Serialize for Markup {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        minijinja::Value::from_safe_string(self.0.clone()).serialize(out)
    }
}

/// A report, counted: made from the report itself or from its JSON.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReportView {
    #[serde(default)]
    subject: String,
    /// Whether nothing failed here; the parts speak for themselves.
    #[serde(skip_deserializing)]
    ok: bool,
    #[serde(skip_deserializing)]
    passed: usize,
    #[serde(skip_deserializing)]
    total: usize,
    #[serde(default)]
    checks: Vec<CheckView>,
    #[serde(default)]
    parts: Vec<ReportView>,
}

#[derive(Serialize, Deserialize)]
struct CheckView {
    id: String,
    section: String,
    meaning: String,
    outcome: String,
    #[serde(default)]
    evidence: Option<String>,
}

impl From<Value> for ReportView {
    fn from(report: Value) -> Self {
        let empty =
            Self { subject: String::new(), ok: false, passed: 0, total: 0, checks: vec![], parts: vec![] };
        serde_json::from_value(report).unwrap_or(empty).counted()
    }
}

impl From<&Report> for ReportView {
    fn from(report: &Report) -> Self {
        Self::from(serde_json::to_value(report).unwrap_or_default())
    }
}

impl ReportView {
    fn counted(mut self) -> Self {
        let count = |outcome: &str| self.checks.iter().filter(|check| check.outcome == outcome).count();
        self.ok = count("failed") == 0;
        self.passed = count("passed");
        self.total = self.checks.len() - count("skipped");
        self.parts = self.parts.into_iter().map(Self::counted).collect();
        self
    }

    /// What the first check that failed makes sure of.
    pub(crate) fn first_failure(&self) -> Option<&str> {
        let here = self.checks.iter().find(|check| check.outcome == "failed");
        here.map(|check| check.meaning.as_str()).or_else(|| self.parts.iter().find_map(Self::first_failure))
    }
}

/// An offer as the wallet shows it.
#[derive(Serialize)]
pub(crate) struct OfferPreviewView {
    id: String,
    issuer: Party,
    credentials: Vec<Face>,
    tx_code: Option<TxCodePrompt>,
    sign_in: bool,
}

impl From<OfferPreview> for OfferPreviewView {
    fn from(offer: OfferPreview) -> Self {
        let OfferPreview { id, issuer, credentials, tx_code, sign_in } = offer;
        let credentials = credentials.into_iter().map(Face::from).collect();
        Self { id, issuer, credentials, tx_code, sign_in }
    }
}

/// A request as the wallet shows it.
#[derive(Serialize)]
pub(crate) struct ConsentView {
    id: String,
    verifier: Party,
    purpose: Option<String>,
    asks: Vec<AskView>,
    transactions: Vec<Transaction>,
    signs_in: bool,
    answerable: bool,
    missing: Vec<String>,
    report: Option<ReportView>,
}

#[derive(Serialize)]
struct AskView {
    id: String,
    required: bool,
    candidates: Vec<CandidateView>,
}

#[derive(Serialize)]
struct CandidateView {
    card: Face,
    discloses: Vec<Claim>,
    withholds: Vec<String>,
}

impl From<Consent> for ConsentView {
    fn from(consent: Consent) -> Self {
        let candidate = |Candidate { card, discloses, withholds, .. }: Candidate| CandidateView {
            card: card.into(),
            discloses,
            withholds,
        };
        let ask = |Ask { id, required, candidates }: Ask| AskView {
            id,
            required,
            candidates: candidates.into_iter().map(candidate).collect(),
        };
        let Consent { id, verifier, purpose, asks, transactions, signs_in, answerable, missing, report } =
            consent;
        Self {
            id,
            verifier,
            purpose,
            asks: asks.into_iter().map(ask).collect(),
            transactions,
            signs_in,
            answerable,
            missing,
            report: report.as_ref().map(ReportView::from),
        }
    }
}

/// Something that happened in the wallet.
#[derive(Serialize)]
pub(crate) struct HistoryView {
    at: String,
    kind: &'static str,
    tone: &'static str,
    party: String,
    what: String,
}

impl From<HistoryEntry> for HistoryView {
    fn from(entry: HistoryEntry) -> Self {
        let tone = match entry.kind {
            "received" | "presented" => "good",
            "refused" => "bad",
            _ => "",
        };
        let HistoryEntry { at, kind, party, what } = entry;
        Self { at: at.to_rfc3339(), kind, tone, party, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c25_colours_of_strangers_are_colours_or_ours() {
        for bad in ["red", "#fff", "#12345g", "url(x)", "\"/><script>", "#1234567"] {
            let face =
                Face::from(Card { background: Some(bad.into()), text: Some(bad.into()), ..Card::default() });
            assert!(COLOURS.contains(&face.background.as_str()), "{bad}");
            assert_eq!(face.text, "#ffffff");
        }
        let face = Face::from(Card { background: Some("#FFEEDD".into()), ..Card::default() });
        assert_eq!((face.background.as_str(), face.text.as_str()), ("#FFEEDD", "#16191d"));
    }
}
