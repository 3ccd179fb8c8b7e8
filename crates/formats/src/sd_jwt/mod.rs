//! SD-JWT (RFC 9901) and SD-JWT VC: issue, parse, hold, present, bind to a holder's key, verify.

pub mod concealment;
pub mod hold;
pub mod issue;
pub mod json_form;
pub mod key_binding;
pub mod parse;
mod payload;
mod process;
pub mod rules;
mod selection;
mod vc;
pub mod verify;

pub use concealment::{Concealment, Decoys};
pub use hold::{Held, HoldError, Presentation};
pub use issue::{Issuance, IssueError, header, issue};
pub use json_form::{JsonForm, JsonFormError};
pub use key_binding::{BindError, Binding, KeyBinding, bind};
pub use parse::{ParseError, SdJwt, SdJwtLimits};
pub use process::Defect;
pub use verify::{Expected, HolderBinding, Verified, verify};

/// The media type of SD-JWT VC without `application/`, which is also the `typ` of its header and the name of the
/// format in OpenID4VCI and OpenID4VP (SD-JWT VC §2.1).
pub const MEDIA_TYPE: &str = "dc+sd-jwt";

/// What [`MEDIA_TYPE`] was called until November 2024. Read when it is asked for, never written.
pub const EARLIER_MEDIA_TYPE: &str = "vc+sd-jwt";

/// Which rules hold beside those of RFC 9901.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// SD-JWT VC: a verifiable credential.
    #[default]
    Credential,
    /// None: any JWT with claims that can be disclosed one by one.
    Plain,
}

impl Profile {
    /// Claims that are never in a disclosure, because validity depends on them (SD-JWT VC §2.2.2.3, RFC 9901 §9.7).
    #[must_use]
    pub const fn always_disclosed(self) -> &'static [&'static str] {
        match self {
            Self::Credential => &["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"],
            Self::Plain => &["iss", "nbf", "exp", "cnf"],
        }
    }

    /// Claims that are not concealed here: `aud` too, which RFC 9901 §9.7 only advises.
    fn not_concealable(self) -> impl Iterator<Item = &'static str> {
        self.always_disclosed().iter().copied().chain(["aud"])
    }
}
