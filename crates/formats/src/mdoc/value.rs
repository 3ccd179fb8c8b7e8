//! Data elements between CBOR and JSON.
//!
//! From CBOR as OpenID4VP 1.0 §6.4.1 refers to RFC 8949 §6.1: bytes become base64url, tags fall away. To CBOR with the
//! types that a namespace gives to its elements, because JSON has neither dates nor bytes.

use std::borrow::Cow;

use credenza_core::{UnixTime, b64};
use credenza_crypto::cose::{CborError, Kind, Label, Reader, Writer, cbor};
use serde_json::{Map, Number, Value};

use super::tdate::{self, DATE_TIME_TAG, FULL_DATE_TAG};
use super::{MDL_NAMESPACE, PID};

/// Byte strings that ask for another encoding than base64url (RFC 8949 §3.4.5.2).
const BASE64_TAG: u64 = 22;
const BASE16_TAG: u64 = 23;
const NEGATIVE_BIG_NUMBER_TAG: u64 = 3;

/// The JSON view of an encoded item.
///
/// # Errors
/// Not acceptable CBOR, or two keys of a map are the same in JSON.
pub fn to_json(item: &[u8]) -> Result<Value, CborError> {
    Reader::whole(item, |reader| read(reader, b64_text))
}

fn b64_text(bytes: &[u8]) -> String {
    b64::encode(bytes)
}

fn read(reader: &mut Reader<'_>, encode: fn(&[u8]) -> String) -> Result<Value, CborError> {
    Ok(match reader.kind()? {
        Kind::Integer => integer(reader.wide_integer()?),
        Kind::Bytes => Value::String(encode(reader.bytes()?)),
        Kind::Text => Value::String(reader.text()?.to_owned()),
        Kind::Bool => Value::Bool(reader.bool()?),
        Kind::Float => Number::from_f64(reader.float()?).map_or(Value::Null, Value::Number),
        Kind::Null | Kind::Undefined | Kind::Simple => {
            reader.skip()?;
            Value::Null
        }
        Kind::Array => {
            let mut items = Vec::new();
            reader.array(|item| read(item, encode).map(|item| items.push(item)))?;
            Value::Array(items)
        }
        Kind::Map => {
            let at = reader.position();
            let mut members = Map::new();
            reader.map(|label, value| {
                let name = match label {
                    Label::Integer(number) => number.to_string(),
                    Label::Text(text) => text.to_owned(),
                    Label::Bytes(bytes) => encode(bytes),
                };
                match members.insert(name, read(value, encode)?) {
                    None => Ok(()),
                    Some(_) => Err(CborError::Duplicate(at)),
                }
            })?;
            Value::Object(members)
        }
        Kind::Tag => reader.tagged(|tag, content| match tag {
            BASE64_TAG => read(content, |bytes| b64::encode_std(bytes)),
            BASE16_TAG => read(content, hex),
            NEGATIVE_BIG_NUMBER_TAG => read(content, |bytes| format!("~{}", b64::encode(bytes))),
            _ => read(content, encode),
        })?,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn integer(number: i128) -> Value {
    if let Ok(number) = u64::try_from(number) {
        return Value::from(number);
    }
    match i64::try_from(number) {
        Ok(number) => Value::from(number),
        // Between -2^63 and -2^64: the nearest number that JSON's readers have.
        #[expect(clippy::cast_precision_loss, reason = "no JSON reader has more")]
        Err(_) => Value::from(number as f64),
    }
}

/// What a text of JSON is in CBOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// `full-date`, tag 1004: `2026-11-24`.
    FullDate,
    /// `tdate`, tag 0: any RFC 3339 time, which is written in UTC without a fraction.
    DateTime,
    /// `full-date` or `tdate`, as the text is.
    Date,
    /// Bytes: base64url or base64.
    Bytes,
}

/// Which texts of the claims are dates and bytes, by namespace and path of member names. An array stands for each of
/// its items.
#[derive(Debug, Clone, Default)]
pub struct ElementTypes(Vec<(Cow<'static, str>, Vec<Cow<'static, str>>, ElementType)>);

impl ElementTypes {
    /// Those of the driving licence (ISO/IEC 18013-5 §7.2) and of the European person identification data.
    #[must_use]
    pub fn standard() -> Self {
        let known = |(namespace, path, kind): &(&'static str, &[&'static str], ElementType)| {
            (Cow::Borrowed(*namespace), path.iter().map(|name| Cow::Borrowed(*name)).collect(), *kind)
        };
        Self(STANDARD.iter().map(known).collect())
    }

    /// With another element. What is said last counts.
    #[must_use]
    pub fn with(mut self, namespace: &str, path: &[&str], kind: ElementType) -> Self {
        let path = path.iter().map(|name| Cow::Owned((*name).to_owned())).collect();
        self.0.push((Cow::Owned(namespace.to_owned()), path, kind));
        self
    }

    fn of(&self, namespace: &str, path: &[&str]) -> Option<ElementType> {
        let found = self.0.iter().rev().find(|(named, names, _)| named == namespace && names == path);
        found.map(|(.., kind)| *kind)
    }

    /// The `status` of a mobile security object.
    pub(super) fn status() -> Self {
        Self::default()
            .with("", &["status_list", "certificate"], ElementType::Bytes)
            .with("", &["identifier_list", "id"], ElementType::Bytes)
            .with("", &["identifier_list", "certificate"], ElementType::Bytes)
    }
}

const STANDARD: &[(&str, &[&str], ElementType)] = &[
    (MDL_NAMESPACE, &["birth_date"], ElementType::FullDate),
    (MDL_NAMESPACE, &["issue_date"], ElementType::Date),
    (MDL_NAMESPACE, &["expiry_date"], ElementType::Date),
    (MDL_NAMESPACE, &["portrait"], ElementType::Bytes),
    (MDL_NAMESPACE, &["portrait_capture_date"], ElementType::DateTime),
    (MDL_NAMESPACE, &["signature_usual_mark"], ElementType::Bytes),
    (MDL_NAMESPACE, &["biometric_template_face"], ElementType::Bytes),
    (MDL_NAMESPACE, &["biometric_template_finger"], ElementType::Bytes),
    (MDL_NAMESPACE, &["biometric_template_signature_sign"], ElementType::Bytes),
    (MDL_NAMESPACE, &["biometric_template_iris"], ElementType::Bytes),
    (MDL_NAMESPACE, &["driving_privileges", "issue_date"], ElementType::FullDate),
    (MDL_NAMESPACE, &["driving_privileges", "expiry_date"], ElementType::FullDate),
    (PID, &["birth_date"], ElementType::FullDate),
    (PID, &["issuance_date"], ElementType::Date),
    (PID, &["expiry_date"], ElementType::Date),
    (PID, &["portrait"], ElementType::Bytes),
];

/// A value that is not what its type says, or that is nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotOfType;

/// Writes a claim as CBOR.
pub(super) fn write<'v>(
    value: &'v Value,
    types: &ElementTypes,
    namespace: &str,
    path: &mut Vec<&'v str>,
    depth: usize,
    out: &mut Writer,
) -> Result<(), NotOfType> {
    // A reader like ours has to be able to read it, in an item that is a map itself.
    if depth + 1 >= cbor::MAX_DEPTH {
        return Err(NotOfType);
    }
    match value {
        Value::Null => drop_unit(out.null()),
        Value::Bool(value) => drop_unit(out.bool(*value)),
        Value::Number(number) => write_number(number, out)?,
        Value::String(text) => match types.of(namespace, path) {
            None => drop_unit(out.text(text)),
            Some(kind) => write_text(text, kind, out)?,
        },
        Value::Array(items) => {
            out.array(items.len());
            for item in items {
                write(item, types, namespace, path, depth + 1, out)?;
            }
        }
        Value::Object(members) => {
            out.map(members.len());
            for (name, value) in members {
                out.text(name);
                path.push(name);
                write(value, types, namespace, path, depth + 1, out)?;
                path.pop();
            }
        }
    }
    Ok(())
}

