//! Claims from a table: one row for each person or case.

use std::collections::BTreeMap;

use credenza_core::{Answer, json};
use serde_json::{Map, Value};

use super::{ClaimsAnswer, ClaimsError, ClaimsSource, IssuanceContext};

/// A table of claims. A row is found by who has signed in, and otherwise by what the offer is called (its reference); it
/// is brought as it is. An offer that has claims itself is not looked up. Whoever has no row is denied the credential.
#[derive(Clone, Default)]
pub struct TableClaims {
    rows: BTreeMap<String, Map<String, Value>>,
}

/// Why a text is no table. Lines and columns are named, and nothing that is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Not an object of objects.
    #[error("not a JSON object with an object of claims for each person: {0}")]
    Json(String),
    /// Quotes that do not match.
    #[error("line {0}: a quoted field does not end, or goes on after its end")]
    Quotes(usize),
    /// Another number of fields than the first line.
    #[error("line {line}: it has {found} fields where the first line has {expected}")]
    Fields {
        /// The line, from 1.
        line: usize,
        /// Fields in it.
        found: usize,
        /// Fields of the first.
        expected: usize,
    },
    /// No column but the first, one without a name, two of one name, or one below a claim that is no object.
    #[error("column {0} has no name, the name of another one, or one below another one's")]
    Column(usize),
    /// A field that is announced as JSON and is not.
    #[error("line {line}, column {column}: not JSON")]
    Value {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A row without a key, or two rows of one key.
    #[error("line {0}: the first field is empty, or is that of another line")]
    Key(usize),
}

impl TableClaims {
    /// A table of these rows.
    #[must_use]
    pub fn new(rows: BTreeMap<String, Map<String, Value>>) -> Self {
        Self { rows }
    }

    /// Reads `{"erika": {"given_name": "Erika"}}`: the claims of each subject or reference.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn from_json(text: &[u8]) -> Result<Self, TableError> {
        let broken = |error: json::JsonError| TableError::Json(error.to_string());
        let Value::Object(members) = json::parse(text).map_err(broken)? else {
            return Err(TableError::Json("it is no object".to_owned()));
        };
        let mut rows = BTreeMap::new();
        for (key, claims) in members {
            let Value::Object(claims) = claims else {
                return Err(TableError::Json("a row is no object".to_owned()));
            };
            rows.insert(key, claims);
        }
        Ok(Self { rows })
    }

    /// Reads comma-separated values (RFC 4180) with a first line of names. The first column is the subject or reference;
    /// each other one is a claim: `given_name`, `address/locality` for one inside of another, `age:json` where fields
    /// are JSON and no texts. An empty field is a claim that is not there.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn from_csv(text: &str) -> Result<Self, TableError> {
        let mut lines = records(text)?.into_iter();
        let (_, head) = lines.next().ok_or(TableError::Column(1))?;
        let columns = columns(&head)?;
        let mut rows = BTreeMap::new();
        for (line, fields) in lines {
            if fields.len() != head.len() {
                return Err(TableError::Fields { line, found: fields.len(), expected: head.len() });
            }
            let mut fields = fields.into_iter();
            let key = fields.next().unwrap_or_default();
            let mut claims = Map::new();
            for (number, (column, field)) in columns.iter().zip(fields).enumerate() {
                if field.is_empty() {
                    continue;
                }
                let value = match column.json {
                    true => json::parse(field.as_bytes())
                        .map_err(|_| TableError::Value { line, column: number + 2 })?,
                    false => Value::String(field),
                };
                put(&mut claims, &column.path, value).ok_or(TableError::Column(number + 2))?;
            }
            if key.is_empty() || rows.insert(key, claims).is_some() {
                return Err(TableError::Key(line));
            }
        }
        Ok(Self { rows })
    }
}

struct Column {
    path: Vec<String>,
    json: bool,
}

fn columns(head: &[String]) -> Result<Vec<Column>, TableError> {
    let mut columns: Vec<Column> = Vec::with_capacity(head.len());
    for (number, name) in head.iter().enumerate().skip(1) {
        let (name, json) = name.strip_suffix(":json").map_or((name.as_str(), false), |name| (name, true));
        let path: Vec<String> = name.split('/').map(|part| part.trim().to_owned()).collect();
        let taken =
            columns.iter().any(|known| known.path.starts_with(&path) || path.starts_with(&known.path));
        if taken || path.iter().any(String::is_empty) {
            return Err(TableError::Column(number + 1));
        }
        columns.push(Column { path, json });
    }
    if columns.is_empty() { Err(TableError::Column(2)) } else { Ok(columns) }
}

