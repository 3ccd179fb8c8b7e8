//! What the person reads before deciding.

use credenza::server::demo_wallet::{Card, Choice, Consent, OfferPreview, Waiting};

/// An offer.
pub(super) fn offer(preview: &OfferPreview) -> String {
    let issuer = &preview.issuer;
    let mut text = format!(
        "{} offers you:\n  who       {}\n  known by  {}\n",
        issuer.name, issuer.identifier, issuer.known_by
    );
    for card in &preview.credentials {
        text.push_str(&format!("\n  {}  ({})", card.name, card.kind));
        if card.copies > 1 {
            text.push_str(&format!(", {} copies", card.copies));
        }
        text.push('\n');
        let labels: Vec<&str> = card.claims.iter().map(|claim| claim.label.as_str()).collect();
        if !labels.is_empty() {
            text.push_str(&format!("    with: {}\n", labels.join(", ")));
        }
    }
    text
}

/// A credential that was promised.
pub(super) fn waiting_line(waiting: &Waiting) -> String {
    format!(
        "Pending: {}  {} from {}; ask again after {} with: credenza wallet poll",
        waiting.id,
        waiting.name,
        waiting.issuer,
        waiting.not_before.to_rfc3339()
    )
}

/// The question for a transaction code.
pub(super) fn tx_code(preview: &OfferPreview) -> String {
    let Some(prompt) = &preview.tx_code else { return "Transaction code: ".to_owned() };
    let kind = if prompt.numeric { "digits" } else { "characters" };
    let length = prompt.length.map(|length| format!(" ({length} {kind})")).unwrap_or_default();
    let hint = prompt.description.as_deref().map(|hint| format!("{hint}\n")).unwrap_or_default();
    format!("{hint}Transaction code{length}: ")
}

/// A request, with what would be disclosed by these choices.
pub(super) fn request(consent: &Consent, choices: &[Choice]) -> String {
    let verifier = &consent.verifier;
    let warning = if verifier.trusted { "" } else { "  ! Nobody you trust vouches for this name.\n" };
    let what = if consent.asks.is_empty() && consent.signs_in { "sign in" } else { "present" };
    let mut text = format!(
        "{} asks you to {what}:\n{warning}  who       {}\n  known by  {}\n",
        verifier.name, verifier.identifier, verifier.known_by
    );
    if let Some(purpose) = &consent.purpose {
        text.push_str(&format!("  what for  {purpose}\n"));
    }
    for transaction in &consent.transactions {
        text.push_str(&format!("\n  you authorise: {}\n", transaction.kind));
        let width = transaction.details.iter().map(|detail| detail.label.chars().count()).max().unwrap_or(0);
        for detail in &transaction.details {
            text.push_str(&format!("      {:width$}  {}\n", detail.label, detail.value));
        }
    }
    if consent.signs_in {
        text.push_str("\n  signs you in, with a key that is kept for this party alone\n");
    }
    for ask in &consent.asks {
        let chosen = choices.iter().find(|choice| choice.ask == ask.id);
        let candidate = chosen.and_then(|choice| {
            ask.candidates.iter().find(|candidate| candidate.card.id == choice.credential)
        });
        let Some(candidate) = candidate else {
            if !ask.required {
                text.push_str(&format!("\n  \"{}\" is welcome, not required: not presented\n", ask.id));
            }
            continue;
        };
        text.push_str(&format!("\n  \"{}\": {}\n    discloses:\n", ask.id, card_line(&candidate.card)));
        let width = candidate.discloses.iter().map(|claim| claim.label.chars().count()).max().unwrap_or(0);
        for claim in &candidate.discloses {
            text.push_str(&format!("      {:width$}  {}\n", claim.label, claim.value));
        }
        if candidate.discloses.is_empty() {
            text.push_str("      nothing but that you have it\n");
        }
        let also = chosen.is_some_and(|choice| choice.also);
        let welcome: Vec<&str> = candidate.welcome.iter().map(|claim| claim.label.as_str()).collect();
        match (welcome.is_empty(), also) {
            (true, _) => {}
            (false, false) => {
                text.push_str(&format!(
                    "    would like, too: {} (--also {} to disclose it)\n",
                    welcome.join(", "),
                    ask.id
                ));
            }
            (false, true) => {
                text.push_str("    and because it would like that:\n");
                for claim in &candidate.welcome {
                    text.push_str(&format!("      {}  {}\n", claim.label, claim.value));
                }
            }
        }
        let kept = candidate.withholds.iter().map(String::as_str);
        let kept: Vec<&str> = kept.filter(|label| !(also && welcome.contains(label))).collect();
        if !kept.is_empty() {
            text.push_str(&format!("    keeps back: {}\n", kept.join(", ")));
        }
        let others: Vec<&str> = ask
            .candidates
            .iter()
            .filter(|other| other.card.id != candidate.card.id)
            .map(|other| other.card.id.as_str())
            .collect();
        if !others.is_empty() {
            text.push_str(&format!("    others fit too: --choose {}={}\n", ask.id, others.join(" or ")));
        }
        if candidate.card.copies == 0 {
            text.push_str("    ! every copy was shown before: verifiers can recognise it\n");
        }
    }
    text
}

/// A credential in one line.
pub(super) fn card_line(card: &Card) -> String {
    let expires = card.expires.map(|end| format!(", until {}", end.to_rfc3339())).unwrap_or_default();
    format!("{}  {}, from {} ({} unused copies{expires})", card.id, card.name, card.issuer, card.copies)
}

/// A credential with everything in it.
pub(super) fn whole_card(card: &Card, copies: usize, vouched: &Result<String, String>) -> String {
    let known = match vouched {
        Ok(how) => how.clone(),
        Err(why) => format!("nobody you trust vouches for it ({why})"),
    };
    let mut text = format!(
        "{}\n  id        {}\n  kind      {}\n  issuer    {}\n  known by  {known}\n  copies    {} of {copies} unused\n",
        card.name, card.id, card.kind, card.issuer, card.copies
    );
    if let Some(end) = card.expires {
        text.push_str(&format!("  until     {}\n", end.to_rfc3339()));
    }
    text.push('\n');
    let width = card.claims.iter().map(|claim| claim.label.chars().count()).max().unwrap_or(0);
    for claim in &card.claims {
        text.push_str(&format!("  {:width$}  {}\n", claim.label, claim.value));
    }
    text.trim_end().to_owned()
}
