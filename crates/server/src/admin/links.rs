//! The link of a session, kept (sealed: it can carry a code) so that its QR code can be asked for later.

use credenza_core::{Key, StoreError, UnixTime};

use crate::service::Service;

/// The purpose of the seal.
const PURPOSE: &str = "server.link";

/// Whose link it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Offer,
    Presentation,
}

impl Of {
    fn key(self, id: &str) -> Key {
        Key::new(
            match self {
                Self::Offer => "server.offer_link",
                Self::Presentation => "server.presentation_link",
            },
            id,
        )
    }
}

/// Keeps a link for as long as it is good.
pub(crate) async fn remember(
    service: &Service,
    of: Of,
    id: &str,
    link: &str,
    expires: UnixTime,
) -> Result<(), StoreError> {
    let sealed = service.sealer.seal(&*service.random, PURPOSE, expires, link.as_bytes());
    service.store.insert(of.key(id), sealed.into_bytes(), expires).await
}

/// The link of a session, while it is good.
pub(crate) async fn link(service: &Service, of: Of, id: &str) -> Result<Option<String>, StoreError> {
    let key = of.key(id);
    let Some(record) = service.store.get(&key).await? else { return Ok(None) };
    let opened = std::str::from_utf8(&record.value)
        .ok()
        .and_then(|sealed| service.sealer.open(PURPOSE, service.clock.now(), sealed).ok());
    Ok(opened.and_then(|link| String::from_utf8(link).ok()))
}
