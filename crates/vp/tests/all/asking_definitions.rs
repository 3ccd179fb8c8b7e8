//! A verifier that asks with a definition of Presentation Exchange: sent as it is, and answers judged by it.

use credenza_formats::mdoc::PID;
use credenza_query::presentation_exchange::PresentationDefinition;
use credenza_vp::dialects::{Dialect, DialectError, Language};
use credenza_vp::messages::TransactionData;
use credenza_vp::verifier::{CreateError, RequestedPrefix, RespondError, Status};
use credenza_vp::wallet::{Holding, Holdings, WalletBuilder};
use credenza_vp::{PresentationRequest, Profile, ResponseMode};
use serde_json::{Value, json};

use crate::formats::pid;
use crate::world::{World, holding, run, world, world_with};

fn definition(value: &Value) -> PresentationDefinition {
    PresentationDefinition::parse(value).unwrap()
}

fn asking(dialect: Dialect, value: &Value) -> PresentationRequest {
    let prefix = match dialect {
        Dialect::Draft18 => RequestedPrefix::RedirectUri,
        _ => RequestedPrefix::X509SanDns,
    };
    PresentationRequest {
        dialect: Some((dialect, Language::PresentationExchange)),
        prefix: Some(prefix),
        response_mode: ResponseMode::DirectPost,
        ..PresentationRequest::new(definition(value))
    }
}

/// What DCQL could not say: a pattern, a choice of descriptors, and what the verifier can do without.
fn choice(dialect: Dialect) -> Value {
    let name = dialect.sd_jwt();
    let descriptor = |id: &str, fields: Value| {
        json!({ "id": id, "group": ["A"], "format": { name: { "sd-jwt_alg_values": ["ES256"] } },
            "constraints": { "limit_disclosure": "required", "fields": fields } })
    };
    json!({
        "id": "what we ask", "purpose": "to know where you live",
        "submission_requirements": [{ "rule": "pick", "count": 1, "from": "A" }],
        "input_descriptors": [
            descriptor("licence", json!([{ "path": ["$.licence"] }])),
            descriptor("who", json!([
                { "path": ["$.vct"], "filter": { "type": "string", "pattern": "^urn:eudi:" } },
                { "path": ["$.address.country", "$.country"], "filter": { "type": "string", "maxLength": 2 } },
                { "path": ["$.nickname"], "optional": true },
            ])),
            descriptor("name", json!([{ "path": ["$.family_name"] }])),
        ],
    })
}

fn outcomes(report: &Value, rule: &str) -> Vec<String> {
    let own = report["checks"].as_array().into_iter().flatten();
    let mut found: Vec<_> = own
        .filter(|check| check["id"] == rule)
        .map(|check| check["outcome"].as_str().unwrap().to_owned())
        .collect();
    for part in report["parts"].as_array().into_iter().flatten() {
        found.extend(outcomes(part, rule));
    }
    found
}

#[test]
fn each_draft_asks_with_the_definition_itself() {
    for dialect in [Dialect::Draft18, Dialect::Draft20, Dialect::Draft23, Dialect::Draft24] {
        for mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
            let world = world();
            let value = choice(dialect);
            let request = PresentationRequest { response_mode: mode, ..asking(dialect, &value) };
            let created = world.create(request);
            if dialect != Dialect::Draft18 {
                assert!(!created.wallet_link.contains("presentation_definition"), "it is in the object");
                assert_eq!(world.request_claims(&created)["presentation_definition"], value);
            }
            let side = world.wallet_with(WalletBuilder::earlier_drafts);
            let asked = run(side.wallet.resolve(&created.wallet_link))
                .unwrap_or_else(|error| panic!("{dialect:?} {mode:?}: {error}"));
            assert_eq!(asked.query().definition(), Some(&definition(&value)));
            world.agree(&side, asked, &world.held()).unwrap_or_else(|e| panic!("{dialect:?} {mode:?}: {e}"));
            let result = run(world.verifier.result(&created.id, None)).unwrap();
            assert_eq!(result.presentations.len(), 1, "one was to be picked");
            assert_eq!(result.presentations[0].query_id, "who");
            assert_eq!(result.presentations[0].format, "dc+sd-jwt");
            assert_eq!(result.presentations[0].claims["address"], json!({ "country": "DE" }));
            assert!(result.presentations[0].holder_bound);
            for rule in ["pe.descriptor.known", "pe.format", "pe.fields", "pe.requirements"] {
                assert_eq!(outcomes(&result.report, rule), ["passed"], "{rule}: {}", result.report);
            }
        }
    }
}

