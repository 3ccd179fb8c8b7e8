//! Credentials of every format, from the offer to the wallet.

mod configured;
mod issued;
mod refused;
pub(crate) mod zoo;
