//! The syntax of DIDs and DID URLs (DID Core 1.0 §3.1, §3.2).

use std::fmt;

use super::DidError;

/// No DID and no DID URL is longer, in bytes: room for a `did:jwk` of an RSA key of 8192 bits.
pub const MAX_DID: usize = 4096;

/// A DID: `did:`, the name of a method, and what the method makes of the rest. It is compared by the letter.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Did(String);

impl Did {
    /// Parses a DID, without path, query and fragment.
    ///
    /// # Errors
    /// [`DidError::Syntax`].
    pub fn parse(text: &str) -> Result<Self, DidError> {
        if text.len() > MAX_DID {
            return Err(DidError::Syntax("longer than a DID may be"));
        }
        let (method, id) = text
            .strip_prefix("did:")
            .and_then(|rest| rest.split_once(':'))
            .ok_or(DidError::Syntax("it does not begin with did: and a method"))?;
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        {
            return Err(DidError::Syntax("the method is not lower-case letters and digits"));
        }
        if id.is_empty() || id.ends_with(':') {
            return Err(DidError::Syntax("nothing stands after the method or the last colon"));
        }
        if !every_character(id, |byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte)) {
            return Err(DidError::Syntax("a character that no DID has"));
        }
        Ok(Self(text.to_owned()))
    }

    /// What the key or the data of a method was written into: known to be a DID.
    pub(super) fn made(method: &str, id: &str) -> Self {
        Self(format!("did:{method}:{id}"))
    }

    /// The whole DID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the method.
    #[must_use]
    pub fn method(&self) -> &str {
        self.parts().0
    }

    /// What stands after the method.
    #[must_use]
    pub fn id(&self) -> &str {
        self.parts().1
    }

    /// A DID URL that is this DID and a fragment.
    #[must_use]
    pub fn with_fragment(&self, fragment: &str) -> DidUrl {
        DidUrl { did: self.clone(), between: String::new(), fragment: Some(fragment.to_owned()) }
    }

    fn parts(&self) -> (&str, &str) {
        self.0.strip_prefix("did:").and_then(|rest| rest.split_once(':')).unwrap_or_default()
    }
}

impl fmt::Display for Did {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A DID may be the name of a person: Debug shows its method alone.
impl fmt::Debug for Did {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Did(did:{}:…)", self.method())
    }
}

/// A DID URL: a DID, and what stands after it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DidUrl {
    /// The DID.
    pub did: Did,
    /// Path and query, as written; empty when there are none.
    between: String,
    /// What stands after `#`.
    pub fragment: Option<String>,
}

impl DidUrl {
    /// Parses a DID URL; a DID alone is one, too.
    ///
    /// # Errors
    /// [`DidError::Syntax`].
    pub fn parse(text: &str) -> Result<Self, DidError> {
        if text.len() > MAX_DID {
            return Err(DidError::Syntax("longer than a DID URL may be"));
        }
        let (rest, fragment) = match text.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (text, None),
        };
        let (did, between) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let url_character = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte);
        if !every_character(between, url_character)
            || fragment.is_some_and(|fragment| !every_character(fragment, url_character))
        {
            return Err(DidError::Syntax("a character that no DID URL has"));
        }
        Ok(Self { did: Did::parse(did)?, between: between.to_owned(), fragment: fragment.map(str::to_owned) })
    }

    /// Parses a reference as it stands in the document of `base`: a fragment alone is a key of that DID (§3.2.2).
    ///
    /// # Errors
    /// [`DidError::Syntax`].
    pub fn parse_relative(text: &str, base: &Did) -> Result<Self, DidError> {
        if text.starts_with('#') { Self::parse(&format!("{base}{text}")) } else { Self::parse(text) }
    }

    /// Whether it names a verification method as we resolve them: DID and fragment, nothing between.
    #[must_use]
    pub fn names_a_key(&self) -> bool {
        self.between.is_empty() && self.fragment.as_deref().is_some_and(|fragment| !fragment.is_empty())
    }
}

impl fmt::Display for DidUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.did, self.between)?;
        self.fragment.as_ref().map_or(Ok(()), |fragment| write!(out, "#{fragment}"))
    }
}

/// As for [`Did`].
impl fmt::Debug for DidUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DidUrl({:?})", self.did)
    }
}

/// Whether all characters are allowed, or percent and two hexadecimal digits.
fn every_character(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = if byte == b'%' {
            bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit())
                && bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit())
        } else {
            allowed(byte)
        };
        if !fits {
            return false;
        }
    }
    true
}
