//! `credenza verify` with lists that name whom to trust, with contexts of one's own, and with DIDs.

use std::fs;
use std::time::Duration;

use credenza::core::{Clock as _, SystemClock, SystemRandom, b64};
use credenza::crypto::x509::{CertificateAuthority, LeafProfile, der_to_pem};
use credenza::crypto::{Algorithm, Header, IdentifiedBy, SoftwareSigner, jws};
use serde_json::{Value, json};

use crate::world::{bad, good, run};

const DAY: Duration = Duration::from_secs(86_400);
const TYPE: &str = "urn:example:person";

fn key() -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap()
}

#[tokio::test]
async fn a_list_says_who_issues() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let now = SystemClock.now();
    let authority =
        |name: &str| CertificateAuthority::generate(name, now - DAY, DAY * 100, &SystemRandom).unwrap();
    let (issuers, lists) = (authority("Issuers"), authority("Lists"));
    let certified = |root: &CertificateAuthority| {
        let signer = key();
        let profile = LeafProfile::new("Leaf", now - DAY, DAY * 50).uri("https://issuer.example");
        let chain = root.issue_chain(&signer.public_key(), &profile, &SystemRandom).unwrap();
        signer.with_x5c(chain)
    };
    let issuer = certified(&issuers);
    let private = folder.path().join("issuer.json");
    credenza::keys::create_private(&private, issuer.to_private_jwk().expose().as_bytes()).unwrap();
    let claims = file("claims.json", r#"{"given_name": "Erika"}"#);
    let credential = folder.path().join("credential.txt");
    let credential = credential.to_str().unwrap();
    let private = private.to_str().unwrap();
    good(&[
        "issue",
        "--format",
        "dc+sd-jwt",
        "--type",
        TYPE,
        "--claims",
        &claims,
        "--key",
        private,
        "--out",
        credential,
    ]);

    let list = json!({"LoTE": {
        "ListAndSchemeInformation": {"LoTESequenceNumber": 1, "ListIssueDateTime": now.to_rfc3339(),
                                     "NextUpdate": (now + DAY).to_rfc3339()},
        "TrustedEntitiesList": [{"TrustedEntityServices": [{"ServiceInformation": {
            "ServiceTypeIdentifier": "http://uri.etsi.org/19602/SvcType/PID/Issuance",
            "ServiceDigitalIdentity": {"X509Certificates": [{"val": b64::encode_std(issuers.certificate())}]},
        }}]}],
    }});
    let signer = certified(&lists);
    let header = Header::signing(&signer, "JOSE", IdentifiedBy::X5c);
    let signed = jws::sign(&signer, &header, list.to_string().as_bytes()).await.unwrap();
    let (list, signer) = (file("list.jws", &signed), file("lists.pem", &der_to_pem(lists.certificate())));
    let other = file("issuers.pem", &der_to_pem(issuers.certificate()));

    let verify = ["verify", credential, "--list", &list, "--list-signer"];
    good(&[&verify[..], &[&signer, "--list-type", TYPE]].concat());
    // Nobody is trusted for another type, and a list of another signer is none.
    assert!(!run(&[&verify[..], &[&signer, "--list-type", "urn:example:other"]].concat()).status.success());
    assert!(!run(&[&verify[..], &[&signer]].concat()).status.success());
    assert!(bad(1, &[&verify[..], &[&other, "--list-type", TYPE]].concat()).contains("not trusted"));
    // The list as a thing in itself.
    good(&["verify", &list, "--trust", &signer]);
    assert!(!run(&["verify", &list, "--trust", &other]).status.success());
}

#[test]
fn contexts_and_dids_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, claims, terms) = (path("key.json"), path("claims.json"), path("terms.jsonld"));
    let url = "https://issuer.example/terms/v1";
    good(&["keys", "generate", "--out", &key]);
    let shown: Value = serde_json::from_str(&good(&["keys", "show", &key, "--json"])).unwrap();
    let did = shown[0]["did_jwk"].as_str().unwrap();
    fs::write(&terms, r#"{"@context": {"@vocab": "https://issuer.example/terms#"}}"#).unwrap();
    let document = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", url],
        "type": ["VerifiableCredential", "Person"],
        "credentialSubject": {"given_name": "Erika"},
    });
    fs::write(&claims, document.to_string()).unwrap();
    let issue = ["issue", "--format", "ldp_vc", "--claims", &claims, "--key", &key];
    let context = format!("{url}={terms}");
    let credential = path("credential.json");
    good(&[&issue[..], &["--context", &context, "--out", &credential]].concat());
    let verify = ["verify", &credential, "--trust", did];
    good(&[&verify[..], &["--context", &context]].concat());
    assert!(!run(&verify).status.success(), "it is not known without being named");
    assert!(bad(2, &[&verify[..], &["--context", "x"]].concat()).contains("URL=FILE"));
    good(&["verify", did]);
}
