//! What the tests of mdoc share: keys, a document, and a forger that signs whatever it is told to.

use std::sync::LazyLock;
use std::time::Duration;

use credenza_core::{Report, SeededRandom, UnixTime};
use credenza_crypto::cose::{self, Content, Reader, SigningHeader, Writer};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile, Subject};
use credenza_crypto::{Algorithm, HashAlgorithm, PublicKey, Signer, SoftwareSigner};
use credenza_formats::mdoc::{
    DeviceBinding, DeviceResponse, Document, ElementTypes, Expected, HolderBinding, Issuance,
    KeyAuthorizations, MDL, MDL_NAMESPACE, MdocLimits, SessionTranscript, ValidityInfo, Verified,
    device_auth, issue, verify,
};
use serde_json::{Value, json};

use crate::support::{failed, now, object};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_748_537_250);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const NO_AUTHORIZATIONS: KeyAuthorizations =
    KeyAuthorizations { namespaces: Vec::new(), elements: Vec::new() };

/// The path of one element of the licence.
pub(crate) const MDL_PATH: &str = r#"["org.iso.18013.5.1", "family_name"]"#;

pub(crate) fn key(seed: u64) -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap()
}

pub(crate) fn holder() -> SoftwareSigner {
    key(22)
}

/// A document signer of Utopia, always with the same certificate.
pub(crate) fn issuer() -> SoftwareSigner {
    static CERTIFICATE: LazyLock<Vec<u8>> =
        LazyLock::new(|| issuer_with(key(11), "UT", NOW - 10 * DAY, 20 * DAY).x5c()[0].clone());
    key(11).with_x5c(vec![CERTIFICATE.clone()])
}

pub(crate) fn issuer_with(
    signer: SoftwareSigner,
    country: &str,
    from: UnixTime,
    lifetime: Duration,
) -> SoftwareSigner {
    let random = SeededRandom::new(5);
    let authority =
        CertificateAuthority::generate("Utopia IACA", NOW - 100 * DAY, 1000 * DAY, &random).unwrap();
    let subject = Subject { country: Some(country.to_owned()), ..Subject::from("Utopia signer") };
    let profile = LeafProfile::new(subject, from, lifetime).purpose("1.0.18013.5.1.2");
    let leaf = authority.issue(&signer.public_key(), &profile, &random).unwrap();
    signer.with_x5c(vec![leaf])
}

pub(crate) fn validity() -> ValidityInfo {
    ValidityInfo {
        signed: NOW - DAY,
        valid_from: NOW - DAY,
        valid_until: NOW + 30 * DAY,
        expected_update: None,
    }
}

pub(crate) fn licence() -> Value {
    json!({
        MDL_NAMESPACE: {
            "family_name": "Mustermann",
            "given_name": "Erika",
            "birth_date": "1971-09-01",
            "issue_date": "2024-08-12",
            "expiry_date": "2034-08-11",
            "issuing_country": "UT",
            "portrait": "_9j_4AAQ",
            "age_over_18": true,
            "height": 165,
            "driving_privileges": [
                { "vehicle_category_code": "B", "issue_date": "1989-10-01", "expiry_date": "2034-08-11" },
            ],
        },
        "org.iso.18013.5.1.UT": { "club": "Utopia United" },
    })
}

/// Issues a licence with these claims to the holder.
pub(crate) fn issued(claims: &Value) -> Vec<u8> {
    issued_with(claims, &holder().public_key(), &NO_AUTHORIZATIONS)
}

pub(crate) fn issued_with(
    claims: &Value,
    holder: &PublicKey,
    key_authorizations: &KeyAuthorizations,
) -> Vec<u8> {
    let issuance = Issuance {
        doc_type: MDL,
        claims: &object(claims.clone()),
        types: &ElementTypes::standard(),
        holder,
        validity: validity(),
        hash: HashAlgorithm::Sha256,
        status: None,
        key_authorizations,
    };
    now(issue(&issuer(), &issuance, &SeededRandom::new(7))).unwrap()
}

pub(crate) fn transcript() -> SessionTranscript {
    SessionTranscript::openid4vp(
        "x509_san_dns:verifier.example.org",
        "n-0S6_WzA2Mj",
        Some(&[7; 32]),
        "https://verifier.example.org/response",
    )
}

/// Verifies the single document of a response with the test issuer's key and the test transcript.
pub(crate) fn check(response: &[u8]) -> (Option<Verified>, Report) {
    let transcript = transcript();
    let holder_binding = HolderBinding::Required(DeviceBinding::new(&transcript));
    check_with(response, &Expected { holder_binding, ..Expected::new(NOW) })
}

pub(crate) fn check_with(response: &[u8], expected: &Expected<'_>) -> (Option<Verified>, Report) {
    check_by(response, &issuer().public_key(), expected)
}