/// A presentation by hand: its descriptor, its format, the claims that it shows.
type Shown<'a> = (&'a str, &'a str, &'a [&'a [&'a str]]);

/// What a form by hand comes to: presentations under ids, each in the order of the list.
fn answered(world: &World, value: &Value, entries: &[Shown<'_>]) -> Result<(), RespondError> {
    let created = world.create(asking(Dialect::Draft24, value));
    let claims = world.request_claims(&created);
    let text = |name: &str| claims[name].as_str().unwrap();
    let presentations: Vec<_> =
        entries.iter().map(|(_, _, paths)| world.bound(paths, text("nonce"), text("client_id"))).collect();
    let map: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(at, (id, format, _))| json!({ "id": id, "format": format, "path": format!("$[{at}]") }))
        .collect();
    let submission = json!({ "id": "s", "definition_id": value["id"], "descriptor_map": map }).to_string();
    let parameters = [
        ("vp_token", &*json!(presentations).to_string()),
        ("presentation_submission", &*submission),
        ("state", text("state")),
    ];
    let done = world.post(&created.request_id, &parameters).map(|_| ());
    let status = world.status(&created.id);
    match &done {
        Ok(()) => assert_eq!(status, Status::Verified),
        // By a holder who meant it: it is no answer, and that ends it.
        Err(RespondError::Refused(_)) => assert_eq!(status, Status::Rejected),
        Err(_) => assert_eq!(status, Status::Retrieved),
    }
    done
}

