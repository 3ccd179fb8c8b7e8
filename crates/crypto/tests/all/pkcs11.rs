//! Keys on a token, with SoftHSM: each test runs in a process of its own, because a module reads its configuration once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use credenza_core::Secret;
use credenza_crypto::pkcs11::{Pkcs11Error, Pkcs11Signer, Pkcs11Uri, SESSIONS};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, Signer, contract};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, CertificateType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;

const PIN: &str = "1234";
const LABEL: &str = "issuers";

/// Where Debian has the module.
const MODULES: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

fn module() -> &'static Path {
    MODULES.iter().map(Path::new).find(|path| path.exists()).expect("SoftHSM: apt-get install softhsm2")
}

/// Runs the ignored test of that name with a token of its own.
fn with_a_token(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (tokens, config) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
    std::fs::create_dir(&tokens).unwrap();
    std::fs::write(&config, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))
        .unwrap();
    let initialized = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", LABEL, "--so-pin", "5678", "--pin", PIN])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .expect("SoftHSM: apt-get install softhsm2");
    assert!(initialized.status.success(), "{}", String::from_utf8_lossy(&initialized.stderr));
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("pkcs11::inside::{test}"), "--nocapture"])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn keys_of_every_kind_keep_the_contract() {
    with_a_token("every_kind");
}

#[test]
fn a_restarted_token_is_found_again() {
    with_a_token("restart");
}

#[test]
fn what_is_wrong_is_said() {
    with_a_token("wrong");
}

#[test]
fn many_signatures_at_once() {
    with_a_token("at_once");
}

#[test]
fn a_module_that_is_none() {
    let uri = Pkcs11Uri::parse("pkcs11:object=x").unwrap();
    let error = open_with(&uri, Path::new("/nonexistent.so"), PIN).unwrap_err();
    assert!(matches!(error, Pkcs11Error::Module(_)), "{error}");
}

fn open_with(uri: &Pkcs11Uri, module: &Path, pin: &str) -> Result<Pkcs11Signer, Pkcs11Error> {
    Pkcs11Signer::open(uri, module, Secret::new(pin.to_owned()), Vec::new(), SESSIONS)
}

fn open(uri: &str, pin: &str) -> Result<Pkcs11Signer, Pkcs11Error> {
    open_with(&Pkcs11Uri::parse(uri).unwrap(), module(), pin)
}

/// Waits for a future that another thread completes.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

/// What a token's keeper does, and a service does not.
struct Keeper(Pkcs11);

impl Keeper {
    fn new() -> Self {
        let module = Pkcs11::new(module()).unwrap();
        let _ = module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
        Self(module)
    }

    fn slot(&self) -> cryptoki::slot::Slot {
        let ours = |slot: &&cryptoki::slot::Slot| self.0.get_token_info(**slot).unwrap().label() == LABEL;
        *self.0.get_slots_with_token().unwrap().iter().find(ours).unwrap()
    }

    fn make(&self, mechanism: &Mechanism<'_>, label: &str, id: u8, more: &[Attribute]) {
        let session = self.0.open_rw_session(self.slot()).unwrap();
        let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
        let name = [Attribute::Token(true), Attribute::Label(label.into()), Attribute::Id(vec![id])];
        let public: Vec<Attribute> = name.iter().chain(more).cloned().collect();
        let private: Vec<Attribute> = name.iter().cloned().chain([Attribute::Sign(true)]).collect();
        session.generate_key_pair(mechanism, &public, &private).unwrap();
    }

    fn certify(&self, label: &str, id: u8, certificate: &[u8]) {
        let session = self.0.open_rw_session(self.slot()).unwrap();
        let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
        let object = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            Attribute::Token(true),
            Attribute::Label(label.into()),
            Attribute::Id(vec![id]),
            Attribute::Subject(vec![0x30, 0]),
            Attribute::Value(certificate.to_vec()),
        ];
        session.create_object(&object).unwrap();
    }

    fn make_ec(&self, curve: &[u8], label: &str, id: u8) {
        let more = [Attribute::EcParams(curve.to_vec()), Attribute::Verify(true)];
        self.make(&Mechanism::EccKeyPairGen, label, id, &more);
    }
}

const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];

mod inside {
    use super::*;

