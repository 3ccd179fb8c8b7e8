//! The heart of RFC 9901 §7.1: disclosures take the place of their digests.
