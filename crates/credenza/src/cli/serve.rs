//! `credenza serve`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use credenza::config::{self, Settings};
use credenza::core::{Secret, SystemClock};
use credenza::server::{AdminToken, Limits, Pages, serve, serve_tls};
use credenza::service::clock::InStep;
use credenza::service::revocation_list::{self, RevocationList};
use credenza::service::{LookUp, Parts, Revocation, Webhooks};
use serde_json::json;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::{Usage, Verdict, output};

/// Runs issuer, authorization server and verifier from a configuration, until SIGINT or SIGTERM: requests in flight
/// are answered, then it ends. Logs go to standard error.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration, as `credenza init` writes it.
    #[arg(long, default_value = "credenza.toml", env = "CREDENZA_CONFIG")]
    config: PathBuf,

    /// Read and check the configuration, and do not start.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let settings =
        config::read(&arguments.config, &SystemClock).map_err(|error| Usage::error(error.to_string()))?;
    if arguments.check {
        output::line(if json { "{\"ok\": true}" } else { "The configuration is good." })?;
        return Ok(Verdict::Good);
    }
    log(&settings.log);
    let (url, listen) = (settings.url.clone(), settings.listen);
    let (revoked, tls) = (settings.revocation_list.clone(), settings.tls.clone());
    let inside = settings.admin.listen;
    if settings.authorization.as_ref().is_some_and(|it| it.automatic.is_some()) {
        tracing::warn!(
            "[authorization.automatic]: nobody signs in and nobody is asked; WHOEVER ASKS GETS CREDENTIALS. This is \
             for certification and tests alone"
        );
    }
    let shown = settings.authorization.as_ref().and_then(|it| it.presentation.as_ref());
    if shown.is_some_and(|shown| !shown.same_key) {
        tracing::warn!(
            "[authorization.presentation]: what is issued may be bound to another key than what was shown, so that a \
             relayed presentation gets somebody else's claims; holder_key = \"same\" prevents it"
        );
    }
    let sessions = settings.sessions.as_ref().map(Secret::expose);
    let in_step = InStep::open(settings.database.expose(), sessions).await.context("the database")?;
    let service = assemble(settings, &in_step)?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("can't listen on {listen}; is another service running there?"))?;
    let at = listener.local_addr()?;
    let inside = match inside {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .with_context(|| format!("can't listen on {address} for the admin plane"))?,
        ),
        None => None,
    };
    let admin = inside.as_ref().map(TcpListener::local_addr).transpose()?;
    let line = match (json, admin) {
        (true, None) => json!({"url": url.as_str(), "listen": at.to_string()}).to_string(),
        (true, Some(admin)) => {
            json!({"url": url.as_str(), "listen": at.to_string(), "admin": admin.to_string()}).to_string()
        }
        (false, None) => format!("Credenza serves {url} on {at}"),
        (false, Some(admin)) => format!("Credenza serves {url} on {at}, and its admin plane on {admin}"),
    };
    output::line(&line)?;
    let router = if inside.is_some() { service.public_router() } else { service.router() };
    let router = match revoked {
        Some(file) => revocation_list::publish(router, &url, RevocationList::File(file)),
        None => router,
    };
    let inside = inside
        .map(|listener| tokio::spawn(serve(listener, service.admin_router(), Limits::default(), shutdown())));
    let work = tokio::spawn(service.work(shutdown()));
    match tls {
        Some(tls) => serve_tls(listener, tls, router, Limits::default(), shutdown()).await?,
        None => serve(listener, router, Limits::default(), shutdown()).await?,
    }
    if let Some(inside) = inside {
        inside.await??;
    }
    work.await?;
    Ok(Verdict::Good)
}

fn assemble(settings: Settings, in_step: &InStep) -> anyhow::Result<Arc<credenza::server::Service>> {
    let stores = in_step.stores.clone();
    let audited = settings.admin.audit.then(|| Arc::clone(&stores.records));
    let parts = Parts {
        clock: Arc::clone(&in_step.clock) as _,
        pages: Pages::SignIn,
        asking: settings.asking,
        document_signer: settings.document_signer.map(|signer| Arc::new(signer) as _),
        encryption: settings.encryption,
        dialects: settings.dialects,
        dc_api: settings.dc_api,
        haip: settings.haip,
        authorization: settings.authorization,
        authorization_servers: settings.authorization_servers,
        outgoing: settings.outgoing,
        trusted_dids: settings.trusted_dids,
        holder_dids_over_http: settings.holder_dids_over_http,
        contexts: settings.contexts,
        claims: settings.claims,
        type_records: Some(Arc::clone(&stores.records)),
        webhooks: Some(Webhooks {
            records: Arc::clone(&stores.records),
            internal_hosts: settings.webhook_hosts,
        }),
        revocation: settings.status.map(|policy| Revocation { records: stores.records, policy }),
        look_up: LookUp { undetermined: settings.undetermined, ..LookUp::default() },
        ..Parts::new(
            settings.url,
            (settings.issuer_name, Arc::new(settings.issuer_key), settings.credential_types),
            (settings.verifier_key, settings.anchors),
            stores.sessions,
            settings.sealer.in_epoch(stores.epoch),
        )
    };
    let file = settings.file.display().to_string();
    let builder = parts.assemble().map_err(|error| Usage::error(format!("{file}: {error}")))?;
    let mut service = builder.service.admin_token(AdminToken::from_sha256(settings.admin_token));
    for access in settings.admin.tokens {
        service = service.access(access);
    }
    if let Some(records) = audited {
        service = service.audit(records);
    }
    Ok(service.build()?)
}

/// Logs to standard error what the filter lets through; RUST_LOG has precedence.
pub(super) fn log(filter: &str) {
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(filter));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new("info")));
    // Fails only when there is one already, which then stays.
    let _ = subscriber.try_init();
}

/// Ends when the process is asked to stop.
pub(super) async fn shutdown() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
