//! What mutations start from: everything in `tests/vectors`, whole and in parts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use credenza_core::{SeededRandom, UnixTime, b64};
use credenza_crypto::x509::CertificateAuthority;
use serde_json::Value;

/// Longer inputs are left out: they only slow things down.
const MAX_SEED: usize = 32 * 1024;

/// All seeds, each once, in an order of their own.
pub(crate) fn read() -> Result<Vec<Vec<u8>>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    let mut seeds = BTreeSet::new();
    for file in files {
        // Of these there are hundreds of one kind.
        if file.components().any(|part| part.as_os_str() == "wycheproof") {
            continue;
        }
        let bytes = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
            take_apart(&value, 0, &mut seeds);
        }
        if let Ok(text) = std::str::from_utf8(&bytes) {
            take_text(text.trim(), &mut seeds);
            for der in credenza_crypto::x509::pem_to_der_chain(text).unwrap_or_default() {
                keep(der, &mut seeds);
            }
        }
        keep(bytes, &mut seeds);
    }
    seeds.extend(made());
    Ok(seeds.into_iter().collect())
}

/// Of what there is no vector: a revocation list, a template with everything that is let through.
fn made() -> Vec<Vec<u8>> {
    let svg = br##"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs><style>.b{fill:url(#a)}</style><!-- c --><image href="data:image/png;base64,AAAA"/><text x="1" class='b'>A &amp; B</text></svg>"##;
    let json_ld = serde_json::json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
        "id": "urn:a:1", "type": ["VerifiableCredential", "AlumniCredential"], "validFrom": "2025-01-01T00:00:00Z",
        "issuer": {"id": "did:example:issuer", "name": {"@value": "A", "@language": "en", "@direction": "rtl"}},
        "credentialSubject": [{"id": "did:example:holder", "alumniOf": "B"}, {"alumniOf": ["C", {"name": "D"}]}],
    });
    let mut made = vec![svg.to_vec(), json_ld.to_string().into_bytes()];
    let (day, now) = (Duration::from_secs(24 * 3600), UnixTime::from_secs(1_750_000_000));
    if let Ok(ca) = CertificateAuthority::generate("Fuzz", now, day * 30, &SeededRandom::new(3)) {
        made.extend(ca.revocation_list(&[], 1, now, now + day));
    }
    made
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn keep(bytes: Vec<u8>, seeds: &mut BTreeSet<Vec<u8>>) {
    if !bytes.is_empty() && bytes.len() <= MAX_SEED {
        seeds.insert(bytes);
    }
}

/// Objects and texts within a vector are inputs, too.
fn take_apart(value: &Value, depth: usize, seeds: &mut BTreeSet<Vec<u8>>) {
    match value {
        Value::String(text) => take_text(text, seeds),
        Value::Array(items) => items.iter().for_each(|item| take_apart(item, depth + 1, seeds)),
        Value::Object(members) => {
            if depth < 6 {
                keep(value.to_string().into_bytes(), seeds);
            }
            members.values().for_each(|member| take_apart(member, depth + 1, seeds));
        }
        _ => {}
    }
}

/// A text, and what it is when it is an encoding of something.
fn take_text(text: &str, seeds: &mut BTreeSet<Vec<u8>>) {
    keep(text.as_bytes().to_vec(), seeds);
    if text.len() < 16 {
        return;
    }
    if let Some(bytes) = hex(text) {
        keep(bytes, seeds);
    } else if let Ok(bytes) = b64::decode(text).or_else(|_| b64::decode_std(text)) {
        keep(bytes, seeds);
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|char| char.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(pairs.filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect())
}
