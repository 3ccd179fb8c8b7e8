//! Regular expressions of filters: ECMAScript's as far as an automaton can match them, so that no expression and no
//! text takes more than linear time.

use regex::{Regex, RegexBuilder};

use super::error::Defect;

/// No regular expression is longer, in bytes.
pub const MAX_PATTERN: usize = 1024;

/// No automaton is larger, in bytes.
const MAX_AUTOMATON: usize = 1 << 18;

/// Groups may be in groups so often.
const MAX_GROUPS: u32 = 32;

pub(super) fn compile(pattern: &str) -> Result<Regex, Defect> {
    if pattern.len() > MAX_PATTERN {
        return Err(Defect::Pattern);
    }
    let translated = translate(pattern).ok_or(Defect::Pattern)?;
    RegexBuilder::new(&translated)
        .size_limit(MAX_AUTOMATON)
        .nest_limit(MAX_GROUPS)
        .build()
        .map_err(|_| Defect::Pattern)
}

/// The literal that a pattern stands for, when it is `^literal$` and nothing more.
pub(super) fn literal(pattern: &str) -> Option<String> {
    let inside = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(char::is_ascii_punctuation)?),
            '^' | '$' | '|' | '?' | '*' | '+' | '(' | ')' | '[' | ']' | '{' | '}' => return None,
            // A dot that was not escaped is meant as one in nearly every definition, but says something else.
            '.' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

/// From ECMAScript's notation to that of `regex`: what means something else there is rewritten; none where it can't be.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..)?;
        rest = after;
        match c {
            '\\' => {
                let escaped = after.chars().next()?;
                rest = after.get(escaped.len_utf8()..)?;
                escape(&mut out, escaped, in_class, rest)?;
            }
            '[' if in_class => out.push_str("\\["),
            '[' => {
                // Nothing, and anything: neither is written so in `regex`.
                if after.starts_with(']') || after.starts_with("^]") {
                    return None;
                }
                in_class = true;
                out.push('[');
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            ']' | '}' => out.extend(['\\', c]),
            '&' | '~' if in_class => out.extend(['\\', c]),
            '-' if in_class && after.starts_with('-') => return None,
            '{' if !in_class => match quantifier(after) {
                Some((numbers, after)) => {
                    out.extend(["{", numbers, "}"]);
                    rest = after;
                }
                // ECMAScript takes a brace that begins no quantifier for itself.
                None => out.push_str("\\{"),
            },
            '(' if !in_class && after.starts_with('?') => {
                let named = after.starts_with("?<") && !after.starts_with("?<=") && !after.starts_with("?<!");
                if !named && !after.starts_with("?:") {
                    return None;
                }
                out.push('(');
            }
            c => out.push(c),
        }
    }
    (!in_class).then_some(out)
}

fn escape(out: &mut String, escaped: char, in_class: bool, after: &str) -> Option<()> {
    let class = |out: &mut String, inside: &str| {
        if in_class { out.push_str(inside) } else { out.extend(["[", inside, "]"]) }
    };
    match escaped {
        'd' => class(out, "0-9"),
        'w' => class(out, "0-9A-Za-z_"),
        'D' => out.push_str("[^0-9]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        'b' if in_class => out.push_str("\\x08"),
        'b' if !after.starts_with('{') => out.push_str("(?-u:\\b)"),
        's' | 'S' | 't' | 'n' | 'r' | 'f' | 'v' | 'x' | 'u' | 'p' | 'P' => out.extend(['\\', escaped]),
        '0' if !after.starts_with(|c: char| c.is_ascii_digit()) => out.push_str("\\x00"),
        // Escaped, they are edges of words in `regex`.
        '<' | '>' => out.push(escaped),
        c if c.is_ascii_punctuation() => out.extend(['\\', c]),
        _ => return None,
    }
    Some(())
}

/// `3}`, `3,}` or `3,5}`: the numbers, and what follows.
fn quantifier(text: &str) -> Option<(&str, &str)> {
    let (inside, after) = text.split_once('}')?;
    let (least, most) = inside.split_once(',').unwrap_or((inside, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some((inside, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_ecmascript_reads_it() {
        for (pattern, text, matches) in [
            ("^[0-9]{10-12}|^DE", "DE1", true),
            ("^[0-9]{10-12}$", "1234567890", false),
            ("^[0-9]{2,3}$", "12", true),
            ("^\\d+$", "١٢", false),
            ("^\\w+\\.\\w+$", "a.b", true),
            ("[[]", "[", true),
            ("^[a&&b]+$", "a&b", true),
            ("\\bfoo\\b", "a foo b", true),
            ("^(?:a|b)$", "b", true),
            ("^\\<$", "<", true),
            ("^a$", "a\n", false),
        ] {
            assert_eq!(compile(pattern).unwrap().is_match(text), matches, "{pattern}");
        }
    }

    #[test]
    fn what_would_not_be_linear_or_means_nothing_is_refused() {
        for pattern in ["(?=a)a", "(a)\\1", "(?i)a", "[]", "[^]", "[+--]", "a\\", "(", "\\A", "(?<!a)b", "[a"]
        {
            assert_eq!(compile(pattern).unwrap_err(), Defect::Pattern, "{pattern}");
        }
        assert!(compile(&"a".repeat(MAX_PATTERN + 1)).is_err());
        assert!(compile("((a{1000}){1000}){1000}").is_err());
        // The classic of backtracking is nothing to an automaton.
        assert!(!compile("^(a+)+$").unwrap().is_match(&format!("{}b", "a".repeat(100_000))));
    }

    #[test]
    fn literals() {
        assert_eq!(literal("^urn:a\\.b$").as_deref(), Some("urn:a.b"));
        for more in ["^a|b$", "a", "^a.b$", "^a\\d$", "^(a)$"] {
            assert_eq!(literal(more), None, "{more}");
        }
    }
}