#[test]
fn answers_are_judged_by_the_definition() {
    let world = world();
    let sd_jwt = "dc+sd-jwt";
    let asked = choice(Dialect::Draft24);
    let country: &[&[&str]] = &[&["address", "country"]];
    let name: &[&[&str]] = &[&["family_name"]];
    answered(&world, &asked, &[("who", sd_jwt, country)]).unwrap();
    answered(&world, &asked, &[("name", sd_jwt, name)]).unwrap();

    let only = |field: Value| json!({ "id": "d", "input_descriptors": [{ "id": "who", "constraints": { "fields": [field] } }] });
    let in_france = json!({ "path": ["$.address.country"], "filter": { "type": "string", "const": "FR" } });
    let refused: [(&Value, &[Shown<'_>], &str); 5] = [
        // The wallet withheld it; or it has another value.
        (&asked, &[("who", sd_jwt, name)], "pe.fields"),
        (&only(in_france), &[("who", sd_jwt, country)], "pe.fields"),
        (&asked, &[("licence", sd_jwt, name)], "pe.fields"),
        // One was to be picked.
        (&asked, &[("who", sd_jwt, country), ("name", sd_jwt, name)], "pe.requirements"),
        (&asked, &[("name", sd_jwt, name), ("name", sd_jwt, name)], "pe.descriptor.once"),
    ];
    for (value, entries, rule) in refused {
        let error = answered(&world, value, entries).unwrap_err();
        assert_eq!(error.reason(), Some(rule), "{entries:?}");
    }
    // Not what was asked for, by its own submission.
    for entry in [("other", sd_jwt, name), ("name", "mso_mdoc", name), ("name", "jwt_vp_json", name)] {
        assert!(matches!(answered(&world, &asked, &[entry]), Err(RespondError::Dialect(_))), "{entry:?}");
    }
}

#[test]
fn a_descriptor_without_formats_takes_each_as_what_it_is() {
    let any = json!({ "id": "d", "input_descriptors": [{
        "id": PID, "constraints": { "limit_disclosure": "required", "fields": [
            { "path": [format!("$['{PID}']['given_name']"), "$.given_name"] },
        ] },
    }] });
    let world = crate::formats::world();
    let mode = ResponseMode::DirectPostJwt;
    for (held, format) in [
        (Holding::mdoc(pid(&world), true), "mso_mdoc"),
        (holding(world.issue(&World::claims()), true), "dc+sd-jwt"),
    ] {
        let created =
            world.create(PresentationRequest { response_mode: mode, ..asking(Dialect::Draft24, &any) });
        let side = world.wallet_with(WalletBuilder::earlier_drafts);
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        world.agree(&side, asked, &[held]).unwrap_or_else(|error| panic!("{format}: {error}"));
        let result = run(world.verifier.result(&created.id, None)).unwrap();
        assert_eq!(result.presentations[0].format, format);
    }
}

#[test]
fn what_can_not_be_asked_with_is_refused_before_it_is() {
    let world = world();
    let refusal = |request: PresentationRequest| run(world.verifier.create(request)).unwrap_err();
    let good = choice(Dialect::Draft20);
    let plain = || asking(Dialect::Draft20, &good);
    let definition_error = |error: CreateError| matches!(error, CreateError::Definition(_));
    assert!(definition_error(refusal(PresentationRequest { dialect: None, ..plain() })));
    let dcql = Some((Dialect::Draft24, Language::Dcql));
    assert!(definition_error(refusal(PresentationRequest { dialect: dcql, ..plain() })));
    let website = PresentationRequest { response_mode: ResponseMode::DcApiJwt, ..plain() };
    assert_eq!(refusal(website), CreateError::ResponseMode);
    let scope = PresentationRequest { scope: Some("pid".to_owned()), ..plain() };
    assert!(matches!(refusal(scope), CreateError::Dialect(DialectError::Absent(_))));

    let with = |members: Value| {
        let mut descriptor = json!({ "id": "who", "constraints": { "fields": [{ "path": ["$.a"] }] } });
        descriptor.as_object_mut().unwrap().extend(members.as_object().cloned().unwrap());
        refusal(asking(Dialect::Draft20, &json!({ "id": "d", "input_descriptors": [descriptor] })))
    };
    assert!(definition_error(with(json!({ "constraints": { "subject_is_issuer": "required" } }))));
    let predicate = json!({ "path": ["$.a"], "predicate": "required", "filter": { "type": "boolean" } });
    assert!(definition_error(with(json!({ "constraints": { "fields": [predicate] } }))));
    assert!(definition_error(with(json!({ "format": { "ac_vp": {} } }))));
    // What its holder signs has a place in encrypted answers alone.
    assert_eq!(with(json!({ "format": { "mso_mdoc": {} } })), CreateError::Dialect(DialectError::Mdoc));
    assert!(definition_error(refusal(asking(
        Dialect::Draft20,
        &json!({ "id": "d", "input_descriptors": [] })
    ))));

    let haip = world_with(|builder| builder.profile(Profile::Haip));
    assert!(matches!(run(haip.verifier.create(plain())).unwrap_err(), CreateError::Profile(_)));

    // A transaction is authorised by a KB-JWT: by nothing that might have none.
    let data = json!({ "type": "payment", "credential_ids": ["who"] });
    let data = TransactionData::new(data.as_object().cloned().unwrap()).unwrap();
    let paying = |formats: Value| {
        let descriptor =
            json!({ "id": "who", "format": formats, "constraints": { "fields": [{ "path": ["$.a"] }] } });
        let mut request = asking(Dialect::Draft24, &json!({ "id": "d", "input_descriptors": [descriptor] }));
        request.transaction_data = vec![data.clone()];
        run(world.verifier.create(request)).map(|_| ())
    };
    paying(json!({ "dc+sd-jwt": {} })).unwrap();
    assert_eq!(paying(json!({ "dc+sd-jwt": {}, "jwt_vp_json": {} })), Err(CreateError::TransactionData));
}

#[test]
fn credentials_that_are_kept_with_an_index_answer_the_same() {
    let world = world();
    let held = || {
        let typed = |number: usize| {
            let mut claims = World::claims();
            claims["vct"] = json!(format!("urn:other:{number}"));
            holding(world.issue(&claims), true)
        };
        let mut held: Vec<_> = (0..3).map(typed).collect();
        held.extend(world.held());
        held
    };
    let (all, kept) = (held(), held().into_iter().collect::<Holdings>());
    let side = world.wallet_with(WalletBuilder::earlier_drafts);
    let dcql = PresentationRequest::new(crate::world::query());
    let exchange = asking(Dialect::Draft20, &choice(Dialect::Draft20));
    for request in [dcql, exchange] {
        let asked = run(side.wallet.resolve(&world.create(request).wallet_link)).unwrap();
        let (one, other) = (asked.matches(&all), asked.matches_among(&kept));
        let shown = |matches: &credenza_vp::wallet::Matches<'_>| {
            let proposals = matches.proposals();
            let own = proposals.iter().map(|it| (it.id.to_owned(), it.holding, matches.preview(it)));
            own.collect::<Vec<_>>()
        };
        assert_eq!(shown(&one), shown(&other));
        assert!(!shown(&one).is_empty());
        let nothing = Holdings::new();
        assert_eq!(asked.matches_among(&nothing).unmet(), asked.matches(&[]).unmet());
    }
}