/// Puts a claim where it belongs.
fn put(claims: &mut Map<String, Value>, path: &[String], value: Value) -> Option<()> {
    let (last, above) = path.split_last()?;
    let mut at = claims;
    for name in above {
        at = at.entry(name.clone()).or_insert_with(|| Value::Object(Map::new())).as_object_mut()?;
    }
    at.insert(last.clone(), value);
    Some(())
}

/// The fields of each record, with the line that it begins in. Empty lines are none.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, TableError> {
    let mut all = Vec::new();
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut line, mut begins) = (1, 1);
    let (mut quoted, mut closed) = (false, false);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        line += usize::from(character == '\n');
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => (quoted, closed) = (false, true),
            _ if quoted => field.push(character),
            '"' if field.is_empty() && !closed => quoted = true,
            ',' | '\n' => {
                if character == '\n' && field.ends_with('\r') {
                    field.pop();
                }
                fields.push(std::mem::take(&mut field));
                closed = false;
                if character == '\n' {
                    end(&mut all, begins, &mut fields);
                    begins = line;
                }
            }
            '\r' if characters.peek() == Some(&'\n') => {}
            _ if closed => return Err(TableError::Quotes(line)),
            _ => field.push(character),
        }
    }
    if quoted {
        return Err(TableError::Quotes(begins));
    }
    fields.push(field);
    end(&mut all, begins, &mut fields);
    Ok(all)
}

fn end(all: &mut Vec<(usize, Vec<String>)>, begins: usize, fields: &mut Vec<String>) {
    let fields = std::mem::take(fields);
    if fields.len() > 1 || fields.iter().any(|field| !field.is_empty()) {
        all.push((begins, fields));
    }
}

impl ClaimsSource for TableClaims {
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        let row = || self.rows.get(context.subject.or(context.reference)?);
        Answer::ready(match context.offered.or_else(row) {
            Some(claims) => Ok(ClaimsAnswer::Claims(claims.clone())),
            None => Err(ClaimsError::Denied),
        })
    }
}

/// What is in it is about people, and is not shown.
impl std::fmt::Debug for TableClaims {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "TableClaims({} rows)", self.rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_table_of_values() {
        let text = "\u{feff}person,given_name,address/locality,age:json\r\nerika,\"Erika \"\"E\"\"\",\"Köln,\nam Rhein\",61\r\n\r\nada,Ada,,\n";
        let table = TableClaims::from_csv(text).unwrap();
        assert_eq!(
            Value::from(table.rows["erika"].clone()),
            json!({"given_name": "Erika \"E\"", "address": {"locality": "Köln,\nam Rhein"}, "age": 61})
        );
        assert_eq!(Value::from(table.rows["ada"].clone()), json!({"given_name": "Ada"}));
        assert_eq!(format!("{table:?}"), "TableClaims(2 rows)");
    }

    #[test]
    fn every_mistake_is_where_it_is() {
        for (text, error) in [
            ("", TableError::Column(1)),
            ("id\n", TableError::Column(2)),
            ("id,a,a\n", TableError::Column(3)),
            ("id,a,a/b\n", TableError::Column(3)),
            ("id,/a\n", TableError::Column(2)),
            ("id,a\nx,1,2\n", TableError::Fields { line: 2, found: 3, expected: 2 }),
            ("id,a\n\"x\n\",\"1\n", TableError::Quotes(2)),
            ("id,a\nx,\"1\"2\n", TableError::Quotes(2)),
            ("id,a:json\nx,yes\n", TableError::Value { line: 2, column: 2 }),
            ("id,a\n,1\n", TableError::Key(2)),
            ("id,a\nx,1\nx,2\n", TableError::Key(3)),
        ] {
            assert_eq!(TableClaims::from_csv(text).unwrap_err(), error, "{text:?}");
        }
        for text in ["[]", "{\"a\": 1}", "{\"a\": {}, \"a\": {}}", "{"] {
            assert!(matches!(TableClaims::from_json(text.as_bytes()), Err(TableError::Json(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = TableClaims::from_csv(&text);
        }

        #[test]
        fn what_is_quoted_is_read_as_it_was(value in "\\PC{1,20}") {
            let text = format!("id,a\nx,\"{}\"\n", value.replace('"', "\"\""));
            prop_assert_eq!(&TableClaims::from_csv(&text).unwrap().rows["x"]["a"], &Value::String(value));
        }
    }
}
