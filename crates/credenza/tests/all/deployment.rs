//! What is in deploy/ fits the binary: files are well formed, commands and settings exist, and the layout works when its
//! parts are processes of this machine.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use credenza::core::AddressPolicy;
use credenza::http::ReqwestHttp;
use credenza::wallet::default_choices;
use http::Method;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use yaml_rust2::{Yaml, YamlLoader};

use crate::nodes::holder;
use crate::postgres_server::PostgresServer;
use crate::redis_server::RedisServer;
use crate::world::{self, answer, call, credenza, free_port, good, good_json, pid_offer, pid_request, send};

/// What a URL would be broken by.
const PASSWORD: &str = "it's a/secret@";

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(deploy(file)).unwrap()
}

fn parsed(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The commands of the README that begin so, each on one line.
fn commands(start: &str) -> Vec<String> {
    let joined = text("README.md").replace("\\\n", " ");
    let commands = joined.lines().filter_map(|line| line.strip_prefix("$ "));
    commands.filter(|line| line.starts_with(start)).map(str::to_owned).collect()
}

/// What a shell makes of a line with single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Runs the README's `credenza init` in a folder that stands for the nodes' root: with other places for the servers.
fn init(root: &Path, others: &[(&str, &str)]) -> (PathBuf, String) {
    let [command] = &commands("credenza init")[..] else { panic!("one init") };
    let folder = root.join("etc/credenza");
    fs::create_dir_all(root.join("run/secrets")).unwrap();
    for name in ["database_password", "sessions_password"] {
        fs::write(root.join("run/secrets").join(name), format!("{PASSWORD}\n")).unwrap();
    }
    let secrets = root.join("run/secrets").join("");
    let mut arguments: Vec<String> = words(command).into_iter().skip(1).collect();
    for argument in &mut arguments {
        *argument = argument.replace("/run/secrets/", secrets.to_str().unwrap());
        for (of_the_file, here) in others {
            *argument = argument.replace(of_the_file, here);
        }
        if argument == "config" {
            folder.to_str().unwrap().clone_into(argument);
        }
    }
    arguments.push("--json".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let written = good_json(&arguments);
    (folder.join("credenza.toml"), written["admin_token"].as_str().unwrap().to_owned())
}

#[test]
fn the_configuration_of_the_guide_is_good_and_has_no_password() {
    let root = tempfile::tempdir().unwrap();
    let (config, _) = init(root.path(), &[]);
    let written = fs::read_to_string(&config).unwrap();
    assert!(
        written.contains("postgres://credenza:${file:") && written.contains("redis://:${file:"),
        "{written}"
    );
    assert!(!written.contains(PASSWORD), "a password");
    let check = ["serve", "--check", "--config", config.to_str().unwrap()];
    good(&check);
    fs::remove_file(root.path().join("run/secrets/sessions_password")).unwrap();
    let refused = world::bad(2, &check);
    assert!(refused.contains("sessions_password") && refused.contains("${file:PATH}"), "{refused}");
}

#[test]
fn secrets_come_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    good(&["init", "--dir", home, "--database", "${CREDENZA_TEST_DATABASE}"]);
    let config = folder.path().join("credenza.toml");
    let check = |url: Option<&str>| {
        let mut command = credenza(&["serve", "--check", "--config", config.to_str().unwrap()]);
        command.env_remove("CREDENZA_TEST_DATABASE");
        command.envs(url.map(|url| ("CREDENZA_TEST_DATABASE", url))).output().unwrap()
    };
    assert!(check(Some("postgres://u:hunter2@h/n")).status.success());
    for wrong in [None, Some("mysql://u:hunter2@h/n")] {
        let refused = check(wrong);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(said.contains("database") && !said.contains("hunter2"), "{said}");
    }
}

/// What the image runs, the binary understands.
#[test]
fn the_image_runs_as_nobody_and_asks_the_binary_how_it_is() {
    let file = text("Dockerfile");
    let (_, image) = file.split_once("FROM scratch\n").unwrap();
    assert!(image.contains("\nUSER 65532:65532\n"));
    assert!(!image.contains("RUN "), "there is no shell");
    let asks = image.lines().find(|line| line.starts_with("HEALTHCHECK")).unwrap();
    assert!(asks.ends_with("CMD [\"/credenza\", \"healthz\"]"), "{asks}");
    for command in [&["healthz", "--ready", "--help"][..], &["serve", "--config", "x", "--help"]] {
        good(command);
    }
}

#[test]
fn compose_has_three_nodes_alike_and_no_secrets() {
    let text = text("compose/compose.yaml");
    let [compose] = &parsed(&text)[..] else { panic!("one document") };
    let services = &compose["services"];
    for name in ["node-1", "node-2", "node-3"] {
        let node = &services[name];
        assert_eq!(node["user"].as_str(), Some("65532:65532"));
        assert_eq!(node["read_only"].as_bool(), Some(true));
        assert_eq!(node["cap_drop"][0].as_str(), Some("ALL"));
        let test: Vec<_> =
            node["healthcheck"]["test"].as_vec().unwrap().iter().flat_map(Yaml::as_str).collect();
        assert_eq!(test, ["CMD", "/credenza", "healthz", "--ready"]);
        for name in node["secrets"].as_vec().unwrap() {
            assert!(compose["secrets"][name.as_str().unwrap()]["file"].as_str().is_some(), "{name:?}");
        }
        let waits = node["depends_on"].as_hash().unwrap();
        assert!(waits.keys().all(|name| services.as_hash().unwrap().contains_key(name)));
        assert!(self::text("compose/Caddyfile").contains(&format!("{name}:7777")));
    }
    for environment in services.as_hash().unwrap().values().filter_map(|it| it["environment"].as_hash()) {
        let passwords = environment.keys().filter_map(Yaml::as_str).filter(|name| name.contains("PASSWORD"));
        assert!(passwords.into_iter().all(|name| name.ends_with("_FILE")), "a password is in a file");
    }
    let ignored = self::text("compose/.gitignore");
    assert!(ignored.contains("secrets/") && ignored.contains("config/"));
}

/// The few words of Helm's language that the chart uses.
fn rendered(template: &str, values: &Yaml, config: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, more)) = rest.split_once("{{") {
        let (action, after) = more.split_once("}}").unwrap();
        out.push_str(before);
        let action = action.trim_matches(['-', ' ']);
        let value = |path: &str| {
            let found = path.split('.').fold(values.clone(), |found, name| found[name].clone());
            match found {
                Yaml::String(text) => text,
                Yaml::Integer(number) => number.to_string(),
                other => panic!("{path} is {other:?} in values.yaml"),
            }
        };
        match action {
            ".Release.Name" => out.push_str("test"),
            "end" => {}
            ".Values.config | sha256sum" => out.push_str("0123"),
            it if it.starts_with("required ") => {
                assert!(it.ends_with(".Values.config | indent 4"));
                out.extend(config.lines().map(|line| format!("    {line}\n")));
            }
            it => match it.strip_prefix("if .Values.") {
                Some(path) => assert!(values[path.split('.').next().unwrap()]["enabled"].as_bool().is_some()),
                None => out.push_str(&value(it.strip_prefix(".Values.").unwrap_or_else(|| panic!("{it}")))),
            },
        }
        rest = after;
    }
    out + rest
}

