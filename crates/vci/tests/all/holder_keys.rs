//! Whoever is known by a credential that they have shown gets the next one for the key of that one (catalogue row I04).

use std::sync::Arc;

use credenza_core::{Answer, SeededRandom};
use credenza_crypto::{Algorithm, Signer, SoftwareSigner};
use credenza_vci::issuer::{
    Approval, CredentialConfiguration, InteractiveAuthorization, PresentationAsked, PresentationFailure,
    PresentationInside,
};
use serde_json::{Map, Value, json};
use url::Url;

use crate::authorizing::*;
use crate::interactive::{Nonces, PRESENTATION, answering, first};
use crate::named_checks::assert_named;
use crate::support::*;

const CHECK: &str = "vci.proof.holder";

fn thumbprint(key: &dyn Signer) -> String {
    key.public_jwk().thumbprint_text()
}

/// A verifier to whom everybody shows a credential that is bound to this key.
struct Shown {
    nonces: Nonces,
    key: String,
}

impl PresentationInside for Shown {
    fn ask<'a>(&'a self, endpoint: &'a Url) -> Answer<'a, Result<PresentationAsked, PresentationFailure>> {
        self.nonces.ask(endpoint)
    }

    fn judge<'a>(
        &'a self,
        kept: &'a str,
        response: &'a [u8],
    ) -> Answer<'a, Result<Approval, PresentationFailure>> {
        let judged = self.nonces.judge(kept, response);
        Answer::later(async { Ok(judged.await?.for_key(self.key.as_str())) })
    }
}

impl World {
    /// The token of a wallet whose user has agreed so.
    fn token_for(&self, parameters: &Parameters, approval: Approval) -> Value {
        let interaction = wait(self.issuer.authorize(&encoded(parameters))).unwrap();
        let url = wait(self.issuer.approve(&interaction.handle, approval)).unwrap();
        body(&self.exchange(&parameter(&url, "code").unwrap_or_else(|| panic!("{url}"))))
    }

    fn ask_for(&self, token: &Value, keys: &[&dyn Signer]) -> http::Response<Vec<u8>> {
        let nonce = self.nonce();
        let proofs: Vec<String> = keys.iter().map(|key| self.proof(*key, &nonce)).collect();
        let request = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": proofs } });
        self.credential(token["access_token"].as_str().unwrap_or_else(|| panic!("{token}")), &request)
    }

    #[track_caller]
    fn other_keys_are_refused(&self, token: &Value, holder: &dyn Signer) {
        let (mine, another) = (self.key(), self.key());
        for keys in [&[&mine as &dyn Signer][..], &[&mine, &another], &[holder, &mine], &[&mine, holder]] {
            let response = self.ask_for(token, keys);
            assert_eq!(refused(&response), (400, "invalid_proof".to_owned()));
            assert_named(&response, CHECK);
        }
    }
}

#[test]
fn i04_what_a_stranger_has_shown_brings_nothing_for_a_key_of_ones_own() {
    let world = world(|_| {});
    let victim = world.key();
    let token = world.token_for(&request(), approval().for_key(thumbprint(&victim)));
    world.other_keys_are_refused(&token, &victim);
    // The holder gets it, by the same token: no refusal has used anything up.
    let issued = world.ask_for(&token, &[&victim]);
    assert_eq!(issued.status(), 200, "{}", body(&issued));
    // A token that is renewed is no way around it.
    let renewed = body(&world.refresh(token["refresh_token"].as_str().unwrap()));
    world.other_keys_are_refused(&renewed, &victim);
    assert_eq!(world.ask_for(&renewed, &[&victim]).status(), 200);
}

#[test]
fn i04_a_relayed_presentation_inside_of_an_authorization_brings_nothing() {
    let victim = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(4)).unwrap();
    let shown = Shown { nonces: Nonces::default(), key: thumbprint(&victim) };
    let settings = InteractiveAuthorization { presentation: Some(Arc::new(shown)) };
    let world = world_with(|_| {}, |builder| builder.interactive_authorization(settings));
    let required = world.required(&first(PRESENTATION), PRESENTATION);
    let answer = body(&world.interact(&answering(&required)));
    let token = body(&world.exchange(answer["authorization_code"].as_str().unwrap()));
    world.other_keys_are_refused(&token, &victim);
    let issued = world.ask_for(&token, &[&victim]);
    assert_eq!(issued.status(), 200, "{}", body(&issued));
}

#[test]
fn i04_a_credential_that_is_bound_to_no_key_is_not_given_to_whoever_relays() {
    let ticket = CredentialConfiguration {
        proof_algorithms: vec![],
        scope: Some("ticket".to_owned()),
        ..CredentialConfiguration::sd_jwt_vc("ticket", "urn:example:ticket")
    };
    let world = world_with(|_| {}, |builder| builder.configuration(ticket));
    let parameters = changed(request(), "scope", Some("ticket"));
    let ask = |approval: Approval| {
        let token = world.token_for(&parameters, approval);
        let wanted = json!({ "credential_configuration_id": "ticket" });
        world.credential(token["access_token"].as_str().unwrap(), &wanted)
    };
    let known = || approval().with_claims("ticket", Map::new());
    let response = ask(known().for_key(thumbprint(&world.key())));
    assert_eq!(refused(&response), (400, "invalid_proof".to_owned()));
    assert_named(&response, CHECK);
    assert_eq!(ask(known()).status(), 200, "it is the key alone that was missing");
}
