//! A deployment behind a proxy, and what the doctor finds there.

use std::path::Path;

use credenza::config;
use credenza::core::{Outcome, Report, Secret, SystemClock};
use credenza::doctor::{Examination, Known, examine};
use credenza::server::Tls;
use serde_json::json;

use super::proxy::Proxy;
use crate::world::{Service, free_port, good};

pub(super) struct World {
    pub(super) service: Service,
    pub(super) proxy: Proxy,
    pub(super) url: String,
    pub(super) port: u16,
    pub(super) listen: u16,
}

impl World {
    /// One at `scheme://HOST:PORT` and this path, whose configuration has something more at its end.
    pub(super) async fn start(base: (&str, &str, &str), tls: Option<Tls>, more: &str) -> Self {
        Self::start_with(base, tls, |text| format!("{text}\n{more}\n")).await
    }

    /// One whose configuration was changed.
    pub(super) async fn start_with(
        base: (&str, &str, &str),
        tls: Option<Tls>,
        change: impl FnOnce(String) -> String,
    ) -> Self {
        let (scheme, host, path) = base;
        let listen = free_port();
        let mut public = 0;
        let mut url = String::new();
        let service = Service::start_with(host, |folder, text| {
            let line = text.lines().find(|line| line.starts_with("url = ")).unwrap().to_owned();
            let old = line.split('"').nth(1).unwrap().to_owned();
            public = old.rsplit(':').next().unwrap().parse().unwrap();
            url = format!("{scheme}://{host}:{public}{path}");
            described(folder, &url);
            let text = text.replace(&line, &format!("url = \"{url}\""));
            let text = text.replace(&format!("\"127.0.0.1:{public}\""), &format!("\"127.0.0.1:{listen}\""));
            change(text)
        });
        let proxy = Proxy::start(public, listen, tls).await;
        Self { service, proxy, url, port: public, listen }
    }

    pub(super) async fn plain() -> Self {
        Self::start(("http", "127.0.0.1", ""), None, "").await
    }

    /// Issues something, so that there is a status list.
    pub(super) async fn issue(&self) {
        let offer = self.service.offer(json!({})).await;
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("wallet");
        good(&[
            "wallet",
            "--home",
            home.to_str().unwrap(),
            "accept",
            offer["uri"].as_str().unwrap(),
            "--yes",
        ]);
    }

    pub(super) fn known(&self) -> Known {
        let file = self.service.folder.path().join("credenza.toml");
        Known::from(config::read(&file, &SystemClock).unwrap())
    }

    pub(super) fn examination(&self) -> Examination {
        Examination {
            known: Some(self.known()),
            admin_token: Some(Secret::new(self.service.token.clone())),
            ..Examination::new(self.url.parse().unwrap())
        }
    }

    pub(super) async fn examined(&self) -> Report {
        examine(&self.examination()).await
    }
}

/// A type of credential with metadata at its `vct`.
fn described(folder: &Path, url: &str) {
    let card = json!({
        "id": "card", "format": "dc+sd-jwt", "vct": format!("{url}/vct/card"), "type_metadata": {"name": "Card"},
        "claims": [{"path": ["number"], "mandatory": true}],
    });
    std::fs::write(folder.join("credential-types/card.json"), card.to_string()).unwrap();
}

/// The ids of the checks with this outcome.
pub(super) fn ids(report: &Report, outcome: Outcome) -> Vec<&'static str> {
    let own = report.checks.iter().filter(|check| check.outcome == outcome).map(|check| check.rule.id);
    own.chain(report.parts.iter().flat_map(|part| ids(part, outcome))).collect()
}

/// The evidence of a check with this outcome.
pub(super) fn evidence(report: &Report, id: &str, outcome: Outcome) -> Option<String> {
    let own = report.checks.iter().find(|check| check.rule.id == id && check.outcome == outcome);
    let own = own.map(|check| check.evidence.as_deref().unwrap_or_default().to_owned());
    own.or_else(|| report.parts.iter().find_map(|part| evidence(part, id, outcome)))
}

/// That the check has failed, and says this.
#[track_caller]
pub(super) fn fails(report: &Report, id: &str, says: &str) {
    told(report, id, Outcome::Failed, says);
    assert!(!report.ok());
}

#[track_caller]
pub(super) fn told(report: &Report, id: &str, outcome: Outcome, says: &str) {
    let found = evidence(report, id, outcome).unwrap_or_else(|| panic!("{id} is not {outcome:?}:\n{report}"));
    assert!(found.contains(says), "{id}: {found}");
    assert!(outcome != Outcome::Failed || found.contains("To do: "), "it says what to do: {found}");
}
