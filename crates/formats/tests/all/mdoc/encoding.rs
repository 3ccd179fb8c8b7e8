//! What is issued and presented, item by item: read as CBOR, without our own parsers of mdocs.

use std::collections::{BTreeMap, BTreeSet};

use credenza_core::UnixTime;
use credenza_crypto::cose::{self, CborError, Content, CoseKey, Label, Reader, SigningHeader, Writer};
use credenza_crypto::{Certificate, HashAlgorithm, Signer as _};
use credenza_formats::mdoc::{Held, MDL, MdocLimits};

use super::support::{
    DAY, Forgery, MDL_PATH, NOW, cbor, embedded, holder, issued, issuer, licence, refused, transcript,
};
use crate::support::{now, paths};

/// The members of a map whose keys are texts, in their bytes.
fn members(bytes: &[u8]) -> BTreeMap<String, &[u8]> {
    let mut found = BTreeMap::new();
    let read = Reader::whole(bytes, |reader| {
        reader.map(|label, value| {
            let Label::Text(name) = label else { panic!("{label:?} is no text") };
            found.insert(name.to_owned(), value.any()?);
            Ok::<_, CborError>(())
        })
    });
    read.unwrap();
    found
}

fn names(members: &BTreeMap<String, &[u8]>) -> Vec<String> {
    members.keys().cloned().collect()
}

/// The members of a map whose keys are numbers.
fn numbered(bytes: &[u8]) -> BTreeMap<i64, &[u8]> {
    let mut found = BTreeMap::new();
    let read = Reader::whole(bytes, |reader| {
        reader.map(|label, value| {
            let Label::Integer(number) = label else { panic!("{label:?} is no number") };
            found.insert(number, value.any()?);
            Ok::<_, CborError>(())
        })
    });
    read.unwrap();
    found
}

fn items(bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    Reader::whole(bytes, |reader| {
        reader.array(|item| {
            found.push(item.any()?);
            Ok::<_, CborError>(())
        })
    })
    .unwrap();
    found
}

fn whole<'b, T>(bytes: &'b [u8], read: impl FnOnce(&mut Reader<'b>) -> Result<T, CborError>) -> T {
    Reader::whole(bytes, read).unwrap()
}

/// The content of an embedded item (tag 24).
fn content(bytes: &[u8]) -> &[u8] {
    whole(bytes, Reader::encoded).content
}

fn text(bytes: &[u8]) -> &str {
    whole(bytes, Reader::text)
}

/// The four parts of a COSE message: protected header, open header, payload, signature.
fn message(bytes: &[u8]) -> [&[u8]; 4] {
    items(bytes).try_into().unwrap_or_else(|parts: Vec<_>| panic!("{} parts", parts.len()))
}

