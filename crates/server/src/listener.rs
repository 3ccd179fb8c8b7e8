//! The listener: accepts connections within the limits, serves HTTP/1.1 on each, and stops without cutting anybody.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::limits::Limits;
use crate::patient_io::PatientIo;
use crate::stopping::Stopping;
use crate::tls::Tls;

/// Pause after an `accept` that failed for want of something (file descriptors, memory).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `shutdown` is done, then ends event streams and lets requests in flight end within
/// [`Limits::shutdown_time`].
///
/// # Errors
/// None at present: what goes wrong with one connection ends that connection alone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    run(listener, None, router, limits, shutdown).await
}

/// As [`serve`], over TLS. A handshake has as much time as the head of a request ([`Limits::head_time`]).
///
/// # Errors
/// None at present: what goes wrong with one connection ends that connection alone.
pub async fn serve_tls(
    listener: TcpListener,
    tls: Tls,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    run(listener, Some(tls), router, limits, shutdown).await
}

async fn run(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let (stop, stopping) = watch::channel(());
    let router = router.layer(Extension(Stopping::by(stopping.clone())));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, slot)) => {
                let router = router.clone();
                let (tls, stopping) = (tls.clone(), stopping.clone());
                tokio::spawn(async move {
                    let stream = PatientIo::new(stream, limits.write_time);
                    match tls {
                        None => connection(stream, router, limits, stopping).await,
                        Some(tls) => secured(tls, stream, router, limits, stopping).await,
                    }
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    drop(stop);
    // A connection holds its slot until it has ended: all slots back means nobody is left.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(limits.shutdown_time, slots.acquire_many(all)).await.is_err() {
        tracing::warn!("stopped with requests still in flight");
    }
    Ok(())
}

type Slot = tokio::sync::OwnedSemaphorePermit;

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<(TcpStream, Slot)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // Answers are small and whole: waiting for more to send only costs time.
    let _ = stream.set_nodelay(true);
    Ok((stream, slot))
}

async fn secured(
    tls: Tls,
    stream: PatientIo<TcpStream>,
    router: Router,
    limits: Limits,
    mut stopping: watch::Receiver<()>,
) {
    let handshake = tokio::time::timeout(limits.head_time, tls.acceptor.accept(stream));
    let shaken = tokio::select! {
        shaken = handshake => shaken,
        // Nothing was asked yet.
        _ = stopping.changed() => return,
    };
    match shaken {
        Ok(Ok(stream)) => connection(stream, router, limits, stopping).await,
        Ok(Err(error)) => tracing::debug!(%error, "no TLS connection came about"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn connection<S>(stream: S, router: Router, limits: Limits, mut stopping: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.headers)
        .max_buf_size(limits.head.max(SMALLEST_BUFFER))
        .serve_connection(io, TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // The sender is dropped when the service stops, which ends this wait.
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// hyper panics on a smaller buffer than this.
const SMALLEST_BUFFER: usize = 8192;
