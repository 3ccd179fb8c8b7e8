//! What a certificate is to say.

use std::time::Duration;

use credenza_core::UnixTime;

use super::Publication;

/// The name of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// commonName
    pub common_name: String,
    /// organizationName
    pub organization: Option<String>,
    /// countryName, two letters
    pub country: Option<String>,
    /// stateOrProvinceName
    pub state: Option<String>,
}

impl From<&str> for Subject {
    /// A common name alone.
    fn from(common_name: &str) -> Self {
        Self { common_name: common_name.to_owned(), organization: None, country: None, state: None }
    }
}

/// What the certificate of a leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafProfile {
    /// Its subject.
    pub subject: Subject,
    /// dNSName entries.
    pub dns_names: Vec<String>,
    /// uniformResourceIdentifier entries.
    pub uris: Vec<String>,
    /// Extended key usages, dotted.
    pub extended_key_usage: Vec<String>,
    /// The one extended key usage of a key that is restricted to it (critical), in the place of those above.
    pub critical_purpose: Option<String>,
    /// Where its issuer can be reached, when the certificate is to say that.
    pub publication: Option<Publication>,
    /// First second of validity.
    pub not_before: UnixTime,
    /// Last second of validity.
    pub not_after: UnixTime,
}

impl LeafProfile {
    /// A leaf without alternative names and extended key usages.
    #[must_use]
    pub fn new(subject: impl Into<Subject>, not_before: UnixTime, valid_for: Duration) -> Self {
        Self {
            subject: subject.into(),
            dns_names: Vec::new(),
            uris: Vec::new(),
            extended_key_usage: Vec::new(),
            critical_purpose: None,
            publication: None,
            not_before,
            not_after: not_before + valid_for,
        }
    }

    /// With a dNSName more.
    #[must_use]
    pub fn dns_name(mut self, name: impl Into<String>) -> Self {
        self.dns_names.push(name.into());
        self
    }

    /// With a URI more.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uris.push(uri.into());
        self
    }

    /// With an extended key usage (dotted OID) more.
    #[must_use]
    pub fn purpose(mut self, oid: impl Into<String>) -> Self {
        self.extended_key_usage.push(oid.into());
        self
    }
}
