//! What a verifier says that it can verify, and what a wallet makes of it; several credentials in one answer.

use credenza_core::b64;
use credenza_crypto::{Algorithm, Signer as _};
use credenza_formats::mdoc::PID;
use credenza_query::Dcql;
use credenza_vp::PresentationRequest;
use credenza_vp::verifier::Policy;
use credenza_vp::wallet::{Choice, Holding};
use serde_json::{Value, json};

use super::{credential, did_of, jwt_vc, ldp_vc, paths, pid, sd_jwt_vc, stored, world, world_with};
use crate::world::{VCT, World, holding, run};

fn one_of_each(world: &World) -> Vec<Holding> {
    let jwt = jwt_vc(
        &world.issuer,
        &credential("https://issuer.example", None, true),
        Some(world.holder.public_jwk()),
    );
    let document = ldp_vc(&world.issuer, Some(&did_of(&world.holder)), true);
    vec![
        holding(world.issue(&World::claims()), true),
        Holding::mdoc(pid(world), true),
        stored("vc+jwt", &jwt),
        stored("vc+sd-jwt", &sd_jwt_vc(world)),
        stored("ldp_vc", &Value::Object(document).to_string()),
    ]
}

fn everything() -> credenza_query::DcqlQuery {
    Dcql::credential("a")
        .sd_jwt([VCT])
        .claim(["family_name"])
        .credential("b")
        .mdoc(PID)
        .claim([PID, "family_name"])
        .credential("c")
        .jwt_vc([["IDCredential"]])
        .credential("d")
        .vc_sd_jwt([["IDCredential"]])
        .claim(["credentialSubject", "given_name"])
        .credential("e")
        .ldp_vc([[super::TYPE]])
        .build()
        .unwrap()
}

// Clauses: VP-8.1-01, VP-B.1.3.1.3-01, VP-B.1.3.2.3-01, VP-B.2.2-01, VP-B.3.4-01
#[test]
fn one_answer_has_a_credential_of_every_format() {
    let world = world();
    let result = super::both_ways(&world, &everything(), &one_of_each(&world));
    let formats: Vec<_> = result.presentations.iter().map(|one| one.format.as_str()).collect();
    assert_eq!(formats, ["dc+sd-jwt", "mso_mdoc", "jwt_vc_json", "vc+sd-jwt", "ldp_vc"]);
    let claims = world.request_claims(&world.create(PresentationRequest::new(everything())));
    let supported = &claims["client_metadata"]["vp_formats_supported"];
    assert_eq!(supported["mso_mdoc"]["issuerauth_alg_values"][0], -7);
    assert!(supported["mso_mdoc"]["deviceauth_alg_values"].as_array().unwrap().contains(&json!(-65537)));
    assert_eq!(supported["jwt_vc_json"]["alg_values"][0], "ES256");
    assert_eq!(supported["ldp_vc"]["proof_type_values"], json!(["DataIntegrityProof"]));
    assert_eq!(supported["dc+sd-jwt"]["kb-jwt_alg_values"][0], "ES256");
}

// Clauses: VP-B.1.3.1.3-03, VP-B.1.3.2.3-03, VP-B.1.3.2.3-06, VP-B.2.2-03, VP-B.2.2-05, MDOC-H-B.2.2-01
#[test]
fn what_the_verifier_can_not_verify_is_not_presented() {
    let only = vec![Algorithm::Es384];
    let other_suites = vec![credenza_formats::w3c::data_integrity::Cryptosuite::EddsaRdfc];
    for policy in [
        Policy { algorithms: only.clone(), cryptosuites: other_suites, ..Policy::default() },
        Policy { holder_algorithms: only, ..Policy::default() },
    ] {
        let issuers = policy.algorithms.len() == 1;
        let world = world_with(|default| Policy { contexts: default.contexts, ..policy });
        let holdings = one_of_each(&world);
        let mut request = PresentationRequest::new(everything());
        request.response_mode = credenza_vp::ResponseMode::DirectPost;
        let created = world.create(request);
        let asked = run(world.wallet().wallet.resolve(&created.wallet_link)).unwrap();
        let matches = asked.matches(&holdings);
        let answered = matches.parts().iter().filter(|part| !part.fits.is_empty()).count();
        // Of embedded proofs, the suites and not the algorithms are listed.
        assert_eq!(answered, usize::from(!issuers));
        assert!(!matches.satisfiable());
    }
}

// Clauses: VP-6.1-03, VP-8.1-02
#[test]
fn several_credentials_answer_one_query() {
    let world = world();
    let query = Dcql::credential("id").mdoc(PID).multiple().claim([PID, "given_name"]).build().unwrap();
    let created = world.create(PresentationRequest::new(query));
    let holdings = [Holding::mdoc(pid(&world), true), Holding::mdoc(pid(&world), true)];
    let disclose = paths(&[&[PID, "given_name"]]);
    let choices = holdings.each_ref().map(|holding| Choice {
        query_id: "id",
        holding,
        disclose: &disclose,
        signer: Some(&world.holder),
        device_key: None,
    });
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    run(asked.answer(&side.wallet, &choices)).unwrap();
    assert_eq!(run(world.verifier.result(&created.id, None)).unwrap().presentations.len(), 2);
}

// Clauses: VP-6.1.1.1-01, X509-V-AKI-01, HAIP-5-15
#[test]
fn authorities_of_an_mdoc_are_those_of_its_chain() {
    let world = world();
    let leaf = credenza_crypto::Certificate::parse(&world.issuer.x5c()[0]).unwrap();
    let own = b64::encode(leaf.authority_key_id.unwrap());
    for (id, fits) in [(own, true), (b64::encode([1; 20]), false)] {
        let query = Dcql::credential("id").mdoc(PID).trusted_authority("aki", [id]).build().unwrap();
        let created = world.create(PresentationRequest::new(query));
        let asked = run(world.wallet().wallet.resolve(&created.wallet_link)).unwrap();
        assert_eq!(asked.matches(&[Holding::mdoc(pid(&world), true)]).satisfiable(), fits);
    }
}

// Clauses: VP-6.1.1.2-01
#[test]
fn authorities_of_lists_and_federations_are_those_that_the_wallet_has_found() {
    let world = world();
    let query = Dcql::credential("id").mdoc(PID).trusted_authority("etsi_tl", ["https://lotl.example"]);
    let created = world.create(PresentationRequest::new(query.build().unwrap()));
    let asked = run(world.wallet().wallet.resolve(&created.wallet_link)).unwrap();
    let with = |kind: &str, value: &str| {
        Holding::mdoc(pid(&world), true).with_authorities([(kind.to_owned(), value.to_owned())])
    };
    assert!(asked.matches(&[with("etsi_tl", "https://lotl.example")]).satisfiable());
    assert!(!asked.matches(&[with("openid_federation", "https://lotl.example")]).satisfiable());
    assert!(!asked.matches(&[with("etsi_tl", "https://other.example")]).satisfiable());
    // A verifier that does not know the list takes nobody's word for it.
    let side = world.wallet();
    let error = world.agree(&side, asked, &[with("etsi_tl", "https://lotl.example")]).unwrap_err();
    assert!(error.to_string().contains("dcql.trusted-authorities"), "{error}");
}
