//! Authorization requests and responses, pushed and not.

use credenza_core::{Report, Secret};
use credenza_oauth::{
    AuthorizationRequest, AuthorizationResponse, ErrorBody, ExpectedResponse, Form,
    InvalidAuthorizationRequest, PushedAuthorizationResponse, ResponseError, form,
};
use serde_json::json;
use url::Url;

const VERIFIER: &str = "dBjftJeZ4CVP-mBOMR7u3LFc2yYKn9n0Jb0e1f4wXyZ";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const AS: &str = "https://as.example";

fn parse(parameters: &[(&str, &str)]) -> Result<AuthorizationRequest, InvalidAuthorizationRequest> {
    let text = form::encode(parameters);
    AuthorizationRequest::parse(&Form::parse(text.as_bytes()).unwrap())
}

fn changed(name: &str, value: Option<&str>) -> Result<AuthorizationRequest, InvalidAuthorizationRequest> {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", "wallet"),
        ("redirect_uri", "https://wallet.example/cb"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", "pid"),
    ];
    parameters.retain(|(known, _)| *known != name);
    parameters.extend(value.map(|value| (name, value)));
    parse(&parameters)
}

fn code(result: Result<AuthorizationRequest, InvalidAuthorizationRequest>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_request_survives_the_wire() {
    let detail = json!({ "type": "openid_credential", "credential_configuration_id": "pid" });
    let request = AuthorizationRequest {
        scope: Some("pid mdl".to_owned()),
        authorization_details: vec![detail.as_object().unwrap().clone()],
        state: Some("a b&c=d".to_owned()),
        issuer_state: Some("offer".to_owned()),
        dpop_jkt: Some(CHALLENGE.to_owned()),
        resource: Some("https://issuer.example".to_owned()),
        ..AuthorizationRequest::new("wallet", "https://wallet.example/cb?x=1", VERIFIER)
    };
    let url = Url::parse(&request.to_url("https://as.example/authorize")).unwrap();
    let form = Form::parse(url.query().unwrap().as_bytes()).unwrap();
    assert_eq!(AuthorizationRequest::parse(&form).unwrap(), request);
}

// Clauses: VCI-5.1.3-04
#[test]
fn as_051_unknown_parameters_are_ignored() {
    assert!(changed("nonsense", Some("x")).is_ok());
    assert!(changed("code_challenge_method", None).is_err());
}

// Clauses: PKCE-4.3-01, PKCE-4.4.1-01, PKCE-4.4.1-02, PKCE-7.2-03, OABCP-5.1.1-08
#[test]
fn a06_as_043_as_044_s256_or_nothing() {
    assert_eq!(code(changed("code_challenge", None)), "invalid_request");
    // Absent, the method is `plain`.
    assert_eq!(code(changed("code_challenge_method", None)), "invalid_request");
    for method in ["plain", "s256", "S512"] {
        assert_eq!(code(changed("code_challenge_method", Some(method))), "invalid_request", "{method}");
    }
    for challenge in ["short", VERIFIER.get(1..).unwrap(), &"=".repeat(43), &format!("{CHALLENGE}A")] {
        assert_eq!(code(changed("code_challenge", Some(challenge))), "invalid_request", "{challenge}");
    }
}

#[test]
fn as_045_as_046_only_code() {
    for bad in ["token", "code id_token", "code token", "id_token", "CODE"] {
        assert_eq!(code(changed("response_type", Some(bad))), "unsupported_response_type", "{bad}");
    }
    assert_eq!(code(changed("response_type", None)), "invalid_request");
    assert_eq!(code(changed("response_mode", Some("fragment"))), "invalid_request");
}

#[test]
fn a12_a27_parameters_that_can_not_be() {
    assert_eq!(code(changed("client_id", None)), "invalid_request");
    assert_eq!(code(changed("state", Some(&"x".repeat(2049)))), "invalid_request");
    assert!(changed("state", Some(&"x".repeat(2048))).is_ok());
    assert_eq!(code(changed("request", Some("a.b.c"))), "request_not_supported");
    assert_eq!(code(changed("dpop_jkt", Some("x"))), "invalid_request");
    for scope in ["a  b", " a", "a\"b", "a\\b", "ä"] {
        assert_eq!(code(changed("scope", Some(scope))), "invalid_request", "{scope}");
    }
    for details in ["", "x", "{}", "[]", "[1]", "[{}]", r#"[{"type":1}]"#, r#"[{"type":"a","type":"a"}]"#] {
        let result = changed("authorization_details", Some(details));
        if details.is_empty() {
            assert!(result.is_ok());
        } else {
            assert_eq!(code(result), "invalid_authorization_details", "{details}");
        }
    }
}

#[test]
fn a_pushed_request_is_two_parameters_long() {
    let pushed = PushedAuthorizationResponse {
        request_uri: "urn:ietf:params:oauth:request_uri:x".to_owned(),
        expires_in: 60,
    };
    assert_eq!(
        pushed.to_url("https://as.example/authorize?tenant=1", "wallet"),
        "https://as.example/authorize?tenant=1&client_id=wallet&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax"
    );
}

fn answered(change: impl FnOnce(&mut AuthorizationResponse)) -> (Result<String, ResponseError>, Report) {
    let mut response = AuthorizationResponse {
        outcome: Ok(Secret::new("the code".to_owned())),
        state: Some("the state".to_owned()),
        iss: Some(AS.to_owned()),
    };
    change(&mut response);
    let url = Url::parse(&response.to_url("https://wallet.example/cb?x=%20")).unwrap();
    assert!(url.query().unwrap().starts_with("x=%20&"));
    let mut report = Report::new("authorization response");
    let expected = ExpectedResponse { state: "the state", issuer: AS, iss_supported: true };
    let result = AuthorizationResponse::from_url(&url).unwrap().accept(&expected, &mut report);
    (result.map(|code| code.expose().to_owned()), report)
}

fn failed(change: impl FnOnce(&mut AuthorizationResponse)) -> &'static str {
    let (result, report) = answered(change);
    assert_eq!(result.unwrap_err(), ResponseError::Foreign);
    report.first_failure().unwrap().rule.id
}

