//! `credenza demo --once`: the whole story over real HTTP, with the attacks that must fail.

pub(crate) mod client;
mod formats;
mod revoke;
mod story;
mod tap;

use credenza::server::{Limits, serve};
use serde::Serialize;
use serde_json::{Value, json};

use super::world::Demo;
use crate::cli::{Verdict, output};

/// One step of the story.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    /// Its name.
    pub(crate) name: &'static str,
    /// What has to happen.
    pub(crate) meaning: &'static str,
    /// Whether it did.
    pub(crate) ok: bool,
    /// What did happen.
    pub(crate) detail: String,
    /// The checks that were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report: Option<Value>,
}

pub(super) async fn run(demo: Demo, json: bool) -> anyhow::Result<Verdict> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let world = story::World { url: demo.url, token: demo.admin_token, roots: demo.roots };
    let serving = tokio::spawn(serve(demo.listener, demo.router, Limits::default(), async {
        let _ = stopped.await;
    }));
    if !json {
        output::line(&format!("One story over HTTP, at {}\n", world.url))?;
    }
    let mut ok = true;
    let mut steps = Vec::new();
    story::tell(&world, |step| {
        ok &= step.ok;
        if !json {
            output::line(&text(&step))?;
        }
        steps.push(step);
        Ok(())
    })
    .await?;
    let _ = stop.send(());
    let _ = serving.await;
    if json {
        output::json(&json!({"ok": ok, "steps": steps}))?;
    } else {
        let all = steps.len();
        let good = steps.iter().filter(|step| step.ok).count();
        output::line(&format!("{good} of {all} steps ended as they must"))?;
    }
    Ok(if ok { Verdict::Good } else { Verdict::Bad })
}

fn text(step: &Step) -> String {
    let mark = if step.ok { '✓' } else { '✗' };
    let mut text = format!("{mark} {:14} {}\n  {:14} → {}\n", step.name, step.meaning, "", step.detail);
    if let Some(report) = &step.report {
        for line in output::report_text(report).lines() {
            text.push_str(&format!("                   {line}\n"));
        }
    }
    text
}