// Clauses: MDOC-I-8.3-01, MDOC-I-8.3-02, MDOC-I-8.3-03, MDOC-I-9.1.2.5-01, MDOC-I-9.1.2.5-02, MDOC-I-9.1.2.4-01,
// MDOC-I-9.1.2.4-02, MDOC-I-9.1.2.4-03, MDOC-I-9.1.2.4-04, MDOC-I-9.1.2.4-06, MDOC-I-9.1.2.4-08, MDOC-I-9.1.2.4-09,
// MDOC-I-9.1.2.4-11, MDOC-I-9.1.2.4-12, MDOC-I-9.1.2.4-13, X509-A-9360-01
#[test]
fn what_an_issuer_signs() {
    let bytes = issued(&licence());
    let parts = members(&bytes);
    assert_eq!(names(&parts), ["issuerAuth", "nameSpaces"]);
    let [protected, open, payload, signature] = message(parts["issuerAuth"]);

    let mso = members(content(whole(payload, Reader::bytes)));
    assert_eq!(
        names(&mso),
        ["deviceKeyInfo", "digestAlgorithm", "docType", "validityInfo", "valueDigests", "version"]
    );
    assert_eq!((text(mso["version"]), text(mso["digestAlgorithm"])), ("1.0", "SHA-256"));
    assert_eq!(text(mso["docType"]), MDL);

    let digests = members(mso["valueDigests"]);
    let namespaces = members(parts["nameSpaces"]);
    assert_eq!(names(&digests), names(&namespaces));
    let mut salts = BTreeSet::new();
    for (namespace, elements) in &namespaces {
        let digests = numbered(digests[namespace]);
        let elements = items(elements);
        assert_eq!(digests.len(), elements.len(), "one digest for each element of {namespace}");
        for element in elements {
            let item = members(content(element));
            assert_eq!(names(&item), ["digestID", "elementIdentifier", "elementValue", "random"]);
            let (id, salt) =
                (whole(item["digestID"], Reader::unsigned), whole(item["random"], Reader::bytes));
            assert!(id < 1 << 31 && !text(item["elementIdentifier"]).is_empty());
            assert!(salt.len() >= 16 && salts.insert(salt.to_vec()));
            // The tag and the head of the byte string are hashed too.
            let digest = whole(digests[&i64::try_from(id).unwrap()], Reader::bytes);
            assert_eq!(digest, HashAlgorithm::Sha256.hash(element).as_ref());
            assert_ne!(digest, HashAlgorithm::Sha256.hash(content(element)).as_ref());
        }
    }

    let device_key = members(mso["deviceKeyInfo"])["deviceKey"];
    assert_eq!(CoseKey::parse(device_key).unwrap().key, holder().public_key());
    let validity = members(mso["validityInfo"]);
    assert_eq!(names(&validity), ["signed", "validFrom", "validUntil"]);
    let times = ["signed", "validFrom", "validUntil"].map(|name| {
        let time = whole(validity[name], |reader| reader.tagged_as(0, Reader::text));
        assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
        UnixTime::from_rfc3339(time).unwrap()
    });
    assert!(times[0] <= times[1] && times[1] < times[2]);

    assert_eq!(whole(numbered(whole(protected, Reader::bytes))[&1], Reader::integer), -7);
    let open = numbered(open);
    assert_eq!(open.keys().collect::<Vec<_>>(), [&33]);
    // One certificate is a byte string, and it is the signer's and not the authority's.
    let certificate = Certificate::parse(whole(open[&33], Reader::bytes)).unwrap();
    assert_eq!(certificate.key, issuer().public_key());
    assert!(!certificate.is_self_issued() && !certificate.is_ca);
    assert!(certificate.not_before <= times[0] && times[0] <= certificate.not_after);

    // The signature is over the embedded object, with nothing beside it.
    let signed = cbor(|out| {
        out.array(4).text("Signature1").raw(protected).bytes(&[]).raw(payload);
    });
    let verified = issuer().public_key().verify(
        credenza_crypto::Algorithm::Es256,
        &signed,
        whole(signature, Reader::bytes),
    );
    assert_eq!(verified, Ok(()));
}

// Clauses: X509-A-9360-01
#[test]
fn several_certificates_are_an_array_with_the_signers_first() {
    let stranger = super::support::issuer_with(super::support::key(66), "UT", NOW - DAY, DAY + DAY);
    let chain = [issuer().x5c().to_vec(), stranger.x5c().to_vec()].concat();
    let issued = Forgery { chain: chain.clone(), ..Forgery::default() }.issuer_signed();
    let [_, open, ..] = message(members(&issued)["issuerAuth"]);
    let open = numbered(open);
    let written: Vec<_> = items(open[&33]).into_iter().map(|one| whole(one, Reader::bytes)).collect();
    assert_eq!(written, chain);
    // A single one in an array is read as what it is; an empty array is no certificate, and a text is none either.
    let response = Forgery::default().response();
    let right = cbor(|out| drop_ref(out.bytes(&issuer().x5c()[0])));
    let other = |wrong: &[u8]| super::support::replace(&response, &right, wrong);
    super::support::accepted(&other(&cbor(|out| drop_ref(out.array(1).bytes(&issuer().x5c()[0])))));
    for wrong in [cbor(|out| drop_ref(out.array(0))), cbor(|out| drop_ref(out.text("x")))] {
        let (verified, report) = super::support::check(&other(&wrong));
        assert!(verified.is_none(), "{report}");
    }
}

