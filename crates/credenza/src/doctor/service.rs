//! Whether the service is there: reached, ready, at the right time, and shut to strangers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use credenza_core::{AddressPolicy, Http as _, HttpError, Limits, Report, well_known};
use http::header::DATE;
use http::{Request, Response, StatusCode};

use super::{Visitor, date, header, rules};
use crate::http::ReqwestHttp;

/// How far clocks may be apart before things are refused, in seconds.
const TOLERATED: i64 = 60;

/// And before it is worth a word.
const NOTICED: i64 = 5;

/// The report, and whether there is anybody to ask more.
pub(super) async fn check(visitor: &Visitor<'_>) -> (Report, bool) {
    let mut report = Report::new("service");
    let url = well_known::insert(&visitor.what.url, "openid-credential-issuer");
    let answer = visitor.get(url.as_str(), "application/json").await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(HttpError::Redirected) => {
            report.pass(&rules::REACH);
            redirected(&mut report, url.as_str());
            return (report, false);
        }
        Err(error) => {
            let advice = behind(visitor).await;
            report.fail(&rules::REACH, format!("{error}. To do: {advice}"));
            return (report, false);
        }
    };
    if matches!(
        answer.status(),
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    ) {
        let (status, advice) = (answer.status(), behind(visitor).await);
        report.fail(&rules::REACH, format!("what answers says {status}. To do: {advice}"));
        return (report, false);
    }
    report.pass(&rules::REACH);
    report.pass(&rules::REDIRECT);
    ready(visitor, &mut report).await;
    clock(visitor, &answer, &mut report).await;
    admin(visitor, &mut report).await;
    (report, true)
}

fn redirected(report: &mut Report, url: &str) {
    report.fail(
        &rules::REDIRECT,
        format!(
            "{url} answers with a redirect, which wallets don't follow. To do: write the address that it leads to as \
             `url` in credenza.toml, or let the proxy pass requests on without one"
        ),
    );
}

/// What a request to the service itself says about the proxy in front of it.
async fn behind(visitor: &Visitor<'_>) -> String {
    let Some(known) = visitor.known().filter(|known| !known.own_tls) else {
        return "see that the service runs, and that the proxy leads to where it listens".to_owned();
    };
    let listen = known.listen;
    match directly(visitor, "/healthz").await {
        Some(answer) if answer.status() == StatusCode::OK => format!(
            "let the proxy lead to {listen}: the service answers there, and wallets do not get that far"
        ),
        _ => format!(
            "start the service with `credenza serve`: nothing answers at {listen} on this machine either. If it runs on \
             another one, see that the proxy leads there"
        ),
    }
}

/// Asks past the proxy, where the service listens on this machine.
async fn directly(visitor: &Visitor<'_>, path: &str) -> Option<Response<Vec<u8>>> {
    let known = visitor.known().filter(|known| !known.own_tls)?;
    let ip =
        if known.listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { known.listen.ip() };
    let base = visitor.what.url.path().trim_end_matches('/');
    let url = format!("http://{}{base}{path}", SocketAddr::new(ip, known.listen.port()));
    let http = ReqwestHttp::new(AddressPolicy::Loopback).with_internal([ip.to_string()]);
    http.send(Request::get(url).body(Vec::new()).ok()?, Limits::default()).await.ok()
}

async fn ready(visitor: &Visitor<'_>, report: &mut Report) {
    let public = visitor.get(&visitor.below("/readyz"), "application/json").await.ok();
    let told = public.filter(is_probe);
    let told = match told {
        Some(answer) => Some(answer),
        // A proxy may well keep it to itself.
        None => directly(visitor, "/readyz").await.filter(is_probe),
    };
    match told {
        Some(answer) if answer.status() == StatusCode::OK => report.pass(&rules::READY),
        Some(answer) => report.fail(
            &rules::READY,
            format!(
                "it says {}{}. To do: see that `database` (and `sessions`) in credenza.toml can be reached from the \
                 machine of the service; its log says why it can't",
                answer.status(),
                detail(&answer)
            ),
        ),
        None => report.skip(&rules::READY, "/readyz is not served to the outside, as it may be"),
    }
}

/// What the service says about why, when it does.
fn detail(answer: &Response<Vec<u8>>) -> String {
    let problem = credenza_core::json::parse_object(answer.body()).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    detail.map(|detail| format!(" ({detail})")).unwrap_or_default()
}

/// Whether it is the service that answers, and not the proxy.
fn is_probe(answer: &Response<Vec<u8>>) -> bool {
    let status = answer.status();
    (status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE)
        && credenza_core::json::parse_object(answer.body()).is_ok()
}

async fn clock(visitor: &Visitor<'_>, metadata: &Response<Vec<u8>>, report: &mut Report) {
    // Metadata may come from a cache, with the date of then; a nonce may not.
    let nonce =
        visitor.post(&visitor.below("/nonce"), "application/x-www-form-urlencoded", &[], Vec::new()).await;
    let answer = nonce.ok().filter(|answer| answer.status() == StatusCode::OK);
    let Some(theirs) = date::read(header(answer.as_ref().unwrap_or(metadata), DATE)) else {
        report.skip(&rules::CLOCK, "answers have no Date");
        return;
    };
    let apart = theirs.as_secs().saturating_sub(visitor.what.clock.now().as_secs());
    let which = if apart > 0 { "ahead of" } else { "behind" };
    let found = format!("it is {} seconds {which} this machine's", apart.abs());
    let advice = "run NTP (chrony, systemd-timesyncd) on both machines, and see which of the two is wrong";
    if apart.abs() > TOLERATED {
        report.fail(&rules::CLOCK, format!("{found}: proofs and tokens are refused. To do: {advice}"));
    } else if apart.abs() > NOTICED {
        report.warn(&rules::CLOCK, format!("{found}. To do: {advice}"));
    } else {
        report.pass(&rules::CLOCK);
    }
}

async fn admin(visitor: &Visitor<'_>, report: &mut Report) {
    let mut open = Vec::new();
    for path in ["/api/v1/credential-types", "/metrics"] {
        let answer = visitor.get(&visitor.below(path), "application/json").await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            open.push(path);
        }
    }
    report.check(&rules::ADMIN, open.is_empty(), || {
        format!(
            "{} is open to everybody. To do: take the token out of the proxy's configuration: it adds an Authorization \
             header of its own",
            open.join(" and ")
        )
    });
}
