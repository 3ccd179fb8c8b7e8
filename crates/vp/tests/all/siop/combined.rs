//! Presentations and an ID token in one answer (OID4VP 1.0, Appendix C): one request, one nonce, two verdicts.

use credenza_vp::dialects::{Dialect, Language};
use credenza_vp::messages::RequestUriMethod;
use credenza_vp::siop::{IdTokenRequest, Provider, Subject, SubjectSyntax};
use credenza_vp::verifier::{CreateError, RequestedPrefix, Status};
use credenza_vp::wallet::{AnswerError, Choice, Opened, UntrustedVerifiers};
use credenza_vp::{Asked, CreatedRequest, PresentationRequest, Profile, ResponseMode};
use serde_json::{Value, json};

use super::{by_thumbprint, token};
use crate::world::{WalletSide, World, query, run, serve, world, world_with};

const PATHS: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];

fn request(mode: ResponseMode) -> PresentationRequest {
    let id_token = Some(IdTokenRequest::default());
    PresentationRequest { id_token, response_mode: mode, ..PresentationRequest::new(query()) }
}

fn side(world: &World) -> WalletSide {
    let verifier = world.verifier.clone();
    world.wallet_over(
        move |request| Ok(serve(&verifier, request)),
        |builder| builder.self_issued(Provider::default()).untrusted_verifiers(UntrustedVerifiers::Show),
    )
}

#[track_caller]
fn opened(side: &WalletSide, created: &CreatedRequest) -> Asked {
    match run(side.wallet.open(&created.wallet_link)) {
        Ok(Opened::Presentation(asked)) => *asked,
        other => panic!("{other:?}"),
    }
}

fn answer(
    world: &World,
    side: &WalletSide,
    asked: Asked,
    subject: Option<Subject<'_>>,
) -> Result<(), AnswerError> {
    let holdings = world.held();
    let disclose = {
        let matches = asked.matches(&holdings);
        matches.proposals()[0].disclose.to_vec()
    };
    let choice = Choice {
        query_id: "pid",
        holding: &holdings[0],
        disclose: &disclose,
        signer: Some(&world.holder),
        device_key: None,
    };
    run(asked.answer_as(&side.wallet, &[choice], subject)).map(drop)
}

// Clauses: SIOP-2.2.1-01, SIOP-11-01, SIOP-12-01, SIOP-12-02
#[test]
fn d06_both_verdicts_in_every_mode() {
    let prefixes = [RequestedPrefix::X509Hash, RequestedPrefix::RedirectUri];
    let modes = [ResponseMode::DirectPost, ResponseMode::DirectPostJwt];
    for (prefix, mode) in prefixes.into_iter().flat_map(|prefix| modes.map(|mode| (prefix, mode))) {
        for method in [RequestUriMethod::Get, RequestUriMethod::Post] {
            if prefix == RequestedPrefix::RedirectUri && method == RequestUriMethod::Post {
                continue;
            }
            let world = world();
            let created = world.create(PresentationRequest {
                prefix: Some(prefix),
                request_uri_method: method,
                ..request(mode)
            });
            let side = side(&world);
            let asked = opened(&side, &created);
            let wanted = asked.id_token().unwrap();
            assert_eq!(wanted.audience(), created.client_id);
            // Another key than the credential's: nothing says that they are one person's.
            let own =
                credenza_crypto::SoftwareSigner::generate(credenza_crypto::Algorithm::Es256, &*world.random);
            let (own, syntax) = (own.unwrap(), wanted.syntaxes()[0].clone());
            answer(&world, &side, asked, Some(Subject { signer: &own, syntax: &syntax })).unwrap();
            assert_eq!(world.status(&created.id), Status::Verified);
            let result = run(world.verifier.result(&created.id, None)).unwrap();
            let [one] = result.presentations.as_slice() else { panic!("one presentation") };
            assert_ne!(one.holder.as_ref().unwrap().key, own.public_key(), "and it can be seen");
            let subject = result.subject.unwrap();
            assert_eq!(subject.subject_syntax, SubjectSyntax::JwkThumbprint);
            assert!(subject.sub.ends_with(&credenza_crypto::Jwk::new(own.public_key()).thumbprint_text()));
            let report = result.report.to_string();
            assert!(report.contains("siop.id-token.signature") && report.contains("sd-jwt.kb.nonce"));
        }
    }
}

