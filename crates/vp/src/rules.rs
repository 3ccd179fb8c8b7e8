//! The checks of this crate, by name.

use credenza_core::Rule;

/// The presentation has the shape of its format.
pub const SHAPE: Rule = Rule::new(
    "vp.presentation.shape",
    "OID4VP 1.0 §8.1",
    "The presentation has the shape that its format prescribes.",
);
/// The format is one that can be verified here.
pub const FORMAT: Rule =
    Rule::new("vp.presentation.format", "OID4VP 1.0 §8.6 step 2", "The format can be verified here.");
/// Not more presentations than a response may have.
pub const COUNT: Rule = Rule::new(
    "vp.presentation.count",
    "OID4VP 1.0 §15.10",
    "There are not more presentations than are looked at.",
);
/// The credential says by which certificates it was signed, in a form that can be read.
pub const KEY_MATERIAL: Rule = Rule::new(
    "credential.key-material",
    "SD-JWT VC §2.5",
    "What the credential says about its issuer's key can be read.",
);
/// The status.
pub const STATUS: Rule = Rule::new(
    "credential.status",
    "OID4VP 1.0 §8.6 step 2.5; Token Status List §8.3",
    "The credential is neither revoked nor suspended.",
);

/// All of them.
pub const ALL: [&Rule; 5] = [&SHAPE, &FORMAT, &COUNT, &KEY_MATERIAL, &STATUS];
