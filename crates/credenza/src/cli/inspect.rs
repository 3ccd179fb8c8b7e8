//! `credenza inspect`.

use std::sync::Arc;

use anyhow::Context as _;
use credenza::core::{Outcome, SystemClock};
use credenza::inspect::Inspector;
use credenza::server::{Inspect as _, Inspection};
use serde_json::Value;

use super::{Usage, Verdict, output, thing};

/// Decodes and remarks; nothing is verified. See `credenza verify` for that.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Text, a file, an http(s) URL, or - for standard input.
    thing: String,

    /// Also fetch what an offer or a request refers to, and decode that.
    #[arg(long)]
    fetch: bool,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let text = thing::read(&arguments.thing).await?;
    let inspector = Inspector::new(Arc::new(SystemClock));
    let mut all = vec![inspector.inspect(&text).map_err(Usage::error)?];
    if arguments.fetch
        && let Some(referred) = thing::referred(&text).await.context("fetching what the link refers to")?
    {
        all.push(inspector.inspect(&referred).map_err(Usage::error)?);
    }
    for inspection in &all {
        if json { output::json(inspection)? } else { output::line(&text_of(inspection))? }
    }
    Ok(Verdict::Good)
}

fn text_of(inspection: &Inspection) -> String {
    let mut text = format!("{}\n", inspection.kind);
    for part in &inspection.parts {
        text.push_str(&format!("\n── {} ", part.name));
        if let Some(remark) = &part.remark {
            text.push_str(&format!("({remark}) "));
        }
        text.push_str("──\n");
        match &part.content {
            Value::Null => {}
            Value::String(content) => text.push_str(&format!("{content}\n")),
            content => text.push_str(&format!("{content:#}\n")),
        }
    }
    if let Some(report) = &inspection.report {
        text.push_str("\n── remarks ──\n");
        for check in &report.checks {
            let mark = match check.outcome {
                Outcome::Passed => '✓',
                Outcome::Failed => '✗',
                Outcome::Skipped => '–',
                Outcome::Warned => '!',
            };
            text.push_str(&format!("{mark} {}  [{}]\n", check.rule.meaning, check.rule.section));
            if let Some(evidence) = &check.evidence {
                text.push_str(&format!("    → {evidence}\n"));
            }
        }
    }
    text.trim_end().to_owned()
}
