//! Several sources of trust as one, and the one that trusts nobody.

use std::sync::Arc;

use credenza_core::{Answer, UnixTime};

use crate::{Distrust, KeyMaterial, Purpose, Trust, Trusted};

/// Trusts nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Trust for Nobody {
    fn resolve<'a>(
        &'a self,
        _material: &'a KeyMaterial<'a>,
        _purpose: Purpose<'a>,
        _now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        Answer::ready(Err(Distrust::Unknown))
    }
}

/// Asks sources in their order until one trusts the key or has the last word ([`Distrust::is_final`]). Of several
/// refusals the first that says more than "unknown" is told.
#[derive(Clone, Default)]
pub struct AnyOf {
    sources: Vec<Arc<dyn Trust>>,
}

impl AnyOf {
    /// The sources, the first asked first. None: trusts nobody.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn Trust>>) -> Self {
        Self { sources }
    }
}

/// The better explanation of two.
fn worse(told: Distrust, new: Distrust) -> Distrust {
    if matches!(told, Distrust::Unknown | Distrust::NoMaterial) { new } else { told }
}

impl Trust for AnyOf {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        let mut told = Distrust::Unknown;
        let mut sources = self.sources.iter();
        // Sources that answer at once cost no future.
        let waiting = loop {
            let Some(source) = sources.next() else { return Answer::ready(Err(told)) };
            match source.resolve(material, purpose, now) {
                Answer::Ready(Some(Ok(trusted))) => return Answer::ready(Ok(trusted)),
                Answer::Ready(Some(Err(distrust))) if distrust.is_final() => {
                    return Answer::ready(Err(distrust));
                }
                Answer::Ready(Some(Err(distrust))) => told = worse(told, distrust),
                Answer::Ready(None) => {}
                later @ Answer::Later(_) => break later,
            }
        };
        Answer::later(async move {
            let mut waiting = Some(waiting);
            loop {
                let Some(answer) =
                    waiting.take().or_else(|| Some(sources.next()?.resolve(material, purpose, now)))
                else {
                    return Err(told);
                };
                match answer.await {
                    Err(distrust) if !distrust.is_final() => told = worse(told, distrust),
                    last => return last,
                }
            }
        })
    }
}

impl std::fmt::Debug for AnyOf {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AnyOf({} sources)", self.sources.len())
    }
}