    #[test]
    #[ignore = "runs within a token of its own"]
    fn every_kind() {
        let keeper = Keeper::new();
        for (curve, label, algorithm) in [
            (P256, "p256", Algorithm::Es256),
            (P384, "p384", Algorithm::Es384),
            (P521, "p521", Algorithm::Es512),
        ] {
            keeper.make_ec(curve, label, 1);
            let signer = open(&format!("pkcs11:token={LABEL};object={label}"), PIN).unwrap();
            assert_eq!(signer.algorithm(), algorithm);
            wait(contract::signer(&signer)).unwrap();
        }
        let rsa = [
            Attribute::ModulusBits(2048.into()),
            Attribute::PublicExponent(vec![1, 0, 1]),
            Attribute::Verify(true),
        ];
        keeper.make(&Mechanism::RsaPkcsKeyPairGen, "rsa", 9, &rsa);
        let signer = open("pkcs11:id=%09", PIN).unwrap();
        assert_eq!(signer.algorithm(), Algorithm::Ps256);
        wait(contract::signer(&signer)).unwrap();

        // With a certificate.
        let (now, day) = (credenza_core::UnixTime::from_secs(1_750_000_000), Duration::from_secs(86_400));
        let random = credenza_core::SystemRandom;
        let root = CertificateAuthority::generate("Root", now, day, &random).unwrap();
        let of = |label: &str| open(&format!("pkcs11:object={label}"), PIN).unwrap().public_jwk().key.clone();
        let chain = root.issue_chain(&of("p256"), &LeafProfile::new("Issuer", now, day), &random).unwrap();
        let certified = |label: &str| {
            let uri = Pkcs11Uri::parse(&format!("pkcs11:object={label}")).unwrap();
            Pkcs11Signer::open(&uri, module(), Secret::new(PIN.to_owned()), chain.clone(), 1)
        };
        wait(contract::signer(&certified("p256").unwrap())).unwrap();
        assert_eq!(certified("p384").unwrap_err(), Pkcs11Error::Certificate);
        keeper.certify("p256", 1, &chain[0]);
        assert_eq!(open("pkcs11:object=p256", PIN).unwrap().x5c(), chain);
    }

    #[test]
    #[ignore = "runs within a token of its own"]
    fn restart() {
        let keeper = Keeper::new();
        keeper.make_ec(P256, "key", 1);
        let signer = open("pkcs11:object=key", PIN).unwrap();
        wait(contract::signer(&signer)).unwrap();
        // Somebody signs the whole process out.
        keeper.0.open_ro_session(keeper.slot()).unwrap().logout().unwrap();
        wait(contract::signer(&signer)).unwrap();
        // Everything that the module has known is gone.
        keeper.0.clone().finalize().unwrap();
        wait(contract::signer(&signer)).unwrap();
    }

    #[test]
    #[ignore = "runs within a token of its own"]
    fn wrong() {
        let keeper = Keeper::new();
        assert_eq!(open("pkcs11:object=key", PIN).unwrap_err(), Pkcs11Error::NoKey);
        keeper.make_ec(P256, "key", 1);
        assert_eq!(open("pkcs11:object=key", "0000").unwrap_err(), Pkcs11Error::WrongPin);
        assert_eq!(open("pkcs11:token=others;object=key", PIN).unwrap_err(), Pkcs11Error::NoToken);
        assert_eq!(open("pkcs11:object=key;id=%07", PIN).unwrap_err(), Pkcs11Error::NoKey);
        keeper.make_ec(P256, "key", 2);
        assert_eq!(open("pkcs11:object=key", PIN).unwrap_err(), Pkcs11Error::SeveralKeys);
        let signer = open("pkcs11:object=key;id=%02", PIN).unwrap();

        // The token is taken out.
        let config = PathBuf::from(std::env::var_os("SOFTHSM2_CONF").unwrap());
        std::fs::remove_dir_all(config.with_file_name("tokens")).unwrap();
        std::fs::create_dir(config.with_file_name("tokens")).unwrap();
        keeper.0.clone().finalize().unwrap();
        let error = wait(signer.sign(b"message")).unwrap_err();
        assert!(error.to_string().contains("no token that matches"), "{error}");
    }

    #[test]
    #[ignore = "runs within a token of its own"]
    fn at_once() {
        let keeper = Keeper::new();
        keeper.make_ec(P256, "key", 1);
        let signer = open("pkcs11:object=key", PIN).unwrap();
        std::thread::scope(|scope| {
            for number in 0..16_u8 {
                let signer = &signer;
                scope.spawn(move || {
                    for _ in 0..8 {
                        let signature = wait(signer.sign(&[number])).unwrap();
                        let key = &signer.public_jwk().key;
                        key.verify(Algorithm::Es256, &[number], &signature).unwrap();
                    }
                });
            }
        });
    }
}
