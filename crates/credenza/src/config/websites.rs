//! `verifier.websites`: the origins of the websites that may show presentations with `<credenza-verify>`.

use toml::Spanned;
use url::Url;

use super::read::Reader;
use crate::http::is_loopback;

/// The origins, as browsers write them. `own` is the service's URL: websites on this machine are for services on it.
pub(super) fn origins(values: &[Spanned<String>], own: &Url, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for value in values {
        let origin = Url::parse(value.get_ref()).ok().filter(|url| {
            let secure =
                url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url) && is_loopback(own));
            secure && url.origin().ascii_serialization() == *value.get_ref()
        });
        if origin.is_none() {
            let remedy =
                "write it as browsers do: https, the host, and the port if it is not 443; nothing after it";
            reader.problem("verifier.websites", value, "not the origin of a website", remedy);
            return None;
        }
        all.push(value.get_ref().clone());
    }
    Some(all)
}
