//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;
use std::path::PathBuf;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The line, from 1; `None` when it is about the whole file.
    pub line: Option<usize>,
    /// The setting, as `section.name`; empty when it is about the whole file.
    pub setting: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// All mistakes of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigProblems {
    /// The file.
    pub file: PathBuf,
    /// At least one.
    pub problems: Vec<ConfigProblem>,
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        for (number, ConfigProblem { line, setting, problem, remedy }) in self.problems.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            match line {
                Some(line) => write!(out, "{file}:{line}: ")?,
                None => write!(out, "{file}: ")?,
            }
            if !setting.is_empty() {
                write!(out, "{setting}: ")?;
            }
            write!(out, "{problem}\n  → {remedy}")?;
        }
        Ok(())
    }
}