/// What is mounted into the nodes, at which path.
fn mounts(pod: &Yaml) -> Vec<(&str, &str)> {
    let mounts = pod["containers"][0]["volumeMounts"].as_vec().unwrap();
    mounts.iter().map(|it| (it["mountPath"].as_str().unwrap(), it["name"].as_str().unwrap())).collect()
}

#[test]
fn the_chart_is_well_formed_and_its_configuration_is_read() {
    let root = tempfile::tempdir().unwrap();
    let (config, _) = init(root.path(), &[]);
    let written = fs::read_to_string(&config).unwrap();
    let values = &parsed(&text("helm/credenza/values.yaml"))[0];
    assert_eq!(parsed(&text("helm/credenza/Chart.yaml"))[0]["apiVersion"].as_str(), Some("v2"));
    let mut kinds = Vec::new();
    for entry in fs::read_dir(deploy("helm/credenza/templates")).unwrap() {
        let template = fs::read_to_string(entry.unwrap().path()).unwrap();
        for object in parsed(&rendered(&template, values, &written)) {
            kinds.push(object["kind"].as_str().unwrap().to_owned());
            let pod = &object["spec"]["template"]["spec"];
            if !pod.is_badvalue() {
                assert_eq!(pod["securityContext"]["runAsNonRoot"].as_bool(), Some(true));
                let container = &pod["containers"][0]["securityContext"];
                assert_eq!(container["allowPrivilegeEscalation"].as_bool(), Some(false));
                let volumes: Vec<_> =
                    pod["volumes"].as_vec().unwrap().iter().flat_map(|it| it["name"].as_str()).collect();
                assert!(mounts(pod).iter().all(|(_, name)| *name == "data" || volumes.contains(name)));
            }
            match object["kind"].as_str().unwrap() {
                "Secret" => panic!("secrets are the operator's"),
                "ConfigMap" => {
                    // Beside keys and types as the pods have them, it is good.
                    fs::write(&config, object["data"]["credenza.toml"].as_str().unwrap()).unwrap();
                    good(&["serve", "--check", "--config", config.to_str().unwrap()]);
                }
                "Deployment" => {
                    assert_eq!(object["spec"]["replicas"].as_i64(), Some(3));
                    let paths: Vec<_> = mounts(pod).into_iter().map(|(path, _)| path).collect();
                    assert!(paths.contains(&"/etc/credenza/credenza.toml"));
                    let folder = config.parent().unwrap();
                    for path in paths.iter().filter_map(|path| path.strip_prefix("/etc/credenza/")) {
                        assert!(folder.join(path).exists(), "init writes no {path}");
                    }
                }
                _ => {}
            }
        }
    }
    for kind in ["ConfigMap", "Deployment", "Service", "Ingress", "PodDisruptionBudget", "StatefulSet"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind}");
    }
}

