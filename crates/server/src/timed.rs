//! Stores and signers with a watch: how long they take goes to the metrics.

use std::sync::Arc;
use std::time::Instant;

use credenza_core::{Answer, Key, Record, Store, StoreError, Write};
use credenza_crypto::{Algorithm, Jwk, SignError, Signer};

use crate::metrics::Metrics;

/// A store that is timed.
pub struct TimedStore {
    inner: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

impl TimedStore {
    /// Times this store.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { inner, metrics }
    }

    fn time<'a, T: Send + Unpin + 'a>(
        &'a self,
        operation: &'static str,
        answer: Answer<'a, Result<T, StoreError>>,
        began: Instant,
    ) -> Answer<'a, Result<T, StoreError>> {
        Answer::later(async move {
            let result = answer.await;
            let failed = matches!(result, Err(StoreError::Unavailable(_)));
            self.metrics.stored(operation, began.elapsed(), failed);
            result
        })
    }
}

impl Store for TimedStore {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        let began = Instant::now();
        self.time("get", self.inner.get(key), began)
    }

    fn commit(&self, writes: Vec<Write>) -> Answer<'_, Result<(), StoreError>> {
        let began = Instant::now();
        self.time("commit", self.inner.commit(writes), began)
    }

    fn take<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        let began = Instant::now();
        self.time("take", self.inner.take(key), began)
    }

    fn list<'a>(
        &'a self,
        kind: &'static str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>> {
        let began = Instant::now();
        self.time("list", self.inner.list(kind, after, limit), began)
    }

    fn sweep(&self, limit: usize) -> Answer<'_, Result<usize, StoreError>> {
        let began = Instant::now();
        self.time("sweep", self.inner.sweep(limit), began)
    }
}

/// A signer that is timed.
pub struct TimedSigner {
    inner: Arc<dyn Signer>,
    key: &'static str,
    metrics: Arc<Metrics>,
}

impl TimedSigner {
    /// Times this signer, under the name of what its key is for.
    #[must_use]
    pub fn new(inner: Arc<dyn Signer>, key: &'static str, metrics: Arc<Metrics>) -> Self {
        Self { inner, key, metrics }
    }
}

impl Signer for TimedSigner {
    fn algorithm(&self) -> Algorithm {
        self.inner.algorithm()
    }

    fn public_jwk(&self) -> &Jwk {
        self.inner.public_jwk()
    }

    fn x5c(&self) -> &[Vec<u8>] {
        self.inner.x5c()
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        let began = Instant::now();
        let answer = self.inner.sign(message);
        Answer::later(async move {
            let result = answer.await;
            self.metrics.signed(self.key, began.elapsed());
            result
        })
    }
}
