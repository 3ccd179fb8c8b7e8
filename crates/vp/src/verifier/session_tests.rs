//! Every step from every state.

use super::*;

fn wallet_error() -> WalletError {
    WalletError { error: "access_denied".to_owned(), error_description: None }
}

fn states() -> Vec<(&'static str, State)> {
    let verified = |presentations, code: Option<&str>| State::Verified {
        presentations,
        response_code: code.map(|code| Secret::new(code.to_owned())),
        subject: None,
    };
    vec![
        ("created", State::Created),
        ("retrieved", State::Retrieved),
        ("failed", State::Failed { error: wallet_error() }),
        ("rejected", State::Rejected),
        ("cancelled", State::Cancelled),
        ("verified", verified(Some(Vec::new()), None)),
        ("verified+code", verified(Some(Vec::new()), Some("code"))),
        ("redeemed", verified(None, Some("code"))),
    ]
}

fn steps() -> Vec<(&'static str, Step)> {
    let report = Value::Null;
    vec![
        ("fetched", Step::Fetched),
        (
            "verified",
            Step::Verified {
                presentations: Vec::new(),
                response_code: None,
                subject: None,
                report: report.clone(),
            },
        ),
        ("rejected", Step::Rejected { report: report.clone(), rule: "a" }),
        ("refused", Step::Refused { report, rule: "a" }),
        ("error", Step::WalletError(wallet_error())),
        ("redeemed", Step::Redeemed),
        ("cancelled", Step::Cancelled),
    ]
}

#[test]
fn every_step_from_every_state() {
    let waiting = ["created", "retrieved", "failed"];
    for (from, state) in states() {
        for (name, step) in steps() {
            let possible = match name {
                "redeemed" => from == "verified+code",
                "error" => from == "created" || from == "retrieved",
                _ => waiting.contains(&from),
            };
            let found = state.clone().on(&step);
            assert_eq!(found.is_ok(), possible, "{name} from {from}");
            let Ok((next, event)) = found else { continue };
            let changed = std::mem::discriminant(&next) != std::mem::discriminant(&state);
            assert!(!changed || event.is_some(), "{name} from {from} happens silently");
        }
    }
}
