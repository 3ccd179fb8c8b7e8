//! JSON-LD contexts beside those of the specifications: somebody names files of them, and nothing is ever fetched.

use credenza_formats::w3c::data_integrity::{Contexts, NotAContext};

/// A context that can't be made known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the context {url}: {why}")]
pub struct ContextProblem {
    /// Which one.
    pub url: String,
    /// Why not.
    pub why: NotAContext,
}

/// The contexts of the specifications and these documents, each with its URL. They may build on each other, in
/// whatever order they come. Whoever names one vouches for it: it decides what the terms of a credential mean.
///
/// # Errors
/// The first that can't be made known: it is malformed, known already, or builds on one that is not there.
pub fn extended(documents: Vec<(String, Vec<u8>)>) -> Result<Contexts, ContextProblem> {
    let (mut contexts, mut waiting) = (Contexts::bundled(), documents);
    loop {
        let (before, mut postponed) = (waiting.len(), Vec::new());
        for (url, document) in waiting {
            match contexts.clone().with(url.clone(), &document) {
                Ok(more) => contexts = more,
                Err(NotAContext::Unknown) => postponed.push((url, document)),
                Err(why) => return Err(ContextProblem { url, why }),
            }
        }
        match postponed.first() {
            None => return Ok(contexts),
            Some((url, _)) if postponed.len() == before => {
                return Err(ContextProblem { url: url.clone(), why: NotAContext::Unknown });
            }
            Some(_) => waiting = postponed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str, text: &str) -> (String, Vec<u8>) {
        (url.to_owned(), text.as_bytes().to_vec())
    }

    #[test]
    fn they_build_on_each_other_in_any_order() {
        let above = named("https://a.example/2", r#"{"@context":["https://a.example/1",{"b":"urn:b"}]}"#);
        let below = named("https://a.example/1", r#"{"@context":{"a":"urn:a"}}"#);
        let contexts = extended(vec![above.clone(), below.clone()]).unwrap();
        assert!(
            contexts.knows("https://a.example/2") && contexts.knows("https://www.w3.org/ns/credentials/v2")
        );
        let why = |documents| extended(documents).map(|_| ()).unwrap_err().why;
        assert_eq!(why(vec![above]), NotAContext::Unknown);
        assert_eq!(why(vec![below.clone(), below]), NotAContext::Known);
        assert_eq!(why(vec![named("https://a.example/1", "[]")]), NotAContext::Malformed);
    }
}
