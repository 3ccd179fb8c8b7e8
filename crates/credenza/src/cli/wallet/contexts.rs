//! `credenza wallet context`: the JSON-LD contexts that a wallet knows beside those of the specifications.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use credenza::contexts::extended;
use credenza::core::json as strict;
use credenza::formats::w3c::data_integrity::Contexts;
use credenza::keys;
use serde_json::{Value, json};

use super::home::short_name;
use crate::cli::{Usage, Verdict, output};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a context known. You vouch for it: it decides what the terms of a credential mean.
    Add {
        /// The URL by which credentials name it.
        url: String,
        /// Its document.
        file: PathBuf,
    },
    /// List them.
    List,
    /// Know one no more.
    Remove {
        /// Its URL.
        url: String,
    },
}

pub(super) fn run(home: &Path, command: &Command, json: bool) -> anyhow::Result<Verdict> {
    let folder = home.join("contexts");
    match command {
        Command::Add { url, file } => {
            let document = fs::read(file).with_context(|| file.display().to_string())?;
            let mut all = documents(home)?;
            all.push((url.clone(), document.clone()));
            extended(all).map_err(|problem| Usage::error(problem.to_string()))?;
            keys::private_folder(home)?;
            keys::private_folder(&folder)?;
            let kept = json!({"url": url, "document": strict::parse(&document)?}).to_string();
            keys::write_public(&file_of(&folder, url), kept.as_bytes())?;
            said(url, &format!("Known: {url}"), json)
        }
        Command::List => {
            let urls: Vec<String> = documents(home)?.into_iter().map(|(url, _)| url).collect();
            if json {
                output::json(&urls)?;
            } else {
                urls.iter().try_for_each(|url| output::line(url))?;
            }
            Ok(Verdict::Good)
        }
        Command::Remove { url } => {
            fs::remove_file(file_of(&folder, url))
                .map_err(|_| Usage::error(format!("no context {url}; see: credenza wallet context list")))?;
            said(url, &format!("Removed: {url}"), json)
        }
    }
}

/// What a wallet in this folder knows.
pub(super) fn known(home: &Path) -> anyhow::Result<Contexts> {
    Ok(extended(documents(home)?)?)
}

fn said(url: &str, text: &str, json: bool) -> anyhow::Result<Verdict> {
    if json {
        output::json(&json!({"url": url}))?;
    } else {
        output::line(text)?;
    }
    Ok(Verdict::Good)
}

fn documents(home: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let Ok(entries) = fs::read_dir(home.join("contexts")) else { return Ok(Vec::new()) };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let read = |file: PathBuf| {
        let said = || file.display().to_string();
        let kept = strict::parse(&fs::read(&file).with_context(said)?).with_context(said)?;
        let url = kept.get("url").and_then(Value::as_str).with_context(said)?.to_owned();
        let document = kept.get("document").with_context(said)?;
        Ok((url, document.to_string().into_bytes()))
    };
    files.into_iter().map(read).collect()
}

fn file_of(folder: &Path, url: &str) -> PathBuf {
    folder.join(format!("{}.json", short_name(url.as_bytes())))
}
