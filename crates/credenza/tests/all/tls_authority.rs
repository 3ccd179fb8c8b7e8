//! An authority for TLS, as files: its root, and one certificate for `localhost` with its key.

use std::fs;
use std::time::Duration;

use credenza::core::{AddressPolicy, Http as _, Limits};
use credenza::http::ReqwestHttp;
use credenza::keys;
use http::Request;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

pub(crate) struct Authority {
    pub(crate) folder: TempDir,
    /// DER.
    pub(crate) root: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = ca.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        fs::write(folder.path().join("root.pem"), root.pem()).unwrap();
        fs::write(folder.path().join("certificate.pem"), leaf.pem()).unwrap();
        keys::write_private(&folder.path().join("key.pem"), key.serialize_pem().as_bytes()).unwrap();
        Self { root: root.der().to_vec(), folder }
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A client that believes it.
    pub(crate) fn http(&self) -> ReqwestHttp {
        ReqwestHttp::new(AddressPolicy::Loopback).with_roots(vec![self.root.clone()])
    }

    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> (u16, String) {
        let limits = Limits { time: Duration::from_secs(60), ..Limits::default() };
        let response = self.http().send(request, limits).await.unwrap();
        (response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
    }
}
