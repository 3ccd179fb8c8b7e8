//! What both sides of OAuth share: metadata, forms, errors, authorization requests and responses (pushed or not), PKCE,
//! client authentication, tokens and DPoP; and the client's side of OpenID Connect.
//!
//! Nothing here knows credentials. The issuer (`credenza-vci`) builds its token endpoint from these parts, the wallet
//! its requests, and both mean the same by a DPoP proof or an error body.
//!
//! ```
//! use credenza_oauth::form::Form;
//!
//! let form = Form::parse(b"grant_type=authorization_code&code=abc").unwrap();
//! assert_eq!(form.get("code"), Some("abc"));
//! assert!(Form::parse(b"code=abc&code=def").is_err());
//! ```

pub mod authorization;
pub mod authorization_request;
pub mod authorization_response;
pub mod client_assertion;
pub mod client_attestation;
pub mod dpop;
pub mod error;
pub mod form;
pub mod metadata;
pub mod openid;
pub mod par;
pub mod pkce;
pub mod redirect_uri;
pub mod reply;
pub mod rules;
pub mod token;

pub use authorization::{Authorization, AuthorizationError, Scheme};
pub use authorization_request::{AuthorizationRequest, InvalidAuthorizationRequest};
pub use authorization_response::{AuthorizationResponse, ExpectedResponse, ResponseError};
pub use error::{EndpointError, ErrorBody};
pub use form::{Form, FormError};
pub use metadata::AuthorizationServerMetadata;
pub use par::PushedAuthorizationResponse;
pub use reply::{Reply, respond};
pub use token::{AccessToken, TokenType};
