//! A session with a token: found, signed in, and with its key at hand.

use credenza_core::Secret;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use der::Decode as _;
use der::asn1::{ObjectIdentifier, OctetString};

use super::{Pkcs11Error, Pkcs11Uri};
use crate::hash::HashAlgorithm;
use crate::{Algorithm, Curve, PublicKey};

/// Bytes of the salt of RSA-PSS with SHA-256 (RFC 7518 §3.5).
const SALT: usize = 32;

/// How to reach the key: everything that a new session needs.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) module: Pkcs11,
    pub(super) uri: Pkcs11Uri,
    pub(super) pin: Secret,
}

/// A session that is signed in, and the key.
pub(super) struct Connection {
    session: Session,
    key: ObjectHandle,
}

impl Access {
    /// Opens a session and finds the key.
    pub(super) fn connect(&self) -> Result<Connection, Pkcs11Error> {
        match self.module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(error.into()),
        }
        let session = self.module.open_ro_session(self.slot()?)?;
        match session.login(UserType::User, Some(&AuthPin::new(self.pin.expose().into()))) {
            // Signed in is the whole process, not the session.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(error.into()),
        }
        let key = match session.find_objects(&self.template(ObjectClass::PRIVATE_KEY))?.as_slice() {
            [key] => *key,
            [] => return Err(Pkcs11Error::NoKey),
            _ => return Err(Pkcs11Error::SeveralKeys),
        };
        Ok(Connection { session, key })
    }

    fn slot(&self) -> Result<Slot, Pkcs11Error> {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        let mut found = None;
        for slot in self.module.get_slots_with_token()? {
            // A token that can't be asked is none of ours.
            let Ok(token) = self.module.get_token_info(slot) else { continue };
            let ours = token.token_initialized()
                && fits(&self.uri.token, token.label())
                && fits(&self.uri.serial, token.serial_number())
                && fits(&self.uri.model, token.model())
                && fits(&self.uri.manufacturer, token.manufacturer_id());
            if ours && found.replace(slot).is_some() {
                return Err(Pkcs11Error::SeveralTokens);
            }
        }
        found.ok_or(Pkcs11Error::NoToken)
    }

    fn template(&self, class: ObjectClass) -> Vec<Attribute> {
        let mut template = vec![Attribute::Class(class)];
        template.extend(self.uri.object.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
        template.extend(self.uri.id.clone().map(Attribute::Id));
        template
    }
}

impl Connection {
    /// The public key beside the private one, when it is on the token.
    pub(super) fn public_key(&self, access: &Access) -> Result<Option<PublicKey>, Pkcs11Error> {
        let found = self.session.find_objects(&access.template(ObjectClass::PUBLIC_KEY))?;
        let [object] = found.as_slice() else { return Ok(None) };
        let wanted = [
            AttributeType::KeyType,
            AttributeType::EcParams,
            AttributeType::EcPoint,
            AttributeType::Modulus,
            AttributeType::PublicExponent,
        ];
        let (mut kind, mut parameters, mut point) = (None, None, None);
        let (mut modulus, mut exponent) = (None, None);
        for attribute in self.session.get_attributes(*object, &wanted)? {
            match attribute {
                Attribute::KeyType(found) => kind = Some(found),
                Attribute::EcParams(found) => parameters = Some(found),
                Attribute::EcPoint(found) => point = Some(found),
                Attribute::Modulus(found) => modulus = Some(found),
                Attribute::PublicExponent(found) => exponent = Some(found),
                _ => {}
            }
        }
        let key = match kind {
            Some(KeyType::EC) => parameters.zip(point).and_then(|(curve, point)| ec_key(&curve, &point)),
            Some(KeyType::RSA) => modulus.zip(exponent).and_then(|(modulus, exponent)| {
                PublicKey::from_rsa(unsigned(&modulus), unsigned(&exponent)).ok()
            }),
            _ => None,
        };
        key.map(Some).ok_or(Pkcs11Error::KeyType)
    }

    /// The certificate beside the key (DER), when there is exactly one on the token.
    pub(super) fn certificate(&self, access: &Access) -> Result<Option<Vec<u8>>, Pkcs11Error> {
        let found = self.session.find_objects(&access.template(ObjectClass::CERTIFICATE))?;
        let [object] = found.as_slice() else { return Ok(None) };
        let attributes = self.session.get_attributes(*object, &[AttributeType::Value])?;
        Ok(attributes.into_iter().find_map(|attribute| match attribute {
            Attribute::Value(der) => Some(der),
            _ => None,
        }))
    }

    /// Signs a message.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        let hash = match algorithm {
            Algorithm::Es256 => HashAlgorithm::Sha256,
            Algorithm::Es384 => HashAlgorithm::Sha384,
            Algorithm::Es512 => HashAlgorithm::Sha512,
            Algorithm::Ps256 => {
                let parameters = PkcsPssParams {
                    hash_alg: MechanismType::SHA256,
                    mgf: PkcsMgfType::MGF1_SHA256,
                    s_len: SALT.try_into()?,
                };
                return self.session.sign(&Mechanism::Sha256RsaPkcsPss(parameters), self.key, message);
            }
            Algorithm::Rs256 => return self.session.sign(&Mechanism::Sha256RsaPkcs, self.key, message),
            Algorithm::EdDsa | Algorithm::Es256K => return Err(Error::NotSupported),
        };
        self.session.sign(&Mechanism::Ecdsa, self.key, hash.hash(message).as_ref())
    }
}

/// Whether a new session may help.
pub(super) fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::SessionClosed
                | RvError::SessionHandleInvalid
                | RvError::UserNotLoggedIn
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::CryptokiNotInitialized
                | RvError::GeneralError
                | RvError::FunctionFailed,
            _
        )
    )
}

fn ec_key(parameters: &[u8], point: &[u8]) -> Option<PublicKey> {
    let curve: ObjectIdentifier = ObjectIdentifier::from_der(parameters).ok()?;
    let curve = match curve.to_string().as_str() {
        "1.2.840.10045.3.1.7" => Curve::P256,
        "1.3.132.0.34" => Curve::P384,
        "1.3.132.0.35" => Curve::P521,
        _ => return None,
    };
    // In an octet string, as the standard says; some tokens leave that out.
    let wrapped = OctetString::from_der(point).ok();
    let point = wrapped.as_ref().map_or(point, OctetString::as_bytes);
    PublicKey::from_point(curve, point).ok()
}

/// A big-endian number without leading zeros.
fn unsigned(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