#[test]
fn in_earlier_drafts_too() {
    for (dialect, language) in [
        (Dialect::Draft18, Language::PresentationExchange),
        (Dialect::Draft20, Language::PresentationExchange),
        (Dialect::Draft24, Language::PresentationExchange),
        (Dialect::Draft24, Language::Dcql),
    ] {
        for mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
            let world = world();
            let prefix = match dialect {
                Dialect::Draft18 => RequestedPrefix::RedirectUri,
                _ => RequestedPrefix::X509SanDns,
            };
            let created = world.create(PresentationRequest {
                prefix: Some(prefix),
                dialect: Some((dialect, language)),
                ..request(mode)
            });
            let verifier = world.verifier.clone();
            let side = world.wallet_over(
                move |request| Ok(serve(&verifier, request)),
                |builder| {
                    let builder = builder.self_issued(Provider::default()).earlier_drafts();
                    builder.untrusted_verifiers(UntrustedVerifiers::Show)
                },
            );
            let asked = opened(&side, &created);
            // The name that the draft has for the verifier, as in the presentations.
            assert_eq!(asked.id_token().unwrap().audience(), created.client_id, "{dialect:?}");
            let syntax = asked.id_token().unwrap().syntaxes()[0].clone();
            let subject = Subject { signer: &world.holder, syntax: &syntax };
            let proposed = asked.matches(&world.held()).proposals()[0].id.to_owned();
            let holdings = world.held();
            let disclose = asked.matches(&holdings).proposals()[0].disclose.to_vec();
            let choice = Choice {
                query_id: &proposed,
                holding: &holdings[0],
                disclose: &disclose,
                signer: Some(&world.holder),
                device_key: None,
            };
            run(asked.answer_as(&side.wallet, &[choice], Some(subject)))
                .unwrap_or_else(|error| panic!("{dialect:?} {mode:?}: {error}"));
            let result = run(world.verifier.result(&created.id, None)).unwrap();
            assert_eq!(result.presentations.len(), 1);
            assert!(result.subject.is_some(), "{dialect:?} {mode:?}");
        }
    }
}

#[test]
fn the_request_says_so() {
    let world = world();
    let created = world.create(request(ResponseMode::DirectPost));
    let claims = world.request_claims(&created);
    assert_eq!(claims["response_type"], "vp_token id_token");
    assert_eq!(claims["scope"], "openid");
    assert_eq!(claims["id_token_type"], "subject_signed_id_token");
    let metadata = &claims["client_metadata"];
    assert_eq!(metadata["subject_syntax_types_supported"][0], "urn:ietf:params:oauth:jwk-thumbprint");
    assert_eq!(metadata["id_token_signed_response_alg"], "ES256");
    assert!(metadata["vp_formats_supported"].is_object());
    // And nothing of it is in a request for presentations alone.
    let created = world.create(PresentationRequest::new(query()));
    let claims = world.request_claims(&created);
    assert_eq!(claims["response_type"], "vp_token");
    assert!(!claims.contains_key("scope") && !claims.contains_key("id_token_type"));
    assert_eq!(claims["client_metadata"].get("subject_syntax_types_supported"), None);
}

#[test]
fn an_id_token_is_made_where_one_is_wanted_and_nowhere_else() {
    let world = world();
    let side = side(&world);
    let syntax = SubjectSyntax::JwkThumbprint;
    let subject = Some(Subject { signer: &world.holder, syntax: &syntax });
    let asked = opened(&side, &world.create(request(ResponseMode::DirectPost)));
    assert_eq!(answer(&world, &side, asked, None).unwrap_err(), AnswerError::NoSubject);
    let asked = opened(&side, &world.create(PresentationRequest::new(query())));
    assert!(asked.id_token().is_none());
    assert_eq!(answer(&world, &side, asked, subject).unwrap_err(), AnswerError::NoSubject);
    assert!(side.log.lock().unwrap().iter().all(|request| request.body().is_empty()), "nothing was posted");
    // A wallet that makes none says so.
    let plain = world.wallet();
    let created = world.create(request(ResponseMode::DirectPost));
    assert_eq!(run(plain.wallet.open(&created.wallet_link)).unwrap_err().refusal.code(), "invalid_request");
}

/// A session that wants both, and answers by hand.
fn posted(
    change: impl FnOnce(&World, &str, &str, &mut Value),
) -> (World, CreatedRequest, Option<&'static str>) {
    let world = world();
    let created = world.create(request(ResponseMode::DirectPost));
    let claims = world.request_claims(&created);
    let text = |name: &str| claims[name].as_str().unwrap().to_owned();
    let (nonce, state, client_id) = (text("nonce"), text("state"), text("client_id"));
    let mut id_token = by_thumbprint(&world.holder);
    id_token["aud"] = client_id.as_str().into();
    id_token["nonce"] = nonce.as_str().into();
    let mut parameters = json!({
        "vp_token": json!({ "pid": [world.bound(&PATHS, &nonce, &client_id)] }).to_string(),
        "id_token": token(&world.holder, &[], &id_token),
        "state": state,
    });
    change(&world, &nonce, &client_id, &mut parameters);
    let parameters: Vec<_> = parameters
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let refused =
        world.post(&created.request_id, &parameters).err().map(|error| error.reason().unwrap_or("-"));
    (world, created, refused)
}

