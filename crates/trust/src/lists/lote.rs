//! Lists of trusted entities in JSON (ETSI TS 119 602), as the European Commission publishes them for the EU wallet.

use credenza_core::{UnixTime, b64, json};
use credenza_crypto::jwt::LEEWAY;
use credenza_crypto::{Certificate, Jws};
use serde::Deserialize;

use super::{ListError, ListSigners, MAX_ENTRIES};
use crate::Anchor;

/// No list is longer, in bytes.
pub(super) const MAX_LIST: usize = 8 * 1024 * 1024;

/// What the certificates of a service are trusted for.
#[derive(Debug, Clone)]
pub struct ServiceUse {
    /// The `ServiceTypeIdentifier` that is meant, by the letter.
    pub service_type: String,
    /// What for; its certificate is that of the service.
    pub grant: Anchor,
}

impl ServiceUse {
    /// A use of one type of service.
    #[must_use]
    pub fn new(service_type: impl Into<String>, grant: Anchor) -> Self {
        Self { service_type: service_type.into(), grant }
    }

    /// The services that the EU wallet's lists name and whose use is clear from their name: issuers of PIDs (for the
    /// types of credential that are given), providers of wallets, issuers of access certificates for verifiers, and
    /// the status lists of the first two.
    ///
    /// Providers of public attestations are not among them: what they may issue stands elsewhere, so add them with
    /// their types.
    #[must_use]
    pub fn eu_wallet(pid_types: &[&str]) -> Vec<Self> {
        let name = |service: &str| format!("http://uri.etsi.org/19602/SvcType/{service}");
        let types = pid_types.iter().map(ToString::to_string).collect();
        let pid = Anchor { issuers: !pid_types.is_empty(), credential_types: types, ..Anchor::default() };
        let status = Anchor { status_lists: true, ..Anchor::default() };
        vec![
            Self::new(name("PID/Issuance"), pid),
            Self::new(name("PID/Revocation"), status.clone()),
            Self::new(name("WalletSolution/Issuance"), Anchor::for_wallet_providers(Vec::new())),
            Self::new(name("WalletSolution/Revocation"), status),
            Self::new(name("WRPAC/Issuance"), Anchor::for_verifiers(Vec::new())),
        ]
    }
}

/// A list whose signature was verified.
#[derive(Debug, Clone)]
pub struct TrustedEntities {
    /// `LoTEType`
    pub kind: Option<String>,
    /// `LoTESequenceNumber`
    pub sequence: Option<u64>,
    /// `ListIssueDateTime`
    pub issued_at: UnixTime,
    /// `NextUpdate`
    pub next_update: Option<UnixTime>,
    /// The services in force that can be known by certificates.
    pub services: Vec<ListedService>,
    /// How many certificates were left out: withdrawn, not in force yet, or of a kind that can't be used here.
    pub left_out: usize,
}

/// A service of a trusted entity.
#[derive(Debug, Clone)]
pub struct ListedService {
    /// `ServiceTypeIdentifier`
    pub service_type: String,
    /// Its certificates.
    pub certificates: Vec<Certificate>,
}

impl TrustedEntities {
    /// Reads and verifies a list: a compact JWS, signed by one of the signers, who is named by `x5c`.
    ///
    /// Whether it is still in force at `now` is not said here: see [`next_update`](Self::next_update).
    ///
    /// # Errors
    /// See [`ListError`]. Headers with `crit` are refused, as everywhere.
    pub fn verify(text: &str, signers: &ListSigners, now: UnixTime) -> Result<Self, ListError> {
        let jws = Jws::parse_within(text.trim_ascii_end(), MAX_LIST)?;
        let chain = jws.header.x5c().ok().flatten().ok_or(ListError::Malformed("no x5c in its header"))?;
        jws.verify(&signers.key(&chain, now)?, signers.accepted())?;
        let list = Self::read(&jws.payload, now)?;
        if list.issued_at > now + LEEWAY {
            return Err(ListError::NotYetValid);
        }
        Ok(list)
    }

