//! `credenza wallet transaction`: the types of transactions that can be shown and authorised (OID4VP 1.0 §8.4).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use credenza::core::json as strict;
use credenza::keys;
use credenza::vp::messages::{MemberKind, TransactionType};
use serde_json::json;

use crate::cli::{Usage, Verdict, output};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a type known. A transaction of that type has exactly these members.
    Add {
        /// The type, as verifiers name it.
        name: String,
        /// Its members with their kinds: text, number, boolean, object or array; with a ? behind the name, it may be
        /// missing.
        #[arg(value_name = "MEMBER[?]=KIND")]
        members: Vec<String>,
    },
    /// List them.
    List,
    /// Know one no more.
    Remove {
        /// The type.
        name: String,
    },
}

/// Members and their kinds, by type.
type Known = BTreeMap<String, BTreeMap<String, String>>;

const FILE: &str = "transactions.json";

pub(super) fn run(home: &Path, command: &Command, json: bool) -> anyhow::Result<Verdict> {
    let mut all = read(home)?;
    match command {
        Command::Add { name, members } => {
            let members = members.iter().map(|text| {
                let said =
                    text.split_once('=').filter(|(member, _)| !member.trim_end_matches('?').is_empty());
                let (member, kind) =
                    said.ok_or_else(|| Usage::error(format!("{text} is not MEMBER=KIND")))?;
                kind_of(kind)?;
                Ok((member.to_owned(), kind.to_owned()))
            });
            all.insert(name.clone(), members.collect::<anyhow::Result<_>>()?);
            write(home, &all)?;
            said(name, &format!("Known: {name}"), json)
        }
        Command::List => {
            if json {
                output::json(&all)?;
            } else {
                for (name, members) in &all {
                    let members: Vec<_> =
                        members.iter().map(|(name, kind)| format!("{name}={kind}")).collect();
                    output::line(format!("{name}  {}", members.join(" ")).trim_end())?;
                }
            }
            Ok(Verdict::Good)
        }
        Command::Remove { name } => {
            if all.remove(name).is_none() {
                return Err(Usage::error(format!("no type {name}; see: credenza wallet transaction list")));
            }
            write(home, &all)?;
            said(name, &format!("Removed: {name}"), json)
        }
    }
}

/// What a wallet in this folder can show.
pub(super) fn known(home: &Path) -> anyhow::Result<Vec<TransactionType>> {
    let read = read(home)?.into_iter().map(|(name, members)| {
        members.iter().try_fold(TransactionType::new(name), |known, (name, kind)| {
            let kind = kind_of(kind)?;
            Ok(match name.strip_suffix('?') {
                Some(name) => known.optional(name, kind),
                None => known.required(name.as_str(), kind),
            })
        })
    });
    read.collect()
}

fn kind_of(name: &str) -> anyhow::Result<MemberKind> {
    Ok(match name {
        "text" => MemberKind::Text,
        "number" => MemberKind::Number,
        "boolean" => MemberKind::Boolean,
        "object" => MemberKind::Object,
        "array" => MemberKind::Array,
        _ => return Err(Usage::error(format!("{name} is not text, number, boolean, object or array"))),
    })
}

fn said(name: &str, text: &str, json: bool) -> anyhow::Result<Verdict> {
    if json {
        output::json(&json!({"type": name}))?;
    } else {
        output::line(text)?;
    }
    Ok(Verdict::Good)
}

fn file(home: &Path) -> PathBuf {
    home.join(FILE)
}

fn read(home: &Path) -> anyhow::Result<Known> {
    let file = file(home);
    let said = || file.display().to_string();
    match fs::read(&file) {
        Ok(text) => Ok(serde_json::from_value(strict::parse(&text).with_context(said)?).with_context(said)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Known::new()),
        Err(error) => Err(error).with_context(said),
    }
}

fn write(home: &Path, all: &Known) -> anyhow::Result<()> {
    keys::private_folder(home)?;
    keys::write_public(&file(home), serde_json::to_string_pretty(all)?.as_bytes())?;
    Ok(())
}