// Clauses: SIOP-11.1-15, SIOP-11.2-01, SIOP-11.2-02, SIOP-12-02
#[test]
fn d05_neither_counts_without_the_other() {
    let (world, created, refused) = posted(|_, _, _, _| {});
    assert_eq!((refused, world.status(&created.id)), (None, Status::Verified));
    let without = |name: &'static str| {
        posted(move |_, _, _, parameters| drop(parameters.as_object_mut().unwrap().remove(name)))
    };
    let (world, created, refused) = without("id_token");
    assert_eq!(refused, Some("siop.id-token.shape"));
    assert!(run(world.verifier.result(&created.id, None)).is_err());
    let (world, created, refused) = without("vp_token");
    assert!(refused.is_some() && run(world.verifier.result(&created.id, None)).is_err());
    // A token that was made for another request.
    let (_, _, refused) = posted(|world, _, client_id, parameters| {
        let mut other = by_thumbprint(&world.holder);
        other["aud"] = client_id.into();
        parameters["id_token"] = token(&world.holder, &[], &other).into();
    });
    assert_eq!(refused, Some("siop.id-token.nonce"));
    // Presentations that were made for another request.
    let (_, _, refused) = posted(|world, _, client_id, parameters| {
        let presentation = world.bound(&PATHS, "another", client_id);
        parameters["vp_token"] = json!({ "pid": [presentation] }).to_string().into();
    });
    assert_eq!(refused, Some("sd-jwt.kb.nonce"));
}

// Clauses: SIOP-11.2-02
#[test]
fn d05_the_session_takes_one_answer() {
    let (world, created, _) = posted(|_, _, _, _| {});
    let again = world.post(&created.request_id, &[("id_token", "x"), ("state", "y")]);
    assert!(again.is_err());
    assert_eq!(world.status(&created.id), Status::Verified);
}

#[test]
fn an_id_token_that_nobody_wanted_is_not_looked_at() {
    let world = world();
    let plain = world.plain(query());
    let vp_token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] }).to_string();
    let parameters = [("vp_token", vp_token.as_str()), ("id_token", "x"), ("state", &plain.state)];
    world.post(&plain.created.request_id, &parameters).unwrap();
    assert_eq!(run(world.verifier.result(&plain.created.id, None)).unwrap().subject, None);
    // And an ID token is no presentation.
    let plain = world.plain(query());
    let parameters = [("id_token", "x"), ("state", plain.state.as_str())];
    assert!(world.post(&plain.created.request_id, &parameters).is_err());
    assert_ne!(world.status(&plain.created.id), Status::Verified);
}

#[test]
fn where_none_can_be_asked_for() {
    let world = world();
    let over_api = PresentationRequest {
        id_token: Some(IdTokenRequest::default()),
        ..PresentationRequest::over_dc_api(query())
    };
    let call = serde_json::from_value(json!({ "origins": ["https://shop.example"] })).unwrap();
    assert_eq!(run(world.verifier.create_for_dc_api(over_api, call)).unwrap_err(), CreateError::IdToken);
    let strict = world_with(|builder| builder.profile(Profile::Haip));
    let created = run(strict.verifier.create(request(ResponseMode::DirectPostJwt)));
    assert_eq!(created.unwrap_err(), CreateError::IdToken);
}

#[test]
fn a_result_is_forgotten_with_its_subject() {
    let world = world_with(|builder| builder.allow_redirects(["https://shop.example/".parse().unwrap()]));
    let mut wanted = request(ResponseMode::DirectPost);
    wanted.redirect = Some("https://shop.example/done".to_owned());
    let created = world.create(wanted);
    let side = side(&world);
    let asked = opened(&side, &created);
    let syntax = SubjectSyntax::did("key");
    answer(&world, &side, asked, Some(Subject { signer: &world.holder, syntax: &syntax })).unwrap();
    let view = serde_json::to_string(&run(world.verifier.session(&created.id)).unwrap()).unwrap();
    assert!(!view.contains("did:key"), "a session says nothing about a person");
    assert!(run(world.verifier.result(&created.id, None)).is_err());
}
