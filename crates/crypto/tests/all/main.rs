//! Tests of the crate from outside, in one binary.

#![cfg(test)]

mod catalogue_jwe;
mod catalogue_jws;
mod cookbook;
mod cose_attacks;
mod cose_vectors;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod ports;
mod properties;
mod published;
mod support;
mod wycheproof;
mod x509_ca;
mod x509_cache;
mod x509_extensions;
mod x509_names;
mod x509_path;
mod x509_profile;
mod x509_revocation;
