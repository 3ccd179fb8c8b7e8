//! Two handles of one store, as two nodes have them: each call goes to the other one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use credenza_core::{Answer, Key, Record, Store, StoreError, Write};

pub(crate) struct Two {
    stores: [Arc<dyn Store>; 2],
    calls: AtomicUsize,
}

impl Two {
    pub(crate) fn new(stores: [Arc<dyn Store>; 2]) -> Self {
        Self { stores, calls: AtomicUsize::new(0) }
    }

    fn next(&self) -> &dyn Store {
        &*self.stores[self.calls.fetch_add(1, Ordering::SeqCst) % 2]
    }
}

impl Store for Two {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        self.next().get(key)
    }

    fn commit(&self, writes: Vec<Write>) -> Answer<'_, Result<(), StoreError>> {
        self.next().commit(writes)
    }

    fn take<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        self.next().take(key)
    }

    fn list<'a>(
        &'a self,
        kind: &'static str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>> {
        self.next().list(kind, after, limit)
    }

    fn sweep(&self, limit: usize) -> Answer<'_, Result<usize, StoreError>> {
        self.next().sweep(limit)
    }
}
