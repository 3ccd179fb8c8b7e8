//! CBOR: in diagnostic notation (RFC 8949 §8), and what it is where it is something known.

use std::fmt::Write as _;

use credenza_core::b64;
use credenza_crypto::cose::{CborError, Kind, Label, Reader};
use credenza_crypto::x509::MAX_CERTIFICATE;

use super::{Found, certificates, cose, mdoc, rules};

/// Embedded items are shown down to this depth.
const MAX_EMBEDDED: usize = 8;

/// The longest notation that is shown, in bytes.
const MAX_NOTATION: usize = 256 * 1024;

/// What ends an item of indefinite length.
const BREAK: u8 = 0xff;

/// Takes bytes apart: a certificate, a revocation list, or CBOR. `None` when they are none of these.
pub(super) fn binary(bytes: &[u8], found: &mut Found) -> Option<String> {
    if bytes.len() <= MAX_CERTIFICATE && certificates::der(bytes, found) {
        return Some("certificate".to_owned());
    }
    if let Some(kind) = certificates::crl(bytes, found) {
        return Some(kind);
    }
    let kind = match Reader::new(bytes).kind() {
        Ok(kind) => kind,
        Err(error @ CborError::Indefinite(_)) if bytes.ends_with(&[BREAK]) => {
            found.report.fail(&rules::CBOR, error.to_string());
            return Some("CBOR that is not accepted".to_owned());
        }
        Err(_) => return None,
    };
    // Short texts happen to be numbers, too: only what has parts is taken for CBOR.
    if !matches!(kind, Kind::Map | Kind::Array | Kind::Tag) {
        return None;
    }
    let notation = match notation(bytes) {
        Ok(notation) => notation,
        Err(error @ (CborError::Duplicate(_) | CborError::Indefinite(_) | CborError::TooDeep(_))) => {
            found.report.fail(&rules::CBOR, error.to_string());
            return Some("CBOR that is not accepted".to_owned());
        }
        Err(_) => return None,
    };
    found.report.pass(&rules::CBOR);
    let kind = mdoc::mdoc(bytes, found).or_else(|| cose::message(bytes, found));
    found.part("diagnostic notation", notation);
    Some(kind.unwrap_or_else(|| "CBOR".to_owned()))
}

/// Text that stands for bytes: base64 of either alphabet, or hexadecimal.
pub(super) fn decoded(text: &str) -> Vec<Vec<u8>> {
    let hexadecimal = (text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| text.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>())
        .flatten();
    [hexadecimal, b64::decode(text).ok(), b64::decode_std(text).ok()].into_iter().flatten().collect()
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The diagnostic notation of an item.
pub(super) fn notation(item: &[u8]) -> Result<String, CborError> {
    let mut out = String::new();
    Reader::whole(item, |reader| write(reader, 0, &mut out))?;
    if out.len() > MAX_NOTATION {
        out = out.chars().take(MAX_NOTATION).collect();
        out.push_str(" … and more");
    }
    Ok(out)
}

fn write(reader: &mut Reader<'_>, embedded: usize, out: &mut String) -> Result<(), CborError> {
    match reader.kind()? {
        Kind::Integer => add(out, &reader.wide_integer()?.to_string()),
        Kind::Bytes => bytes(reader.bytes()?, out),
        Kind::Text => add(out, &format!("{:?}", reader.text()?)),
        Kind::Bool => add(out, if reader.bool()? { "true" } else { "false" }),
        Kind::Float => add(out, &format!("{:?}", reader.float()?)),
        Kind::Null => {
            reader.null()?;
            add(out, "null");
        }
        Kind::Undefined => {
            reader.skip()?;
            add(out, "undefined");
        }
        Kind::Simple => {
            reader.skip()?;
            add(out, "simple(…)");
        }
        Kind::Array => {
            out.push('[');
            let mut first = true;
            reader.array(|item| {
                separate(&mut first, out);
                write(item, embedded, out)
            })?;
            out.push(']');
        }
        Kind::Map => {
            out.push('{');
            let mut first = true;
            reader.map(|label, value| {
                separate(&mut first, out);
                match label {
                    Label::Integer(number) => add(out, &number.to_string()),
                    Label::Text(text) => add(out, &format!("{text:?}")),
                    Label::Bytes(name) => bytes(name, out),
                }
                out.push_str(": ");
                write(value, embedded, out)
            })?;
            out.push('}');
        }
        Kind::Tag => reader.tagged(|tag, value| {
            let _ = write!(out, "{tag}(");
            tagged(tag, value, embedded, out)?;
            out.push(')');
            Ok::<_, CborError>(())
        })?,
    }
    Ok(())
}

/// What a tag tags; an embedded item is shown as what it is, where it is one.
fn tagged(tag: u64, reader: &mut Reader<'_>, embedded: usize, out: &mut String) -> Result<(), CborError> {
    if tag == credenza_crypto::cose::cbor::ENCODED_TAG
        && embedded < MAX_EMBEDDED
        && reader.kind()? == Kind::Bytes
    {
        let content = reader.bytes()?;
        let start = out.len();
        out.push_str("<<");
        if Reader::whole(content, |inner| write(inner, embedded + 1, out)).is_ok() {
            out.push_str(">>");
        } else {
            out.truncate(start);
            bytes(content, out);
        }
        return Ok(());
    }
    write(reader, embedded, out)
}

fn separate(first: &mut bool, out: &mut String) {
    if !std::mem::take(first) {
        out.push_str(", ");
    }
}

fn bytes(content: &[u8], out: &mut String) {
    if out.len() <= MAX_NOTATION {
        let _ = write!(out, "h'{}'", crate::keys::authority::hex(content));
    }
}

/// What is beyond the longest notation is counted and not kept.
fn add(out: &mut String, text: &str) {
    if out.len() <= MAX_NOTATION {
        out.push_str(text);
    }
}
