//! The types of credentials that a new service issues: one in each family of formats.

/// The identity of a person as an SD-JWT VC.
pub const PID: &str = include_str!("credential-types/pid.json");

/// A driving licence as an mdoc (ISO/IEC 18013-5).
pub const MDL: &str = include_str!("credential-types/mdl.json");

/// The identity of a person as an mdoc.
pub const PID_MDOC: &str = include_str!("credential-types/pid-mdoc.json");

/// A diploma as a W3C credential.
pub const DIPLOMA: &str = include_str!("credential-types/diploma.json");

/// All of them, each by the name of the file that `init` writes.
pub const CREDENTIAL_TYPES: [(&str, &str); 4] =
    [("pid.json", PID), ("mdl.json", MDL), ("pid-mdoc.json", PID_MDOC), ("diploma.json", DIPLOMA)];