pub(crate) fn check_by(
    response: &[u8],
    issuer_key: &PublicKey,
    expected: &Expected<'_>,
) -> (Option<Verified>, Report) {
    let mut report = Report::new("test");
    let verified = DeviceResponse::read(response, &MdocLimits::default(), &mut report)
        .and_then(|response| response.single(&mut report))
        .and_then(|document: Document<'_>| now(verify(&document, issuer_key, expected, &mut report)));
    assert_eq!(verified.is_some(), report.ok(), "{report}");
    (verified, report)
}

pub(crate) fn accepted(response: &[u8]) -> Verified {
    let (verified, report) = check(response);
    verified.unwrap_or_else(|| panic!("{report}"))
}

pub(crate) fn refused(response: &[u8], rule: &str) {
    let (verified, report) = check(response);
    assert!(verified.is_none(), "accepted, and {rule} should have failed");
    failed(&report, rule);
}

/// Encodes what `write` writes.
pub(crate) fn cbor(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out);
    out.into_bytes()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    cbor(|out| drop_ref(out.text(text)))
}

fn drop_ref(_: &mut Writer) {}

/// An embedded item (tag 24).
pub(crate) fn embedded(content: &[u8]) -> Vec<u8> {
    cbor(|out| drop_ref(out.encoded(content)))
}

/// The content of an item, with 16 bytes of salt.
pub(crate) fn item(id: u64, identifier: &str, value: &[u8]) -> Vec<u8> {
    salted_item(id, &[3; 16], identifier, value)
}

pub(crate) fn salted_item(id: u64, salt: &[u8], identifier: &str, value: &[u8]) -> Vec<u8> {
    cbor(|out| {
        out.map(4).text("digestID").unsigned(id).text("random").bytes(salt);
        out.text("elementIdentifier").text(identifier).text("elementValue").raw(value);
    })
}

pub(crate) fn tdate(text: &str) -> Vec<u8> {
    cbor(|out| drop_ref(out.tag(0).text(text)))
}

/// How a forged presentation is authenticated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    Signature,
    Both,
    Neither,
    NoDeviceSigned,
}

/// A presentation of which every part can be replaced. It is signed after that, so that only what was replaced is
/// wrong with it.
pub(crate) struct Forgery {
    pub(crate) issuer: SoftwareSigner,
    pub(crate) holder: SoftwareSigner,
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) protected_chain: Vec<Vec<u8>>,
    pub(crate) algorithm: i64,
    pub(crate) items: Vec<(&'static str, Vec<Vec<u8>>)>,
    /// What is signed instead of the items' own digests.
    pub(crate) digests: Option<Vec<u8>>,
    pub(crate) mso_version: &'static str,
    pub(crate) digest_algorithm: &'static str,
    pub(crate) hash: HashAlgorithm,
    pub(crate) mso_doc_type: &'static str,
    pub(crate) doc_type: &'static str,
    /// The value of `deviceKeyInfo`.
    pub(crate) device_key_info: Option<Vec<u8>>,
    /// `signed`, `validFrom`, `validUntil`
    pub(crate) times: [Vec<u8>; 3],
    /// The map in `deviceSigned.nameSpaces`.
    pub(crate) device_namespaces: Vec<u8>,
    pub(crate) auth: Auth,
    pub(crate) attached: bool,
    pub(crate) transcript: SessionTranscript,
    pub(crate) version: &'static str,
    pub(crate) status: u64,
    /// Replaced by another before it is sent: what was signed and what comes instead.
    pub(crate) swap: Option<(Vec<u8>, Vec<u8>)>,
    /// More of the document's members, as keys and values.
    pub(crate) more: Vec<u8>,
}

impl Default for Forgery {
    fn default() -> Self {
        let issuer = issuer();
        let time = |time: UnixTime| tdate(&time.to_rfc3339());
        Self {
            chain: issuer.x5c().to_vec(),
            protected_chain: Vec::new(),
            issuer,
            holder: holder(),
            algorithm: -7,
            items: vec![(
                MDL_NAMESPACE,
                vec![item(0, "family_name", &text("Mustermann")), item(1, "given_name", &text("Erika"))],
            )],
            digests: None,
            mso_version: "1.0",
            digest_algorithm: "SHA-256",
            hash: HashAlgorithm::Sha256,
            mso_doc_type: MDL,
            doc_type: MDL,
            device_key_info: None,
            times: [time(NOW - DAY), time(NOW - DAY), time(NOW + DAY)],
            device_namespaces: vec![0xa0],
            auth: Auth::Signature,
            attached: false,
            transcript: transcript(),
            version: "1.0",
            status: 0,
            swap: None,
            more: Vec::new(),
        }
    }
}

impl Forgery {
    pub(crate) fn response(&self) -> Vec<u8> {
        let document = self.document();
        let response = cbor(|out| {
            out.map(3).text("version").text(self.version).text("documents").array(1).raw(&document);
            out.text("status").unsigned(self.status);
        });
        match &self.swap {
            None => response,
            Some((before, after)) => replace(&response, before, after),
        }
    }

