//! Changing inputs: blindly, and in ways that formats are sensitive to.

use credenza_core::b64;

/// No input grows beyond this.
const MAX_INPUT: usize = 64 * 1024;

/// What parsers have to be careful with.
const WORDS: &[&[u8]] = &[
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\"\"",
    b"{}",
    b"[]",
    b"_sd",
    b"\"...\"",
    b"\\u0000",
    b"\xff\xfe",
    b"none",
    b"alg",
    b"zip",
    b"crit",
    b"~",
    b"~~",
    b".",
    b"%00",
    b"&",
    b"=",
    b"..",
    b"//",
    b"#",
    b"\xf0\x9f\x98\x80",
    b"\x9f",
    b"\xbf",
    b"\xff",
    b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xd8\x18",
    b"\x30\x84\xff\xff\xff\xff",
    b"\x30\x80",
    b"@context",
    b"@id",
    b"@type",
    b"_:b0",
];

/// Numbers that look random and are the same for the same seed (xorshift64*).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `end`; nought when there is nothing below.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.next() >> 11) % end).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes().last().copied().unwrap_or_default()
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let place = self.below(all.len());
        all.get(place)
    }
}

/// One to four changes to a seed.
pub(crate) fn mutate(seed: &[u8], others: &[&[u8]], dice: &mut Dice) -> Vec<u8> {
    let mut input = seed.to_vec();
    for _ in 0..=dice.below(4) {
        // What is behind an encoding is reached by hardly any blind change.
        if dice.below(3) == 0 && inside(&mut input, others, dice) {
            continue;
        }
        change(&mut input, others, dice);
    }
    input.truncate(MAX_INPUT);
    input
}

fn change(input: &mut Vec<u8>, others: &[&[u8]], dice: &mut Dice) {
    let at = dice.below(input.len());
    let end = (at + 1 + dice.below(16)).min(input.len());
    match dice.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = dice.byte();
            }
        }
        2 => drop(input.splice(at..end.max(at), [])),
        3 => {
            let copy = input.get(at..end).unwrap_or_default().to_vec();
            drop(input.splice(at..at, copy));
        }
        4 => input.truncate(at),
        5 => {
            let word = dice.pick(WORDS).copied().unwrap_or_default();
            drop(input.splice(at..at, word.iter().copied()));
        }
        6 => {
            let word = dice.pick(WORDS).copied().unwrap_or_default();
            drop(input.splice(at..end.max(at), word.iter().copied()));
        }
        7 => {
            let other = dice.pick(others).copied().unwrap_or_default();
            let from = dice.below(other.len());
            let to = (from + dice.below(256)).min(other.len());
            drop(input.splice(at..at, other.get(from..to).unwrap_or_default().iter().copied()));
        }
        _ => {
            let opening =
                dice.pick(&[&b"["[..], b"{\"a\":", b"\x81", b"\xa1\x01", b"\xd8\x18", b"\x30\x20"]).copied();
            let nested = opening.unwrap_or_default().repeat(1 + dice.below(200));
            drop(input.splice(at..at, nested));
        }
    }
}

/// Changes what one part of a JWS, JWE or SD-JWT has inside.
fn inside(input: &mut Vec<u8>, others: &[&[u8]], dice: &mut Dice) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let mut starts = vec![0];
    starts.extend(text.match_indices(['.', '~', '"']).map(|(place, _)| place + 1));
    let start = dice.pick(&starts).copied().unwrap_or(0);
    let rest = text.get(start..).unwrap_or_default();
    let part = rest.split(['.', '~', '"']).next().unwrap_or_default();
    let Ok(mut content) = b64::decode(part) else { return false };
    if content.len() < 4 {
        return false;
    }
    let end = start + part.len();
    change(&mut content, others, dice);
    let encoded = b64::encode(&content);
    drop(input.splice(start..end, encoded.into_bytes()));
    true
}