// Clauses: ISS-2.4-01, ISS-2.4-02, ISS-2.4-03, ISS-2.4-04, ISS-2.4-06, ISS-2.4-09, OABCP-7.4.2.1-01, OABCP-7.4.2.1-02
#[test]
fn a11_mix_up_and_forgery_end_here() {
    assert_eq!(answered(|_| {}).0.unwrap(), "the code");
    assert_eq!(failed(|response| response.iss = None), "authorization.iss");
    for other in ["https://evil.example", "https://as.example/", "https://AS.example"] {
        assert_eq!(failed(|response| response.iss = Some(other.to_owned())), "authorization.iss", "{other}");
    }
    assert_eq!(failed(|response| response.state = None), "authorization.state");
    assert_eq!(failed(|response| response.state = Some("x".to_owned())), "authorization.state");
}

// Clauses: ISS-2.4-05
#[test]
fn a11_an_error_counts_only_from_the_server_that_was_asked() {
    let error =
        || Err(ErrorBody { error: "access_denied".to_owned(), error_description: None, error_uri: None });
    let (result, _) = answered(|response| response.outcome = error());
    assert!(matches!(result, Err(ResponseError::Refused(body)) if body.error == "access_denied"));
    let foreign = failed(|response| {
        response.outcome = error();
        response.iss = Some("https://evil.example".to_owned());
    });
    assert_eq!(foreign, "authorization.iss");
}

// Clauses: ISS-2.4-08, ISS-2.4-10
#[test]
fn a11_a_server_that_sends_no_iss_sends_none() {
    let expected = ExpectedResponse { state: "s", issuer: AS, iss_supported: false };
    let accept = |url: &str| {
        let mut report = Report::new("authorization response");
        let response = AuthorizationResponse::from_url(&Url::parse(url).unwrap()).unwrap();
        response.accept(&expected, &mut report).is_ok()
    };
    assert!(accept("app:/cb?code=1&state=s"));
    assert!(!accept("app:/cb?code=1&state=s&iss=https%3A%2F%2Fas.example"));
}

// Clauses: ISS-4-04
#[test]
fn a33_a_response_says_each_thing_once() {
    for bad in ["", "code=1&error=x", "code=1&code=2", "code=1&iss=a&iss=b", "state=s"] {
        let url = Url::parse(&format!("https://wallet.example/cb?{bad}")).unwrap();
        assert_eq!(AuthorizationResponse::from_url(&url).unwrap_err(), ResponseError::Malformed, "{bad}");
    }
}

#[test]
fn h07_debug_shows_no_code() {
    let url = Url::parse("https://wallet.example/cb?code=canary").unwrap();
    assert!(!format!("{:?}", AuthorizationResponse::from_url(&url).unwrap()).contains("canary"));
}
