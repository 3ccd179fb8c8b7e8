//! A request of the verifier, made over the API and fetched as a wallet does. Nobody answers it.

use std::sync::Arc;

use credenza_core::{Http, Report, SystemRandom};
use credenza_trust::Nobody;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::issuer::status;
use super::{Visitor, rules};
use crate::wallet::vault::MemoryVault;
use crate::wallet::{Holder, Options, Ports};

pub(super) async fn check(visitor: &Visitor<'_>) -> Report {
    let mut report = Report::new("verifier");
    let Some(token) = &visitor.what.admin_token else {
        report.skip(&rules::REQUEST, "to make one, say --token");
        return report;
    };
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.expose())) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let query = json!({"credentials": [
        {"id": "doctor", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:credenza:doctor"]}},
    ]});
    let body = json!({"dcql_query": query}).to_string().into_bytes();
    let path = match visitor.known().and_then(|known| known.admin) {
        Some(apart) => {
            let base = visitor.what.url.path().trim_end_matches('/');
            format!("http://{apart}{base}/api/v1/presentations")
        }
        None => visitor.below("/api/v1/presentations"),
    };
    let made = visitor.send(Method::POST, &path, headers.clone(), body).await;
    let answer = made.as_ref().ok().filter(|answer| answer.status().is_success());
    let created: Option<Value> = answer.and_then(|answer| serde_json::from_slice(answer.body()).ok());
    let text = |name: &str| created.as_ref().and_then(|created| created.get(name)?.as_str());
    let (Some(link), Some(id)) = (text("uri"), text("id")) else {
        let advice =
            "see that --token is the admin token, and that the proxy passes /api/v1 on, or leave --token out";
        report.fail(&rules::REQUEST, format!("none could be made: {}. To do: {advice}", status(&made)));
        return report;
    };
    let ports = Ports {
        http: Arc::clone(&visitor.http) as Arc<dyn Http>,
        vault: Arc::new(MemoryVault::default()),
        trust: Arc::new(Nobody),
        clock: Arc::clone(&visitor.what.clock),
        random: Arc::new(SystemRandom),
    };
    let wallet = Holder::new(ports, Options { addresses: visitor.addresses, ..Options::default() });
    match wallet.open_request(link).await {
        Ok(_) => report.pass(&rules::REQUEST),
        Err(refusal) => report.fail(
            &rules::REQUEST,
            format!(
                "a wallet stops: {refusal}. To do: let the proxy pass request_uri on with GET and POST, unchanged and from no \
                 cache"
            ),
        ),
    }
    // Nothing stays behind; if it does, it expires.
    let _ = visitor.send(Method::DELETE, &format!("{path}/{id}"), headers, Vec::new()).await;
    report
}
