//! The THING of `inspect` and `verify`: text, a file, a URL, or standard input.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use credenza::core::{AddressPolicy, Http as _, Limits, b64};
use credenza::http::{ReqwestHttp, is_loopback};
use credenza::inspect::MAX_TEXT;
use url::Url;

use super::{Usage, output};

/// Reads it as text; a certificate in binary becomes base64.
pub(super) async fn read(thing: &str) -> anyhow::Result<String> {
    if thing == "-" {
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_TEXT)? + 1;
        std::io::stdin().take(limit).read_to_end(&mut bytes).context("standard input")?;
        return text(bytes);
    }
    if let Ok(url) = Url::parse(thing)
        && matches!(url.scheme(), "http" | "https")
        && !is_link(&url)
    {
        return text(fetch(&url).await?);
    }
    // A long text is no file name, and the system would only say that it is too long for one.
    if thing.len() < 4096 && Path::new(thing).is_file() {
        let bytes = std::fs::read(thing).with_context(|| thing.to_owned())?;
        return text(bytes);
    }
    if thing.ends_with(".jwt") || thing.ends_with(".pem") || thing.ends_with(".json") {
        return Err(Usage::error(format!("there is no file {thing}")));
    }
    Ok(thing.to_owned())
}

/// What an offer or request by reference refers to.
pub(super) async fn referred(text: &str) -> anyhow::Result<Option<String>> {
    let Ok(url) = Url::parse(text.trim()) else { return Ok(None) };
    let reference = url
        .query_pairs()
        .find(|(name, _)| name == "credential_offer_uri" || name == "request_uri")
        .map(|(_, value)| value.into_owned());
    let Some(reference) = reference else { return Ok(None) };
    let reference = Url::parse(&reference).context("what the link refers to is not a URL")?;
    self::text(fetch(&reference).await?).map(Some)
}

/// The addresses that may be reached for a link that somebody has given us: this machine only when the link itself
/// says so.
pub(super) fn policy_for(link: &str) -> AddressPolicy {
    let loopback = |text: &str| Url::parse(text).is_ok_and(|url| is_loopback(&url));
    let Ok(url) = Url::parse(link.trim()) else { return AddressPolicy::Public };
    let named = url.query_pairs().any(|(name, value)| match name.as_ref() {
        "credential_offer_uri" | "request_uri" | "response_uri" => loopback(&value),
        "credential_offer" => serde_json::from_str::<serde_json::Value>(&value).is_ok_and(|offer| {
            offer.get("credential_issuer").and_then(|it| it.as_str()).is_some_and(loopback)
        }),
        _ => false,
    });
    if named || (matches!(url.scheme(), "http" | "https") && is_loopback(&url)) {
        AddressPolicy::Loopback
    } else {
        AddressPolicy::Public
    }
}

async fn fetch(url: &Url) -> anyhow::Result<Vec<u8>> {
    output::progress(&format!("fetching from {}", url.host_str().unwrap_or_default()));
    let policy = if is_loopback(url) { AddressPolicy::Loopback } else { AddressPolicy::Public };
    let request =
        http::Request::get(url.as_str()).body(Vec::new()).context("not a URL that can be fetched")?;
    let limits = Limits { body: MAX_TEXT, redirects: 2, ..Limits::default() };
    let response = ReqwestHttp::new(policy).send(request, limits).await?;
    if !response.status().is_success() {
        anyhow::bail!("{} answered with status {}", url.host_str().unwrap_or_default(), response.status());
    }
    Ok(response.into_body())
}

/// Whether the URL is a link into a wallet rather than something to fetch.
fn is_link(url: &Url) -> bool {
    let names = ["credential_offer", "credential_offer_uri", "request_uri", "request", "client_id"];
    url.query_pairs().any(|(name, _)| names.contains(&name.as_ref()))
}

fn text(bytes: Vec<u8>) -> anyhow::Result<String> {
    if bytes.len() > MAX_TEXT {
        return Err(Usage::error(format!("longer than {MAX_TEXT} bytes")));
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| b64::encode_std(error.into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v06_loopback_is_open_only_for_links_that_name_it() {
        for (link, policy) in [
            (
                "openid-credential-offer://?credential_offer_uri=http%3A%2F%2F127.0.0.1%3A1%2Fo",
                AddressPolicy::Loopback,
            ),
            (
                "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fi.example%2Fo",
                AddressPolicy::Public,
            ),
            ("openid4vp://?client_id=x&request_uri=http%3A%2F%2Flocalhost%3A1%2Fr", AddressPolicy::Loopback),
            (
                "openid4vp://?client_id=x&request_uri=http%3A%2F%2Flocalhost.evil.example%2Fr",
                AddressPolicy::Public,
            ),
            ("openid4vp://?client_id=http%3A%2F%2Flocalhost", AddressPolicy::Public),
            ("not a link", AddressPolicy::Public),
        ] {
            assert_eq!(policy_for(link), policy, "{link}");
        }
        let offer = r#"{"credential_issuer":"http://localhost:7777"}"#;
        let mut by_value: Url = "openid-credential-offer://".parse().unwrap();
        by_value.query_pairs_mut().append_pair("credential_offer", offer);
        assert_eq!(policy_for(by_value.as_str()), AddressPolicy::Loopback);
    }
}
