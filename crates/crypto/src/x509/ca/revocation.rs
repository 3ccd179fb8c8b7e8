//! The revocation lists that a CA signs.

use credenza_core::UnixTime;
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};

use super::{CaError, CertificateAuthority, key_id};

/// A certificate that is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Its serial number ([`Certificate::serial`](crate::Certificate::serial)).
    pub serial: Vec<u8>,
    /// Since when.
    pub since: UnixTime,
}

impl CertificateAuthority {
    /// Signs a complete revocation list (DER). `number` has to rise with each.
    ///
    /// # Errors
    /// [`CaError::Validity`] when the next list would be due before this one is issued, [`CaError::Key`].
    pub fn revocation_list(
        &self,
        revoked_certificates: &[RevokedCertificate],
        number: u64,
        this_update: UnixTime,
        next_update: UnixTime,
    ) -> Result<Vec<u8>, CaError> {
        if next_update <= this_update {
            return Err(CaError::Validity);
        }
        let at = |time: UnixTime| rcgen::date_time_ymd(1970, 1, 1) + time.since(UnixTime::EPOCH);
        let own = self.parsed();
        let revoked = |entry: &RevokedCertificate| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&entry.serial),
            revocation_time: at(entry.since),
            reason_code: None,
            invalidity_date: None,
        };
        let parameters = CertificateRevocationListParams {
            this_update: at(this_update),
            next_update: at(next_update),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked_certificates.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::PreSpecified(
                own.subject_key_id.clone().unwrap_or_else(|| key_id(&own.key)),
            ),
        };
        let list = parameters.signed_by(&self.issuer()?).map_err(|_| CaError::Key)?;
        Ok(list.der().to_vec())
    }
}
