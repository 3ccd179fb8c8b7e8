//! base58 with Bitcoin's alphabet, which multibase announces by the letter `z`.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// No text is longer, in characters: room for an RSA key of 8192 bits. The work grows with the square of the length.
pub const MAX_TEXT: usize = 1500;

/// Decodes; `None` for a character outside of the alphabet or a text beyond [`MAX_TEXT`].
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut reversed: Vec<u8> = Vec::with_capacity(text.len());
    for character in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == character)?;
        multiply_and_add(&mut reversed, (58, 256), u32::try_from(digit).ok()?);
    }
    reversed.extend(text.bytes().take_while(|character| *character == b'1').map(|_| 0));
    reversed.reverse();
    Some(reversed)
}

/// Encodes. The work grows with the square of the length.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut reversed: Vec<u8> = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        multiply_and_add(&mut reversed, (256, 58), u32::from(*byte));
    }
    reversed.extend(bytes.iter().take_while(|byte| **byte == 0).map(|_| 0));
    let letter = |digit: &u8| ALPHABET.get(usize::from(*digit)).copied().map(char::from);
    reversed.iter().rev().filter_map(letter).collect()
}

/// `number * factor + summand`, where the number is written in digits of the base, the lowest first.
fn multiply_and_add(number: &mut Vec<u8>, (factor, base): (u32, u32), summand: u32) {
    let mut carry = summand;
    let digit = |carry: u32| (carry % base).to_le_bytes()[0];
    for place in number.iter_mut() {
        carry += u32::from(*place) * factor;
        *place = digit(carry);
        carry /= base;
    }
    while carry > 0 {
        number.push(digit(carry));
        carry /= base;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_texts() {
        for (bytes, text) in [
            (b"".as_slice(), ""),
            (&[0], "1"),
            (&[0, 0, 1], "112"),
            (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
            (&[0x00, 0x00, 0x28, 0x7f, 0xb4, 0xcd], "11233QC4"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).unwrap(), bytes);
        }
        for text in ["0", "O", "I", "l", "a b", "é", &"1".repeat(MAX_TEXT + 1)] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
        }
    }
}
