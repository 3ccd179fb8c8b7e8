//! Port: who signs in at the authorization endpoint. The adapter here knows a few people from the configuration.
//!
//! Another source of people is another adapter: a directory is asked for name and password, as this one is. Whoever signs
//! in elsewhere, at an OpenID Provider or with a wallet, comes by the port next door: [`crate::sign_in`].

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use credenza_core::{Answer, Clock, Secret, UnixTime};
use credenza_vci::issuer::Approval;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

/// Somebody who has signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name by which the claims source knows them, and that never changes.
    pub subject: String,
    /// What a page calls them.
    pub name: String,
    /// Claims about them, by credential configuration.
    pub claims: BTreeMap<String, Map<String, Value>>,
    /// The thumbprint of the one key that what they get may be bound to; `None`: any key will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder_key: Option<String>,
}

impl From<User> for Approval {
    fn from(user: User) -> Self {
        Self { subject: user.subject, claims: user.claims, holder_key: user.holder_key }
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "User({} credentials)", self.claims.len())
    }
}

/// Why nobody can sign in now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Name or password is wrong; which of them is nobody's business.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Too many wrong tries.
    #[error("there were too many wrong tries")]
    TooMany,
    /// The source of people can't be asked.
    #[error("signing in is not possible at the moment: {0}")]
    Unavailable(String),
}

/// Port: knows people.
///
/// Its promises: a wrong name and a wrong password are told alike, and cost the same time; guessing is slowed down; a
/// subject that has signed in is found again for as long as it exists.
pub trait UserAuthentication: Send + Sync {
    /// Whoever has this name and this password.
    fn sign_in<'a>(&'a self, name: &'a str, password: &'a Secret) -> Answer<'a, Result<User, SignInError>>;

    /// Somebody who has signed in before.
    fn find<'a>(&'a self, subject: &'a str) -> Answer<'a, Result<Option<User>, SignInError>>;
}

/// Wrong tries after which a name has to wait.
const TRIES: u32 = 5;

/// For how long it has to wait, and after how long wrong tries are forgotten.
const WAIT: Duration = Duration::from_secs(60);

/// How many passwords are checked at the same time: each costs memory and a processor.
const AT_ONCE: usize = 2;

/// No password is longer, in bytes.
const MAX_PASSWORD: usize = 256;

/// Somebody in the configuration.
#[derive(Debug, Clone)]
pub struct ConfiguredUser {
    /// The name to sign in with, which is also the subject.
    pub name: String,
    /// What a page calls them.
    pub display: String,
    /// The argon2id hash of the password, as a PHC string: `$argon2id$v=19$m=…`.
    pub password_hash: String,
    /// Claims about them, by credential configuration.
    pub claims: BTreeMap<String, Map<String, Value>>,
}

impl ConfiguredUser {
    /// Whether the hash of the password is one, so that they can ever sign in.
    #[must_use]
    pub fn has_hash(&self) -> bool {
        PasswordHash::new(&self.password_hash)
            .is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
    }
}

/// A few people from the configuration: for demos, tests and small services.
pub struct ConfiguredUsers {
    users: Vec<ConfiguredUser>,
    clock: Arc<dyn Clock>,
    wrong: Mutex<HashMap<String, (u32, UnixTime)>>,
    hashing: Semaphore,
}

/// The hash of a password is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the password hash of \"{0}\" is not an argon2id hash in PHC form")]
pub struct NotAHash(pub String);

impl ConfiguredUsers {
    /// These people.
    ///
    /// # Errors
    /// [`NotAHash`]
    pub fn new(users: Vec<ConfiguredUser>, clock: Arc<dyn Clock>) -> Result<Self, NotAHash> {
        if let Some(user) = users.iter().find(|user| !user.has_hash()) {
            return Err(NotAHash(user.name.clone()));
        }
        let hashing = Semaphore::new(AT_ONCE);
        Ok(Self { users, clock, wrong: Mutex::default(), hashing })
    }

    /// Counts a try before it is judged, so that many at once are not judged for one.
    fn try_once(&self, name: &str) -> Result<(), SignInError> {
        let now = self.clock.now();
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|_, (_, until)| now < *until);
        // Names that nobody has share one count, so that the table can't be filled.
        let name = if self.users.iter().any(|user| user.name == name) { name } else { "" };
        let (tries, until) = wrong.entry(name.to_owned()).or_insert((0, now + WAIT));
        if *tries >= TRIES {
            return Err(SignInError::TooMany);
        }
        (*tries, *until) = (*tries + 1, now + WAIT);
        Ok(())
    }

    async fn judge(&self, name: &str, password: &Secret) -> Result<User, SignInError> {
        self.try_once(name)?;
        let user = self.users.iter().find(|user| user.name == name);
        // Somebody's hash is always checked, so that names are not told apart by the time it takes.
        let Some(hash) = user.or(self.users.first()).map(|user| user.password_hash.clone()) else {
            return Err(SignInError::Wrong);
        };
        let given = password.clone();
        let unavailable = |error: String| SignInError::Unavailable(error);
        let _permit = self.hashing.acquire().await.map_err(|error| unavailable(error.to_string()))?;
        let checked = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&hash).ok();
            let fits = given.expose().len() <= MAX_PASSWORD;
            fits && hash.is_some_and(|hash| {
                Argon2::default().verify_password(given.expose().as_bytes(), &hash).is_ok()
            })
        });
        let right = checked.await.map_err(|error| unavailable(error.to_string()))?;
        let user = user.filter(|_| right).ok_or(SignInError::Wrong)?;
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(User::from(user))
    }
}

impl From<&ConfiguredUser> for User {
    fn from(user: &ConfiguredUser) -> Self {
        Self {
            subject: user.name.clone(),
            name: user.display.clone(),
            claims: user.claims.clone(),
            holder_key: None,
        }
    }
}

impl std::fmt::Debug for ConfiguredUsers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ConfiguredUsers({})", self.users.len())
    }
}

impl UserAuthentication for ConfiguredUsers {
    fn sign_in<'a>(&'a self, name: &'a str, password: &'a Secret) -> Answer<'a, Result<User, SignInError>> {
        Answer::later(self.judge(name, password))
    }

    fn find<'a>(&'a self, subject: &'a str) -> Answer<'a, Result<Option<User>, SignInError>> {
        Answer::ready(Ok(self.users.iter().find(|user| user.name == subject).map(User::from)))
    }
}
