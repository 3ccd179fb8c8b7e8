//! Secrets that are not written into the configuration: `${NAME}` is an environment variable, `${file:PATH}` a file.

use std::path::Path;

/// Replaces what is between `${` and `}` in a URL. What is a part of it alone, such as a password, is percent-encoded;
/// what is all of it is taken as written. The text of an error has no value.
pub(super) fn expand(text: &str, folder: &Path) -> Result<String, String> {
    expand_with(text, folder, |name| std::env::var(name).ok())
}

fn expand_with(
    text: &str,
    folder: &Path,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, more)) = rest.split_once("${") {
        let (name, after) = more.split_once('}').ok_or("\"${\" has no \"}\"")?;
        let value = match name.strip_prefix("file:") {
            Some(file) => read(&folder.join(file))?,
            None => variable(name).ok_or_else(|| format!("the environment has no variable {name:?}"))?,
        };
        let whole = before.is_empty() && after.is_empty() && expanded.is_empty();
        expanded.push_str(before);
        if whole {
            expanded.push_str(&value);
        } else {
            encode(&value, &mut expanded);
        }
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// A file that an orchestrator has mounted; editors end files with a line break.
fn read(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Everything but the characters that mean nothing in any part of a URL (RFC 3986 §2.3).
fn encode(value: &str, encoded: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), "a/b@c\r\n").unwrap();
        std::fs::write(folder.path().join("url"), "postgres://u:a%2Fb@h/n\n").unwrap();
        let variable = |name: &str| match name {
            "URL" => Some("redis://:p%40@h".to_owned()),
            "HOST" => Some("db.example".to_owned()),
            _ => None,
        };
        expand_with(text, folder.path(), variable)
    }

    #[test]
    fn a_part_is_encoded_and_a_whole_is_not() {
        let given = "postgres://u:${file:password}@${HOST}/n";
        assert_eq!(expanded(given).unwrap(), "postgres://u:a%2Fb%40c@db.example/n");
        assert_eq!(expanded("${URL}").unwrap(), "redis://:p%40@h");
        assert_eq!(expanded("${file:url}").unwrap(), "postgres://u:a%2Fb@h/n");
        assert_eq!(expanded("sqlite:$x{y}.db").unwrap(), "sqlite:$x{y}.db");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(expanded("${NOBODY}").unwrap_err().contains("NOBODY"));
        assert!(expanded("redis://:${file:nothing}@h").unwrap_err().contains("nothing"));
        assert!(expanded("a${HOST").unwrap_err().contains('}'));
    }
}
