//! `--context URL=FILE`.

use anyhow::Context as _;
use credenza::contexts::extended;
use credenza::formats::w3c::data_integrity::Contexts;

use super::Usage;

/// The contexts of the specifications, and those that the command line names as URL=FILE.
pub(super) fn named(arguments: &[String]) -> anyhow::Result<Contexts> {
    let mut documents = Vec::new();
    for argument in arguments {
        // A URL may have an equals sign in its query; the name of a file seldom has.
        let (url, file) = argument
            .rsplit_once('=')
            .ok_or_else(|| Usage::error(format!("--context is URL=FILE, and {argument} is not")))?;
        documents.push((url.to_owned(), std::fs::read(file).with_context(|| file.to_owned())?));
    }
    extended(documents).map_err(|problem| Usage::error(problem.to_string()))
}