    /// The certificates of the services as anchors; of services that nobody has a use for, none.
    #[must_use]
    pub fn anchors(&self, uses: &[ServiceUse]) -> Vec<Anchor> {
        let mut anchors = Vec::new();
        for service in &self.services {
            for found in uses.iter().filter(|found| found.service_type == service.service_type) {
                let anchor = |certificate: &Certificate| Anchor {
                    der: certificate.der.clone(),
                    ..found.grant.clone()
                };
                anchors.extend(service.certificates.iter().map(anchor));
            }
        }
        anchors
    }

    fn read(payload: &[u8], now: UnixTime) -> Result<Self, ListError> {
        const MALFORMED: ListError = ListError::Malformed("its JSON has another structure");
        let document: Document = json::object_from_slice(payload).map_err(|_| MALFORMED)?;
        let list = match (document.list, document.information, document.entities) {
            (Some(list), None, None) => list,
            (None, Some(information), entities) => List { information, entities },
            _ => return Err(MALFORMED),
        };
        let time =
            |text: &str| UnixTime::from_rfc3339(text).ok_or(ListError::Malformed("a date that is none"));
        let next_update = list.information.next_update.as_deref().map(time).transpose()?;
        let mut found = Self {
            kind: list.information.kind,
            sequence: list.information.sequence,
            issued_at: time(&list.information.issued_at)?,
            next_update,
            services: Vec::new(),
            left_out: 0,
        };
        let mut entries = 0;
        let services = list.entities.into_iter().flatten().flat_map(|entity| entity.services);
        for Service { information } in services {
            let listed = information.identity.unwrap_or_default().certificates;
            entries += listed.len();
            if entries > MAX_ENTRIES {
                return Err(ListError::Malformed("more certificates than a list may have"));
            }
            let since = information.status_since.as_deref().map(time).transpose()?;
            let in_force = information.status.as_deref().is_none_or(is_in_force)
                && since.is_none_or(|since| since <= now);
            let usable = |listed: &ListedCertificate| {
                Certificate::parse(&b64::decode_std(&listed.value).ok()?).ok().filter(|_| in_force)
            };
            let certificates: Vec<_> = listed.iter().filter_map(usable).collect();
            found.left_out += listed.len() - certificates.len();
            if let Some(service_type) = information.service_type
                && !certificates.is_empty()
            {
                found.services.push(ListedService { service_type, certificates });
            }
        }
        Ok(found)
    }
}

/// The states that a service may be in to be trusted; whatever else there is stands for withdrawn.
fn is_in_force(status: &str) -> bool {
    matches!(status.rsplit('/').next(), Some("granted" | "notified"))
}

/// Both forms that are found: inside of `LoTE`, and bare.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "LoTE")]
    list: Option<List>,
    #[serde(rename = "ListAndSchemeInformation")]
    information: Option<Information>,
    #[serde(rename = "TrustedEntitiesList")]
    entities: Option<Vec<Entity>>,
}

#[derive(Deserialize)]
struct List {
    #[serde(rename = "ListAndSchemeInformation")]
    information: Information,
    #[serde(rename = "TrustedEntitiesList")]
    entities: Option<Vec<Entity>>,
}

#[derive(Deserialize)]
struct Information {
    #[serde(rename = "LoTEType")]
    kind: Option<String>,
    #[serde(rename = "LoTESequenceNumber")]
    sequence: Option<u64>,
    #[serde(rename = "ListIssueDateTime")]
    issued_at: String,
    #[serde(rename = "NextUpdate")]
    next_update: Option<String>,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(rename = "TrustedEntityServices", default)]
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "ServiceInformation")]
    information: ServiceInformation,
}

#[derive(Deserialize)]
struct ServiceInformation {
    #[serde(rename = "ServiceTypeIdentifier")]
    service_type: Option<String>,
    #[serde(rename = "ServiceDigitalIdentity")]
    identity: Option<Identity>,
    #[serde(rename = "ServiceStatus")]
    status: Option<String>,
    #[serde(rename = "StatusStartingTime")]
    status_since: Option<String>,
}

#[derive(Deserialize, Default)]
struct Identity {
    #[serde(rename = "X509Certificates", default)]
    certificates: Vec<ListedCertificate>,
}

#[derive(Deserialize)]
struct ListedCertificate {
    #[serde(rename = "val")]
    value: String,
}
