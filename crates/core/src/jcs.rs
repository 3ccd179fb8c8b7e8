//! The one form of a JSON value that hashes and signatures are made over: JSON Canonicalization Scheme (RFC 8785).

use serde_json::{Number, Value};

/// Beyond this, neighbouring integers are one and the same IEEE 754 double (RFC 8785 §3.1, RFC 7493 §2.2).
const LARGEST_INTEGER: u64 = 1 << 53;

/// A number that a double can't hold exactly: its canonical form would be another number's, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an integer is too large to have a canonical form")]
pub struct NoCanonicalForm;

/// The canonical form of a value.
///
/// # Errors
/// [`NoCanonicalForm`]: an integer beyond 2⁵³ is in it.
pub fn canonicalize(value: &Value) -> Result<String, NoCanonicalForm> {
    let mut text = String::with_capacity(256);
    write(value, &mut text)?;
    Ok(text)
}

fn write(value: &Value, out: &mut String) -> Result<(), NoCanonicalForm> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out)?,
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            // By UTF-16 code units, which is another order than that of bytes (RFC 8785 §3.2.3).
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            out.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(member, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
}

fn write_number(number: &Number, out: &mut String) -> Result<(), NoCanonicalForm> {
    if number.is_i64() || number.is_u64() {
        let magnitude = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
        if magnitude.is_none_or(|magnitude| magnitude > LARGEST_INTEGER) {
            return Err(NoCanonicalForm);
        }
        out.push_str(&number.to_string());
        return Ok(());
    }
    write_double(number.as_f64().filter(|double| double.is_finite()).ok_or(NoCanonicalForm)?, out);
    Ok(())
}

/// As ECMAScript writes numbers (ECMA-262 §6.1.6.1.20): the shortest digits that lead back to the number, with an
/// exponent only where the point would be far away.
fn write_double(double: f64, out: &mut String) {
    if double == 0.0 {
        out.push('0');
        return;
    }
    if double < 0.0 {
        out.push('-');
    }
    let (digits, exponent) = shortest(double.abs());
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // The number of digits that stand before the point.
    let before = exponent + 1;
    let zeros = |number: i32| "0".repeat(usize::try_from(number).unwrap_or_default());
    if before >= count && before <= 21 {
        out.push_str(&digits);
        out.push_str(&zeros(before - count));
    } else if (1..=21).contains(&before) {
        let (whole, fraction) = digits.split_at(usize::try_from(before).unwrap_or_default());
        out.push_str(&[whole, ".", fraction].concat());
    } else if (-5..=0).contains(&before) {
        out.push_str(&["0.", &zeros(-before), &digits].concat());
    } else {
        let (first, rest) = digits.split_at(1);
        let sign = if exponent < 0 { "" } else { "+" };
        let point = if rest.is_empty() { "" } else { "." };
        out.push_str(&format!("{first}{point}{rest}e{sign}{exponent}"));
    }
}

/// The shortest digits that lead back to the number, the even ones of two that are equally near (which the standard
/// library does not promise and the writer of JSON does), and the exponent of the first of them.
fn shortest(positive: f64) -> (String, i32) {
    let text = Number::from_f64(positive).map(|number| number.to_string()).unwrap_or_default();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0');
    let length = |text: &str| i32::try_from(text.len()).unwrap_or_default();
    let exponent = exponent + length(whole) - 1 - (length(&digits) - length(significant));
    (significant.trim_end_matches('0').to_owned(), exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_of_rfc_8785_appendix_b() {
        for (bits, text) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let mut written = String::new();
            write_double(f64::from_bits(bits), &mut written);
            assert_eq!(written, text);
        }
    }

    #[test]
    fn an_integer_that_no_double_holds_has_no_form() {
        assert_eq!(
            canonicalize(&json!([1_u64 << 53, -(1_i64 << 53)])).unwrap(),
            "[9007199254740992,-9007199254740992]"
        );
        assert_eq!(canonicalize(&json!((1_u64 << 53) + 1)), Err(NoCanonicalForm));
        assert_eq!(canonicalize(&json!(i64::MIN)), Err(NoCanonicalForm));
        assert_eq!(canonicalize(&json!(u64::MAX)), Err(NoCanonicalForm));
    }

    proptest! {
        #[test]
        fn the_form_is_json_of_the_same_value(texts: Vec<String>, double: f64, truth: bool) {
            prop_assume!(double.is_finite());
            let value = json!({ "texts": texts, "truth": truth, "none": null });
            let canonical = canonicalize(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&canonical).unwrap(), value);
            let mut written = String::new();
            write_double(double, &mut written);
            prop_assert_eq!(written.parse::<f64>().unwrap(), double);
        }
    }
}
