//! What our wallet sends on its way to a token: pushed request, front channel, token request.

use std::collections::HashMap;
use std::sync::Arc;

use credenza_crypto::{Algorithm, Certificate, Jws, Signer as _, SoftwareSigner};
use credenza_oauth::pkce;
use credenza_vci::issuer::{
    AuthorizationSettings, ClientAuthentication, CredentialConfiguration, OfferGrants, OfferRequest,
};
use credenza_vci::wallet::{Client, Opened};
use http::Request;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Within, entropy, members, part};
use crate::authorizing::*;
use crate::hostile_issuer::edit;
use crate::support::*;
use crate::wallet_authorization::{agree, begin, browser_offer, go_on, public, wallet, whole};

pub(super) type Sent = Request<Vec<u8>>;

/// The requests to a path.
pub(super) fn to(http: &Loop, path: &str) -> Vec<Sent> {
    let asked = http.asked.lock().unwrap();
    asked.iter().filter(|request| request.uri().path() == path).cloned().collect()
}

#[track_caller]
pub(super) fn one(http: &Loop, path: &str) -> Sent {
    let all = to(http, path);
    assert_eq!(all.len(), 1, "{path} of {:?}", http.paths());
    all.into_iter().next().unwrap()
}

/// A form whose parameters are there once.
fn form(request: &Sent) -> HashMap<String, String> {
    let mut all = HashMap::new();
    for (name, value) in form_urlencoded::parse(request.body()) {
        assert!(all.insert(name.to_string(), value.into_owned()).is_none(), "{name} twice");
    }
    all
}

fn header<'a>(request: &'a Sent, name: &str) -> &'a str {
    request.headers()[name].to_str().unwrap()
}

