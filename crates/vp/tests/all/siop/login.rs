//! The relying party and the provider against each other: an ID token alone.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::Key;
use credenza_crypto::Algorithm;
use credenza_oauth::Form;
use credenza_vp::messages::{AuthorizationRequest, ClientIdPrefix};
use credenza_vp::siop::discovery::ProviderMetadata;
use credenza_vp::siop::{
    IdTokenRequest, LoginError, Provider, RelyingParty, RelyingPartyBuilder, SignedIn, Subject, SubjectSyntax,
};
use credenza_vp::verifier::VerifierIdentity;
use http::Response;

use super::{CALLBACK, failed, fragment, provider, relying_party, sign_in};
use crate::world::{World, run, world};

fn parameters(link: &str) -> AuthorizationRequest {
    let query = link.split_once('?').unwrap().1;
    AuthorizationRequest::from_query(&Form::parse(query.as_bytes()).unwrap())
}

/// What the provider answers on the same device.
fn answer(world: &World, link: &str, syntax: &SubjectSyntax) -> String {
    let side = provider(world);
    let asked = sign_in(&side, link);
    fragment(&run(asked.answer(&side.wallet, Subject { signer: &world.holder, syntax })).unwrap())
}

fn respond(party: &RelyingParty, body: &str) -> Result<SignedIn, LoginError> {
    run(party.respond(body.as_bytes()))
}

// Clauses: SIOP-7.5-01, SIOP-9-07, SIOP-9-08, SIOP-11.1-16
#[test]
fn signing_in_on_the_same_device() {
    let world = world();
    let party = relying_party(&world, |builder| builder);
    for syntax in [SubjectSyntax::JwkThumbprint, SubjectSyntax::did("jwk"), SubjectSyntax::did("key")] {
        let request = run(party.request(Some("browser-17".to_owned()))).unwrap();
        assert!(request.link.starts_with("siopv2:?"), "{}", request.link);
        assert!(request.link.len() < 2048 && !request.link.contains("browser-17"));
        let sent = parameters(&request.link);
        assert_eq!(sent.response_type.as_deref(), Some("id_token"));
        assert_eq!(sent.scope.as_deref(), Some("openid"));
        assert_eq!(sent.id_token_type.as_deref(), Some("subject_signed_id_token"));
        assert_eq!((sent.response_mode, sent.redirect_uri.as_deref()), (None, Some(CALLBACK)));
        assert!(sent.nonce.is_some() && sent.client_metadata.is_some());

        let signed_in = respond(&party, &answer(&world, &request.link, &syntax)).unwrap();
        assert_eq!(signed_in.correlation_id.as_deref(), Some("browser-17"));
        assert_eq!(signed_in.subject.subject_syntax, syntax);
        assert!(signed_in.report.ok() && signed_in.report.find("siop.id-token.replay").is_some());
    }
}

// Clauses: SIOP-11.1-16, SIOP-11.2-01, SIOP-11.2-02
#[test]
fn d05_an_answer_counts_once() {
    let world = world();
    let party = relying_party(&world, |builder| builder);
    let request = run(party.request(None)).unwrap();
    // Two answers to one request: whoever has seen a QR code can make the second.
    let first = answer(&world, &request.link, &SubjectSyntax::JwkThumbprint);
    let second = answer(&world, &request.link, &SubjectSyntax::did("key"));
    respond(&party, &first).unwrap();
    assert_eq!(failed(respond(&party, &first)), ["siop.id-token.replay"]);
    assert_eq!(failed(respond(&party, &second)), ["siop.id-token.replay"]);
}