fn drop_ref(_: &mut Writer) {}

// Clauses: MDOC-H-8.3-01, MDOC-H-8.3-02, MDOC-H-8.3-03, MDOC-H-9.1.3-01, MDOC-H-9.1.3-02, MDOC-H-9.1.3-03,
// MDOC-H-9.1.3-05, MDOC-H-HAIP-01
// Checks: WVP-062, WVP-066
#[test]
fn what_a_holder_presents() {
    let issued = issued(&licence());
    let held = Held::restore(issued.clone(), &MdocLimits::default()).unwrap();
    let response = now(held.present(&paths(&[MDL_PATH])).sign(&holder(), &transcript())).unwrap();
    let response = members(&response);
    assert_eq!(names(&response), ["documents", "status", "version"]);
    assert_eq!((text(response["version"]), whole(response["status"], Reader::unsigned)), ("1.0", 0));
    let [document] = items(response["documents"])[..] else { panic!("one document") };
    let document = members(document);
    assert_eq!(names(&document), ["deviceSigned", "docType", "issuerSigned"]);
    assert_eq!(text(document["docType"]), MDL);

    // What the issuer has made comes as it was, byte for byte.
    let (before, after) = (members(&issued), members(document["issuerSigned"]));
    assert_eq!(after["issuerAuth"], before["issuerAuth"]);
    let [(_, shown)] = members(after["nameSpaces"]).into_iter().collect::<Vec<_>>()[..] else {
        panic!("one namespace")
    };
    let [shown] = items(shown)[..] else { panic!("one element") };
    let all = members(before["nameSpaces"]).into_values().flat_map(items).collect::<Vec<_>>();
    assert!(all.contains(&shown) && all.len() == 11);
    assert_eq!(text(members(content(shown))["elementIdentifier"]), "family_name");

    let device_signed = members(document["deviceSigned"]);
    assert_eq!(names(&device_signed), ["deviceAuth", "nameSpaces"]);
    assert_eq!(device_signed["nameSpaces"], embedded(&[0xa0]), "an empty map, embedded");
    let auth = members(device_signed["deviceAuth"]);
    assert_eq!(names(&auth), ["deviceSignature"]);
    let [protected, _, payload, signature] = message(auth["deviceSignature"]);
    whole(payload, Reader::null);
    let authentication = cbor(|out| {
        out.array(4).text("DeviceAuthentication").raw(transcript().as_bytes()).text(MDL);
        out.raw(&embedded(&[0xa0]));
    });
    let signed = cbor(|out| {
        out.array(4).text("Signature1").raw(protected).bytes(&[]).bytes(&embedded(&authentication));
    });
    let verified = holder().public_key().verify(
        credenza_crypto::Algorithm::Es256,
        &signed,
        whole(signature, Reader::bytes),
    );
    assert_eq!(verified, Ok(()));
}

// Clauses: MDOC-I-9.1.2.4-01, MDOC-H-9.1.3-02
#[test]
fn external_data_belongs_to_no_signature_of_an_mdoc() {
    let forged = |external: &[u8]| {
        let response = Forgery::default().response();
        let [document] = items(members(&response)["documents"])[..] else { panic!("one document") };
        let auth = members(members(document)["issuerSigned"])["issuerAuth"];
        let [_, _, payload, _] = message(auth);
        let payload = whole(payload, Reader::bytes);
        let issuer = issuer();
        let header = SigningHeader { open_x5chain: issuer.x5c(), ..SigningHeader::new(&issuer) };
        let other = now(cose::sign1(&issuer, &header, Content::Attached(payload), external)).unwrap();
        super::support::replace(&response, auth, &other)
    };
    super::support::accepted(&forged(b""));
    refused(&forged(b"more"), "mdoc.issuer-auth.signature");
}
