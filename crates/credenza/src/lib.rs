//! Issue, hold, present and verify digital credentials over OpenID4VCI and OpenID4VP.

pub mod http;