// Clauses: SIOP-11.2-02
#[test]
fn d05_of_many_at_once_one_wins() {
    let world = world();
    let party = relying_party(&world, |builder| builder);
    let request = run(party.request(None)).unwrap();
    let body = answer(&world, &request.link, &SubjectSyntax::JwkThumbprint);
    let accepted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| usize::from(respond(&party, &body).is_ok()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(accepted, 1);
}

// Clauses: SIOP-11.1-15, SIOP-11.2-02
#[test]
fn d05_answers_to_other_requests() {
    let world = world();
    let party = relying_party(&world, |builder| builder);
    let (mine, other) = (run(party.request(None)).unwrap(), run(party.request(None)).unwrap());
    let body = answer(&world, &mine.link, &SubjectSyntax::JwkThumbprint);
    let token = Form::parse(body.as_bytes()).unwrap().get("id_token").unwrap().to_owned();
    let state = parameters(&other.link).state.unwrap();
    let swapped = credenza_oauth::form::encode(&[("id_token", &token), ("state", &state)]);
    assert_eq!(failed(respond(&party, &swapped)), ["siop.id-token.nonce"]);
    let stateless = credenza_oauth::form::encode(&[("id_token", &token)]);
    for body in [stateless, format!("{stateless}&state=x", stateless = "id_token=x"), String::new()] {
        assert!(matches!(respond(&party, &body), Err(LoginError::State)), "{body}");
    }
    // Another relying party's state, in the same words.
    let stranger = relying_party(&world, |builder| builder);
    assert!(matches!(respond(&stranger, &body), Err(LoginError::State)));
    let silent = credenza_oauth::form::encode(&[("state", &state)]);
    assert_eq!(failed(respond(&party, &silent)), ["siop.id-token.shape"]);
    // None of that has used the request up.
    respond(&party, &body).unwrap();
}

// Clauses: SIOP-13.3-01
#[test]
fn a_request_can_be_answered_for_a_short_time() {
    let world = world();
    let party = relying_party(&world, |builder| builder.lifetime(Duration::from_secs(120)));
    let request = run(party.request(None)).unwrap();
    let body = answer(&world, &request.link, &SubjectSyntax::JwkThumbprint);
    world.clock.advance(Duration::from_secs(120));
    assert!(matches!(respond(&party, &body), Err(LoginError::State)));
    // What is remembered is remembered for as long as it matters, and by no name of a person.
    let nonce = parameters(&request.link).nonce.unwrap();
    let key = Key::new("siop-nonce", nonce);
    use credenza_core::Store as _;
    assert!(run(world.store.get(&key)).unwrap().is_none());
}

#[test]
fn what_the_provider_says_instead() {
    let world = world();
    let party = relying_party(&world, |builder| builder);
    let request = run(party.request(None)).unwrap();
    let side = provider(&world);
    let body = fragment(&run(sign_in(&side, &request.link).decline(&side.wallet)).unwrap());
    match respond(&party, &body) {
        Err(LoginError::Provider(error)) => assert_eq!(error.error, "user_cancelled"),
        other => panic!("{other:?}"),
    }
    // It may change its mind.
    respond(&party, &answer(&world, &request.link, &SubjectSyntax::JwkThumbprint)).unwrap();
}

// Clauses: SIOP-10.2-01, SIOP-11.2-01
#[test]
fn signing_in_across_devices() {
    let world = world();
    let party = relying_party(&world, RelyingPartyBuilder::cross_device);
    let request = run(party.request(Some("screen".to_owned()))).unwrap();
    let at_party = Arc::clone(&party);
    let side = world.wallet_over(
        move |posted| {
            assert_eq!(posted.uri(), CALLBACK);
            let signed_in = run(at_party.respond(posted.body())).unwrap();
            assert_eq!(signed_in.correlation_id.as_deref(), Some("screen"));
            Ok(Response::new(Vec::new()))
        },
        |builder| builder.self_issued(Provider::default()),
    );
    let asked = sign_in(&side, &request.link);
    run(asked.answer(&side.wallet, Subject { signer: &world.holder, syntax: &SubjectSyntax::JwkThumbprint }))
        .unwrap();
    assert_eq!(side.log.lock().unwrap().len(), 1);
}

// Clauses: SIOP-6.1-19, SIOP-9.1-01, SIOP-9-03, SIOP-9-04, VP-5.8-01
#[test]
fn signed_requests_to_a_provider_that_was_found() {
    let world = world();
    let issuer = "https://wallet.example.org";
    let own = Provider { issuer: Some(issuer.to_owned()), ..Provider::default() };
    let metadata =
        ProviderMetadata::of(&own, issuer, "https://wallet.example.org/authorize", &[Algorithm::Es256]);
    let metadata = metadata.unwrap();
    let did = credenza_trust::did::key::from_public_key(&world.holder.public_key()).unwrap();
    let key = did.with_fragment(did.id()).to_string();
    let signer = Arc::new(
        credenza_crypto::SoftwareSigner::from_private_jwk(world.holder.to_private_jwk().expose()).unwrap(),
    );
    let identity = VerifierIdentity::did(&key, signer).unwrap();
    let party = relying_party(&world, |builder| builder.identity(identity).provider(&metadata));
    let request = run(party.request(None)).unwrap();
    assert!(
        request.link.starts_with("https://wallet.example.org/authorize?client_id=decentralized_identifier")
    );
    let object = request.request_object.clone().unwrap();
    let claims =
        credenza_core::json::parse_object(&credenza_crypto::Jws::parse(&object).unwrap().payload).unwrap();
    assert_eq!(claims["aud"], issuer);
    let trusting = |builder: credenza_vp::wallet::WalletBuilder| {
        builder.self_issued(own.clone()).untrusted_verifiers(credenza_vp::wallet::UntrustedVerifiers::Show)
    };
    let side = world.wallet_over(|_| panic!("nothing is fetched"), trusting);
    let asked = sign_in(&side, &request.link);
    assert_eq!(asked.who().client_id.prefix(), ClientIdPrefix::DecentralizedIdentifier);
    let answered = run(
        asked.answer(&side.wallet, Subject { signer: &world.holder, syntax: &SubjectSyntax::did("key") })
    );
    respond(&party, &fragment(&answered.unwrap())).unwrap();

    // In a federation the metadata is there, and not in the request.
    let federated = VerifierIdentity::federated("https://verifier.example", world.verifier_signer.clone());
    let party = relying_party(&world, |builder| builder.identity(federated));
    let object = run(party.request(None)).unwrap().request_object.unwrap();
    let claims =
        credenza_core::json::parse_object(&credenza_crypto::Jws::parse(&object).unwrap().payload).unwrap();
    assert!(!claims.contains_key("client_metadata") && !claims.contains_key("client_metadata_uri"));
    assert_eq!(claims["aud"], "https://self-issued.me/v2");
}

#[test]
fn what_is_asked_for_is_what_is_taken() {
    let world = world();
    let only =
        IdTokenRequest { subject_syntaxes: vec![SubjectSyntax::did("key")], algorithm: Algorithm::Es256 };
    let party = relying_party(&world, |builder| builder.id_token(only));
    let request = run(party.request(None)).unwrap();
    let side = provider(&world);
    assert_eq!(sign_in(&side, &request.link).wanted().syntaxes(), [SubjectSyntax::did("key")]);
    respond(&party, &answer(&world, &request.link, &SubjectSyntax::did("key"))).unwrap();
}
