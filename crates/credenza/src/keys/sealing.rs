//! The ring of keys that seals codes, tokens and nonces: a key on each line, the first one seals.

use credenza_core::{Random, Sealer, Secret, id};

/// One step of replacing the key. After each of them the file goes to all nodes, before the next is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A fresh key at the end: every node knows it before any node seals with it.
    Add,
    /// The last key becomes the first: it seals from now on, the others only open.
    Use,
    /// All but the first go away, once whatever they have sealed has expired.
    Drop,
}

/// Why a step can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The file is no ring.
    #[error("it is no ring of sealing keys: 43 characters of base64url on each line")]
    NoRing,
    /// There is one key alone.
    #[error("there is one key alone: add another one first")]
    OneKey,
    /// A key was added and is not used yet, or an old one is still there.
    #[error("there is a second key already: use it, or drop the old one, first")]
    Waiting,
}

/// The text of the ring after the step.
///
/// # Errors
/// See [`StepError`].
pub fn take(step: Step, ring: &str, random: &dyn Random) -> Result<Secret, StepError> {
    if Sealer::from_text(ring).is_none() {
        return Err(StepError::NoRing);
    }
    let mut keys: Vec<&str> = ring.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let fresh = Secret::new(id::unguessable(random));
    match step {
        Step::Add if keys.len() > 1 => return Err(StepError::Waiting),
        Step::Add => keys.push(fresh.expose()),
        Step::Use if keys.len() < 2 => return Err(StepError::OneKey),
        Step::Use => keys.rotate_right(1),
        Step::Drop if keys.len() < 2 => return Err(StepError::OneKey),
        Step::Drop => keys.truncate(1),
    }
    Ok(Secret::new(keys.join("\n") + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SeededRandom;

    #[test]
    fn q07_three_steps_replace_the_key() {
        let random = SeededRandom::new(1);
        let old = id::unguessable(&random);
        let next = |step, ring: &str| take(step, ring, &random).map(|ring| ring.expose().to_owned());
        let added = next(Step::Add, &old).unwrap();
        assert!(added.starts_with(&old) && added.lines().count() == 2);
        let used = next(Step::Use, &added).unwrap();
        assert!(used.ends_with(&format!("{old}\n")));
        let dropped = next(Step::Drop, &used).unwrap();
        assert_eq!(dropped.lines().next(), added.lines().nth(1));
        assert_eq!(dropped.lines().count(), 1);
        assert_eq!(next(Step::Use, &old), Err(StepError::OneKey));
        assert_eq!(next(Step::Drop, &old), Err(StepError::OneKey));
        assert_eq!(next(Step::Add, &added), Err(StepError::Waiting));
        assert_eq!(next(Step::Add, "-"), Err(StepError::NoRing));
    }
}