fn url_safe(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// A flow within HAIP; everything that was sent, and where the browser was sent to.
fn flow() -> (World, Arc<Loop>, url::Url) {
    let (world, wallet, http) = Within::new().wallet();
    let authorizing = begin(&wallet, &browser_offer(&world));
    let front = authorizing.url().clone();
    let response = agree(&world, &authorizing);
    go_on(authorizing, &response).unwrap();
    (world, http, front)
}

// Checks: WVCI-002 to WVCI-004
#[test]
fn documents_are_fetched_where_they_are_and_nowhere_else() {
    let (_, http, _) = flow();
    let asked = http.asked.lock().unwrap();
    let gets: Vec<&Sent> = asked.iter().filter(|it| it.method() == http::Method::GET).collect();
    let paths: Vec<&str> = gets.iter().map(|it| it.uri().path()).collect();
    assert!(paths[0].starts_with("/tenant/offers/"), "{paths:?}");
    assert_eq!(
        paths[1..],
        ["/.well-known/openid-credential-issuer/tenant", "/.well-known/oauth-authorization-server/tenant"]
    );
    assert!(gets.iter().all(|it| it.uri().scheme_str() == Some("https") && it.body().is_empty()));
}

// Checks: WVCI-009 to WVCI-018
#[test]
fn a_wallet_that_is_vouched_for_says_so_with_each_request_to_the_server() {
    let (world, http, _) = flow();
    let challenges = to(&http, "/tenant/challenge");
    assert!(!challenges.is_empty());
    for asked in challenges {
        assert_eq!((asked.method(), asked.uri().query(), asked.body().len()), (&http::Method::POST, None, 0));
    }
    let mut seen = Vec::new();
    for path in ["/tenant/par", "/tenant/token"] {
        let request = one(&http, path);
        let (attestation, pop) =
            (header(&request, "oauth-client-attestation"), header(&request, "oauth-client-attestation-pop"));
        let jws = Jws::parse(attestation).unwrap();
        assert!(jws.header.has_type("oauth-client-attestation+jwt"));
        let chain = jws.header.x5c().unwrap().unwrap();
        let leaf = Certificate::parse(&chain[0]).unwrap();
        assert_eq!((chain.len(), leaf.is_self_issued()), (1, false), "the anchor stays out of it");
        jws.verify(&leaf.key, &[Algorithm::Es256]).unwrap();
        let (claims, now) = (part(attestation, 1), world.now().as_secs());
        members(&claims["cnf"], &["jwk"], &[]);
        members(&claims["cnf"]["jwk"], &["kty", "crv", "x", "y"], &["alg", "use", "kid"]);
        assert_eq!(claims["iss"], "https://provider.example");
        assert!(claims["exp"].as_i64().unwrap() > now);
        for name in ["iat", "nbf"] {
            assert!(claims.get(name).is_none_or(|time| time.as_i64().unwrap() <= now), "{name}");
        }
        let instance = credenza_crypto::Jwk::from_value(&claims["cnf"]["jwk"]).unwrap();
        Jws::parse(pop).unwrap().verify(&instance.key, &[Algorithm::Es256]).unwrap();
        let proof = part(pop, 1);
        assert_eq!(proof["aud"], ISSUER);
        assert_eq!(claims["sub"], CLIENT);
        assert!(proof.get("iss").is_none_or(|iss| iss == CLIENT));
        assert!(proof["challenge"].is_string());
        assert!(proof["jti"].as_str().is_some_and(|jti| !jti.is_empty()));
        assert!(!seen.contains(&proof["jti"]));
        seen.push(proof["jti"].clone());
    }
}

// Checks: WVCI-022 to WVCI-029, WVCI-037 to WVCI-040
#[test]
fn a_pushed_request_has_everything_and_the_browser_almost_nothing() {
    let (_, http, front) = flow();
    let pushed = one(&http, "/tenant/par");
    assert_eq!(pushed.method(), http::Method::POST);
    let form = form(&pushed);
    let known = [
        "response_type",
        "client_id",
        "redirect_uri",
        "code_challenge",
        "code_challenge_method",
        "state",
        "scope",
        "issuer_state",
        "dpop_jkt",
    ];
    assert!(form.keys().all(|name| known.contains(&name.as_str())), "{:?}", form.keys());
    assert_eq!(form["response_type"], "code");
    assert_eq!((&*form["client_id"], &*form["redirect_uri"], &*form["scope"]), (CLIENT, CALLBACK, "pid"));
    assert_eq!((&*form["code_challenge_method"], form["code_challenge"].len()), ("S256", 43));
    assert!(url_safe(&form["state"]) && (1..=128).contains(&form["state"].len()));
    let token = one(&http, "/tenant/token");
    let key = credenza_crypto::Jwk::from_value(&part(header(&token, "dpop"), 0)["jwk"]).unwrap();
    assert_eq!(form["dpop_jkt"], key.thumbprint_text());
    let mut names: Vec<_> = front.query_pairs().map(|(name, _)| name.into_owned()).collect();
    names.sort();
    assert_eq!(names, ["client_id", "request_uri"]);
}

// Checks: WVCI-031 to WVCI-036
#[test]
fn what_has_no_scope_is_asked_for_in_detail() {
    for several in [false, true] {
        let bare = |id: &str| CredentialConfiguration::sd_jwt_vc(id, "urn:example:bare");
        let world =
            world_with(|_| {}, |builder| builder.configuration(bare("bare")).configuration(bare("other")));
        let http = world.http().tampered(move |request, response| {
            if several && request.uri().path().contains("openid-credential-issuer") {
                edit(response, |json| json["authorization_servers"] = json!([ISSUER]));
            }
        });
        let (wallet, http) = wallet(&world, http, public());
        let Opened::NeedsAuthorization(offer) = wait(wallet.start(ISSUER, &["bare", "other"])).unwrap()
        else {
            panic!()
        };
        wait(offer.authorize(CALLBACK)).unwrap();
        let form = form(&one(&http, "/tenant/par"));
        assert!(!form.contains_key("scope"));
        let details: Value = serde_json::from_str(&form["authorization_details"]).unwrap();
        let details = details.as_array().unwrap();
        let located: &[&str] = if several { &["locations"] } else { &[] };
        for detail in details {
            members(detail, &[&["type", "credential_configuration_id"], located].concat(), &[]);
            assert_eq!(detail["type"], "openid_credential");
            assert!(!several || detail["locations"] == json!([ISSUER]));
        }
        let ids: Vec<_> =
            details.iter().map(|it| it["credential_configuration_id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["bare", "other"]);
    }
}

// Checks: WVCI-047 to WVCI-050
#[test]
fn a_token_request_has_the_code_and_a_verifier_of_its_own() {
    let mut verifiers = Vec::new();
    for seed in [0, 1] {
        let world = world(|_| {});
        // Another wallet each time: the randomness of a world is always the same.
        for _ in 0..seed {
            world.key();
        }
        let (wallet, http) = wallet(&world, world.http(), public());
        let authorizing = begin(&wallet, &browser_offer(&world));
        let response = agree(&world, &authorizing);
        go_on(authorizing, &response).unwrap();
        let (pushed, token) = (form(&one(&http, "/tenant/par")), form(&one(&http, "/tenant/token")));
        assert_eq!(Some(&token["code"]), parameter(response.as_str(), "code").as_ref());
        assert_eq!((&*token["grant_type"], &*token["redirect_uri"]), ("authorization_code", CALLBACK));
        assert!(token.get("client_id").is_none_or(|id| id == CLIENT));
        let verifier = token["code_verifier"].clone();
        assert_eq!(pkce::challenge(&verifier), pushed["code_challenge"]);
        assert!((43..=128).contains(&verifier.len()) && url_safe(&verifier) && entropy(&verifier) > 96.0);
        verifiers.push(verifier);
        // And by the same wallet.
        whole(&world, &wallet, &browser_offer(&world));
        verifiers.push(form(&to(&http, "/tenant/token")[1])["code_verifier"].clone());
    }
    assert_eq!(verifiers.iter().collect::<std::collections::HashSet<_>>().len(), 4);
}

// Checks: WVCI-055 to WVCI-057
#[test]
fn a_token_response_may_be_short_and_in_other_letters() {
    for token_type in ["DPoP", "dpop", "DPOP"] {
        let world = world(|_| {});
        let http = world.http().tampered(move |request, response| {
            if request.uri().path() == "/tenant/token" {
                edit(response, |json| {
                    json["token_type"] = token_type.into();
                    let members = json.as_object_mut().unwrap();
                    assert!(!members.contains_key("authorization_details"));
                    members.remove("expires_in").unwrap();
                });
            }
        });
        let (wallet, _) = wallet(&world, http, public());
        assert_eq!(whole(&world, &wallet, &browser_offer(&world)).credentials.len(), 1, "{token_type}");
    }
}

// Checks: WVCI-019
#[test]
fn a_client_with_a_key_signs_for_the_server_by_its_name() {
    let key = SoftwareSigner::generate(Algorithm::Es256, &credenza_core::SeededRandom::new(3)).unwrap();
    let (jwks, public) = (keys(&key), key.public_jwk().key.clone());
    let world = world(|settings: &mut AuthorizationSettings| {
        settings.clients = vec![client(CLIENT, ClientAuthentication::PrivateKeyJwt(jwks))];
    });
    let client = Client::PrivateKey { client_id: CLIENT.to_owned(), signer: Arc::new(key) };
    let (wallet, http) = wallet(&world, world.http(), client);
    let offer = OfferRequest::of("pid", erika()).with_grants(OfferGrants::AuthorizationCode);
    whole(&world, &wallet, &world.create(offer).uri);
    for path in ["/tenant/par", "/tenant/token"] {
        let assertion = form(&one(&http, path))["client_assertion"].clone();
        Jws::parse(&assertion).unwrap().verify(&public, &[Algorithm::Es256]).unwrap();
        assert_eq!(part(&assertion, 1)["aud"], ISSUER, "{path}");
    }
}
