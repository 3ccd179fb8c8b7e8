//! `credenza wallet present`.

use credenza::server::demo_wallet::{Choice, Consent, WalletRefusal};
use credenza::wallet::default_choices;

use super::{Home, confirm, consent, declined, refused, without_interruption};
use crate::cli::{Usage, Verdict, output, thing};

/// Answer a request for a presentation: shows who asks and what would be disclosed.
///
/// Where several credentials fit, it asks which; --choose says it beforehand, and with --yes the first is taken.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// openid4vp://…
    request: String,
    /// Do not ask. A verifier that nobody vouches for is refused all the same, see --allow-unknown.
    #[arg(long)]
    yes: bool,
    /// With --yes: also answer a verifier that is not vouched for by a certificate you trust (`wallet trust add`).
    #[arg(long, requires = "yes")]
    allow_unknown: bool,
    /// Which credential answers which part of the request, when several fit: QUERY=ID. May be repeated.
    #[arg(long, value_name = "QUERY=ID")]
    choose: Vec<String>,
    /// For this part of the request, disclose what the verifier would like and can do without, too. May be repeated.
    #[arg(long, value_name = "QUERY")]
    also: Vec<String>,
    /// Say no to the verifier instead.
    #[arg(long, conflicts_with_all = ["yes", "choose", "also"])]
    decline: bool,
}

pub(super) async fn run(home: &Home, how: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let chosen = choices(&how.choose)?;
    let holder = home.open(thing::policy_for(&how.request), 1)?;
    output::progress("opening the request");
    let consent = match holder.open_request(&how.request).await {
        Ok(consent) => consent,
        Err(refusal) => return refused(&refusal, json),
    };
    if how.decline {
        return match holder.decline_shown(&consent.id).await {
            Ok(()) => {
                output::line(if json { "{\"declined\": true}" } else { "Declined." })?;
                Ok(Verdict::Good)
            }
            Err(refusal) => refused(&refusal, json),
        };
    }
    let mut choices = default_choices(&consent);
    if !how.yes && !json && output::can_ask() && consent.answerable {
        for choice in &mut choices {
            if !chosen.iter().any(|chosen| chosen.ask == choice.ask) {
                ask_which(&consent, choice).await?;
            }
            if !how.also.contains(&choice.ask) {
                ask_also(&consent, choice).await?;
            }
        }
    }
    for chosen in chosen {
        choices.retain(|choice| choice.ask != chosen.ask);
        choices.push(chosen);
    }
    for choice in &mut choices {
        choice.also |= how.also.contains(&choice.ask);
    }
    if !how.yes || !json {
        eprintln!("{}", consent::request(&consent, &choices));
    }
    if !consent.answerable {
        let refusal = WalletRefusal::new(format!("nothing was sent: {}", consent.missing.join("; ")));
        return refused(&refusal, json);
    }
    if how.yes && !consent.verifier.trusted && !how.allow_unknown {
        let message = format!(
            "nothing was sent: nobody you trust vouches for this verifier ({}). If you know it, add its root \
             certificate with `credenza wallet trust add PEM`, or say --allow-unknown",
            consent.verifier.identifier
        );
        return refused(&WalletRefusal::new(message), json);
    }
    if !how.yes {
        let question =
            if consent.transactions.is_empty() { "Present this?" } else { "Authorise and present this?" };
        confirm(question, "answer the request", json).await?.then_some(()).ok_or_else(declined)?;
    }
    output::progress("presenting");
    match without_interruption(holder.answer_request(&consent.id, &choices)).await? {
        Ok(presented) if json => output::json(&presented)?,
        Ok(presented) => {
            output::line(&format!("Presented to {}.", presented.verifier.name))?;
            if let Some(link) = presented.redirect_uri {
                output::line(&format!("Continue in your browser: {link}"))?;
            }
        }
        Err(refusal) => return refused(&refusal, json),
    }
    Ok(Verdict::Good)
}

/// Lets the person choose among the credentials that fit. Nothing typed: the first.
async fn ask_which(consent: &Consent, choice: &mut Choice) -> anyhow::Result<()> {
    let Some(ask) = consent.asks.iter().find(|ask| ask.id == choice.ask && ask.candidates.len() > 1) else {
        return Ok(());
    };
    eprintln!("\nSeveral credentials fit \"{}\":", ask.id);
    for (position, candidate) in ask.candidates.iter().enumerate() {
        eprintln!("  {}  {}", position + 1, consent::card_line(&candidate.card));
    }
    loop {
        let said = output::ask_text("Which one? [1] ").await?;
        let number = if said.is_empty() { Some(1) } else { said.parse::<usize>().ok() };
        let found = number.and_then(|number| ask.candidates.get(number.checked_sub(1)?));
        if let Some(candidate) = found {
            choice.credential.clone_from(&candidate.card.id);
            return Ok(());
        }
        eprintln!("A number from 1 to {}, please.", ask.candidates.len());
    }
}

/// Lets the person say whether the verifier gets what it can do without. Nothing typed: no.
async fn ask_also(consent: &Consent, choice: &mut Choice) -> anyhow::Result<()> {
    let ask = consent.asks.iter().find(|ask| ask.id == choice.ask);
    let fitting = ask.and_then(|ask| ask.candidates.iter().find(|one| one.card.id == choice.credential));
    let Some(candidate) = fitting.filter(|candidate| !candidate.welcome.is_empty()) else { return Ok(()) };
    eprintln!("\nFor \"{}\" the verifier would like, and can do without:", choice.ask);
    for claim in &candidate.welcome {
        eprintln!("  {}  {}", claim.label, claim.value);
    }
    choice.also = output::ask("Disclose that, too?").await?;
    Ok(())
}

fn choices(texts: &[String]) -> anyhow::Result<Vec<Choice>> {
    let read = |text: &String| {
        let said = text.split_once('=');
        let (ask, credential) =
            said.ok_or_else(|| Usage::error("--choose is QUERY=ID, as the request shows it"))?;
        Ok(Choice { ask: ask.to_owned(), credential: credential.to_owned(), also: false })
    };
    texts.iter().map(read).collect()
}
