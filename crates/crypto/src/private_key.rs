//! What signers and decrypters have in common: drawing a private number, and taking a private JWK apart.

use credenza_core::{Random, b64, json};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Curve, Jwk, KeyError};

/// Draws numbers of the curve's length until `make` takes one: a number above the group's order is not a key.
pub(crate) fn draw<T>(
    curve: Curve,
    random: &dyn Random,
    make: impl Fn(&[u8]) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    for _ in 0..64 {
        let mut scalar = Zeroizing::new(vec![0; curve.coordinate()]);
        random.fill(&mut scalar);
        // P-521 has 521 bits in 66 bytes.
        if let (Curve::P521, Some(first)) = (curve, scalar.first_mut()) {
            *first &= 1;
        }
        if let Ok(key) = make(&scalar) {
            return Ok(key);
        }
    }
    Err(KeyError)
}

/// Takes a private JWK apart: its private number `d`, and the public JWK that is left.
pub(crate) fn split_jwk(jwk: &str) -> Result<(Zeroizing<Vec<u8>>, Jwk), KeyError> {
    let mut members = json::parse_object(jwk.as_bytes()).map_err(|_| KeyError)?;
    let Some(Value::String(d)) = members.remove("d") else { return Err(KeyError) };
    let scalar = Zeroizing::new(b64::decode(Zeroizing::new(d).as_str()).map_err(|_| KeyError)?);
    let public = Jwk::from_value(&Value::Object(members)).map_err(|_| KeyError)?;
    Ok((scalar, public))
}
