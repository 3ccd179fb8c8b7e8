//! Who vouches for the issuer of a credential that is held, in whatever format it is.

use credenza_core::{Report, UnixTime, b64, json};
use credenza_crypto::{Header, Jwk, Jws};
use credenza_formats::held::HeldCredential;
use credenza_formats::mdoc::{self, IssuerSigned, MdocLimits};
use credenza_formats::w3c::data_integrity::verification_methods;
use credenza_formats::w3c::jwt::VcJwt;
use credenza_trust::{KeyMaterial, Purpose, Trust};
use serde_json::Value;

/// What a credential says about the key that it is signed with.
#[derive(Default)]
struct Signer {
    x5c: Option<Vec<Vec<u8>>>,
    kid: Option<String>,
    issuer: Option<String>,
    jwk: Option<Jwk>,
}

/// The evidence by which the issuer is trusted, or why nobody vouches for it. The signature is not verified again.
///
/// # Errors
/// Nobody does; the text says why.
pub async fn who_vouches(held: &HeldCredential, trust: &dyn Trust, now: UnixTime) -> Result<String, String> {
    let signer = signer(held)?;
    let material = KeyMaterial {
        x5c: signer.x5c.as_deref(),
        kid: signer.kid.as_deref(),
        issuer: signer.issuer.as_deref(),
        jwk: signer.jwk.as_ref(),
    };
    let purpose = Purpose::Issuer { credential_type: &held.credential_type };
    let trusted = trust.resolve(&material, purpose, now).await.map_err(|error| error.to_string())?;
    Ok(trusted.how.into_owned())
}

fn signer(held: &HeldCredential) -> Result<Signer, String> {
    let text = held.credential.as_str();
    if held.format == mdoc::FORMAT {
        let bytes = b64::decode(text).map_err(|error| error.to_string())?;
        let parsed =
            IssuerSigned::parse(&bytes, &MdocLimits::default()).map_err(|error| error.to_string())?;
        let chain = parsed.x5chain().iter().map(|certificate| certificate.to_vec()).collect();
        return Ok(Signer { x5c: Some(chain), ..Signer::default() });
    }
    if text.starts_with('{') {
        let document = json::parse_object(text.as_bytes()).map_err(|error| error.to_string())?;
        let kid = verification_methods(&document).first().map(|method| (*method).to_owned());
        let issuer = document.get("issuer").and_then(party).map(str::to_owned);
        return Ok(Signer { kid, issuer, ..Signer::default() });
    }
    let jwt = text.split('~').next().unwrap_or_default();
    // A W3C credential names its issuer itself; of an SD-JWT VC it is known from where it was fetched.
    if held.claims.contains_key("@context") {
        let read = VcJwt::read(jwt, &mut Report::new("")).ok_or("not a JWT")?;
        let issuer = read.dangerous_signer().map(str::to_owned);
        return of_header(read.header(), issuer);
    }
    let jws = Jws::parse(jwt).map_err(|error| error.to_string())?;
    of_header(&jws.header, Some(held.issuer.clone()))
}

fn of_header(header: &Header, issuer: Option<String>) -> Result<Signer, String> {
    let x5c = header.x5c().map_err(|error| error.to_string())?;
    let jwk = header.jwk().map_err(|error| error.to_string())?;
    Ok(Signer { x5c, kid: header.kid.clone(), issuer, jwk })
}

/// The URL of a party: itself, or the `id` of an object.
fn party(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("id")?.as_str())
}