/// Sends each connection to the next node.
async fn proxy(listener: TcpListener, nodes: Vec<SocketAddr>) {
    let next = AtomicUsize::new(0);
    while let Ok((mut client, _)) = listener.accept().await {
        let node = nodes[next.fetch_add(1, Ordering::SeqCst) % nodes.len()];
        tokio::spawn(async move {
            let mut node = TcpStream::connect(node).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_behind_a_proxy_as_the_guide_lays_them_out() {
    let secure = ["--appendonly", "yes", "--appendfsync", "always", "--requirepass", PASSWORD];
    let (Some(database), Some(sessions)) = (PostgresServer::start(), RedisServer::start_with(&secure)) else {
        return;
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let root = tempfile::tempdir().unwrap();
    let (config, token) = init(root.path(), &[("https://issuer.example", &*url)]);
    // The servers of the test are elsewhere. The first has no password, and does not look at one that it is sent.
    let text = fs::read_to_string(&config).unwrap();
    let database = database.url("public");
    let (_, at) = database.split_once('@').unwrap();
    let sessions = sessions.url("test");
    let (_, valkey) = sessions.split_once("://").unwrap();
    let text = text.replace("@postgres/credenza?sslmode=disable", &format!("@{at}"));
    let text = text.replace("@valkey?", &format!("@{valkey}&"));
    let mut nodes = Vec::new();
    for number in 0..3 {
        let at: SocketAddr = (Ipv4Addr::LOCALHOST, free_port()).into();
        let config = config.with_file_name(format!("node-{number}.toml"));
        fs::write(&config, text.replace("0.0.0.0:7777", &at.to_string())).unwrap();
        nodes.push((world::Process(world::serve(&config)), at, config));
    }
    for (_, _, config) in &nodes {
        let config = config.to_str().unwrap();
        assert_eq!(good(&["healthz", "--config", config]).trim(), "alive");
        assert_eq!(
            good_json(&["healthz", "--ready", "--config", config, "--json"])["answer"]["status"],
            "ready"
        );
    }
    tokio::spawn(proxy(listener, nodes.iter().map(|(_, at, _)| *at).collect()));

    let wallet = holder(Arc::new(ReqwestHttp::new(AddressPolicy::Loopback)), Arc::default());
    let post = async |path: &str, body| {
        let (status, made) = answer(&send(call(&url, &token, Method::POST, path, Some(body))).await.unwrap());
        assert_eq!(status, 201, "{made}");
        made
    };
    let offer = post("/offers", pid_offer(&json!({}))).await;
    let shown = wallet.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
    wallet.accept_offer(&shown.id, None).await.unwrap();
    let asked = post("/presentations", pid_request(&json!([{"path": ["given_name"]}]), &json!({}))).await;
    let consent = wallet.open_request(asked["uri"].as_str().unwrap()).await.unwrap();
    wallet.answer_request(&consent.id, &default_choices(&consent)).await.unwrap();
    let path = format!("/presentations/{}", asked["id"].as_str().unwrap());
    for _ in 0..3 {
        let (_, session) = answer(&send(call(&url, &token, Method::GET, &path, None)).await.unwrap());
        assert_eq!(session["state"], "verified", "{session}");
    }

    // A node that ends is not well.
    let (node, _, config) = nodes.remove(0);
    drop(node);
    assert_ne!(world::run(&["healthz", "--config", config.to_str().unwrap()]).status.code(), Some(0));
}
