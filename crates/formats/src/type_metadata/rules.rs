//! The checks by type metadata, by name.

use credenza_core::Rule;

/// There is metadata, and all of it could be processed.
pub const TYPE_METADATA: Rule = Rule::new(
    "sd-jwt-vc.type-metadata",
    "SD-JWT VC §4.7",
    "The metadata of the credential's type and of all that it extends could be had, whole and unaltered.",
);
/// Paths fit.
pub const SHAPE: Rule = Rule::new(
    "sd-jwt-vc.type-metadata.shape",
    "SD-JWT VC §4.6.1.2",
    "The claims have the shape that the type describes.",
);
/// `mandatory`
pub const MANDATORY: Rule = Rule::new(
    "sd-jwt-vc.type-metadata.mandatory",
    "SD-JWT VC §4.6.3",
    "No claim is known to be missing that the type demands.",
);
/// `sd`
pub const SELECTIVE: Rule = Rule::new(
    "sd-jwt-vc.type-metadata.sd",
    "SD-JWT VC §4.6.4",
    "What is selectively disclosable is what the type says.",
);