fn drop_unit(_: &mut Writer) {}

fn write_number(number: &Number, out: &mut Writer) -> Result<(), NotOfType> {
    if let Some(number) = number.as_u64() {
        out.unsigned(number);
    } else if let Some(number) = number.as_i64() {
        out.integer(number);
    } else {
        out.float(number.as_f64().ok_or(NotOfType)?);
    }
    Ok(())
}

fn write_text(text: &str, kind: ElementType, out: &mut Writer) -> Result<(), NotOfType> {
    match kind {
        ElementType::FullDate | ElementType::Date if tdate::is_full_date(text) => {
            out.tag(FULL_DATE_TAG).text(text);
        }
        ElementType::DateTime | ElementType::Date => {
            let time = tdate::Tdate::parse(text).ok_or(NotOfType)?.time;
            write_time(time, out)?;
        }
        ElementType::FullDate => return Err(NotOfType),
        ElementType::Bytes => {
            let bytes = b64::decode(text).ok().or_else(|| b64::decode_std(text).ok());
            out.bytes(&bytes.ok_or(NotOfType)?);
        }
    }
    Ok(())
}

/// A `tdate` in the form of ISO/IEC 18013-5 §9.1.2.4.
pub(super) fn write_time(time: UnixTime, out: &mut Writer) -> Result<(), NotOfType> {
    let text = time.to_rfc3339();
    if text.is_empty() {
        return Err(NotOfType);
    }
    out.tag(DATE_TIME_TAG).text(&text);
    Ok(())
}