    pub(crate) fn document(&self) -> Vec<u8> {
        let issuer_signed = self.issuer_signed();
        let device_signed = self.device_signed();
        cbor(|out| {
            let members = 2 + usize::from(device_signed.is_some()) + usize::from(!self.more.is_empty());
            out.map(members).text("docType").text(self.doc_type);
            out.text("issuerSigned").raw(&issuer_signed);
            if let Some(device_signed) = device_signed {
                out.text("deviceSigned").raw(&device_signed);
            }
            out.raw(&self.more);
        })
    }

    pub(crate) fn issuer_signed(&self) -> Vec<u8> {
        let mso = embedded(&self.mso());
        let header = SigningHeader {
            algorithm: self.algorithm,
            open_x5chain: &self.chain,
            x5chain: &self.protected_chain,
            ..SigningHeader::default()
        };
        let issuer_auth = now(cose::sign1(&self.issuer, &header, Content::Attached(&mso), &[])).unwrap();
        cbor(|out| {
            out.map(2).text("nameSpaces").map(self.items.len());
            for (namespace, items) in &self.items {
                out.text(namespace).array(items.len());
                for item in items {
                    out.encoded(item);
                }
            }
            out.text("issuerAuth").raw(&issuer_auth);
        })
    }

    fn mso(&self) -> Vec<u8> {
        let digests = self.digests.clone().unwrap_or_else(|| digests(&self.items, self.hash));
        cbor(|out| {
            out.map(6).text("version").text(self.mso_version);
            out.text("digestAlgorithm").text(self.digest_algorithm).text("valueDigests").raw(&digests);
            let device_key_info = self
                .device_key_info
                .clone()
                .unwrap_or_else(|| device_key_info(&self.holder.public_key(), &[]));
            out.text("deviceKeyInfo").raw(&device_key_info);
            out.text("docType").text(self.mso_doc_type).text("validityInfo").map(3);
            for (name, time) in ["signed", "validFrom", "validUntil"].iter().zip(&self.times) {
                out.text(name).raw(time);
            }
        })
    }

    fn device_signed(&self) -> Option<Vec<u8>> {
        let namespaces = embedded(&self.device_namespaces);
        let content = device_auth::device_authentication(&self.transcript, self.mso_doc_type, &namespaces);
        let header = SigningHeader::new(&self.holder);
        let content = if self.attached { Content::Attached(&content) } else { Content::Detached(&content) };
        let signature = now(cose::sign1(&self.holder, &header, content, &[])).unwrap();
        let mac = cose::mac0(&cose::MacKey::new(b"any"), content, &[]);
        let auth = cbor(|out| match self.auth {
            Auth::Signature | Auth::NoDeviceSigned => {
                drop_ref(out.map(1).text("deviceSignature").raw(&signature));
            }
            Auth::Both => {
                out.map(2).text("deviceSignature").raw(&signature).text("deviceMac").raw(&mac);
            }
            Auth::Neither => drop_ref(out.map(0)),
        });
        (self.auth != Auth::NoDeviceSigned).then(|| {
            cbor(|out| {
                out.map(2).text("nameSpaces").raw(&namespaces).text("deviceAuth").raw(&auth);
            })
        })
    }
}

/// `deviceKeyInfo` with that key, and with `keyAuthorizations` when there are some.
pub(crate) fn device_key_info(key: &PublicKey, authorizations: &[u8]) -> Vec<u8> {
    cbor(|out| {
        out.map(1 + usize::from(!authorizations.is_empty())).text("deviceKey");
        cose::key::write(key, out).unwrap();
        if !authorizations.is_empty() {
            out.text("keyAuthorizations").raw(authorizations);
        }
    })
}

/// `valueDigests` of these items.
pub(crate) fn digests(items: &[(&str, Vec<Vec<u8>>)], hash: HashAlgorithm) -> Vec<u8> {
    cbor(|out| {
        out.map(items.len());
        for (namespace, items) in items {
            let mut digests: Vec<(u64, Vec<u8>)> = Vec::new();
            for item in items {
                let id = digest_id(item);
                let digest = hash.hash(&embedded(item)).as_ref().to_vec();
                if digests.iter().all(|(known, _)| *known != id) {
                    digests.push((id, digest));
                }
            }
            out.text(namespace).map(digests.len());
            for (id, digest) in digests {
                out.unsigned(id).bytes(&digest);
            }
        }
    })
}

/// The number in an item, which may be broken in any other place.
fn digest_id(item: &[u8]) -> u64 {
    let name = b"digestID";
    let at = item.windows(name.len()).position(|part| part == name).unwrap();
    Reader::new(&item[at + name.len()..]).unsigned().unwrap()
}

/// Replaces the only occurrence.
pub(crate) fn replace(bytes: &[u8], before: &[u8], after: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = bytes
        .windows(before.len())
        .enumerate()
        .filter(|(_, part)| *part == before)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 1, "it occurs {} times", places.len());
    let (front, back) = bytes.split_at(places[0]);
    [front, after, &back[before.len()..]].concat()
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
