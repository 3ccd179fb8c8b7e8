//! The one compression of JWE: raw DEFLATE (RFC 7516 §4.1.3, RFC 1951), read up to a limit and not a byte further.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::JweError;

/// The `zip` value.
pub(super) const DEF: &str = "DEF";

const STEP: usize = 16 * 1024;

/// Compresses a message.
pub(super) fn deflate(plaintext: &[u8]) -> Result<Vec<u8>, JweError> {
    let mut compress = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(plaintext.len() / 2 + 64);
    let mut rest = plaintext;
    loop {
        out.reserve(STEP);
        let before = compress.total_in();
        let status = compress
            .compress_vec(rest, &mut out, FlushCompress::Finish)
            .map_err(|_| JweError::Malformed("the message can't be compressed"))?;
        let taken = usize::try_from(compress.total_in() - before).unwrap_or(usize::MAX);
        rest = rest.get(taken..).unwrap_or_default();
        if status == Status::StreamEnd {
            return Ok(out);
        }
    }
}

/// Decompresses a message of at most `max` bytes. What is wrong with it depends on the plaintext, so that there is one
/// error for everything.
pub(super) fn inflate(compressed: &[u8], max: usize) -> Result<Vec<u8>, JweError> {
    let mut inflate = Decompress::new(false);
    let mut out = Vec::new();
    let mut rest = compressed;
    loop {
        out.reserve(STEP.min(max.saturating_sub(out.len()).saturating_add(1)));
        let (read, written) = (inflate.total_in(), out.len());
        let status =
            inflate.decompress_vec(rest, &mut out, FlushDecompress::None).map_err(|_| JweError::Decrypt)?;
        let taken = usize::try_from(inflate.total_in() - read).unwrap_or(usize::MAX);
        rest = rest.get(taken..).ok_or(JweError::Decrypt)?;
        if out.len() > max {
            return Err(JweError::Decrypt);
        }
        match status {
            Status::StreamEnd if rest.is_empty() => return Ok(out),
            Status::StreamEnd => return Err(JweError::Decrypt),
            // Nothing more comes: it was cut off.
            _ if taken == 0 && out.len() == written => return Err(JweError::Decrypt),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c43_a_bomb_stops_at_the_limit() {
        let bomb = deflate(&vec![0; 4 * 1024 * 1024]).unwrap();
        assert!(bomb.len() < 16 * 1024, "{}", bomb.len());
        assert_eq!(inflate(&bomb, 1024 * 1024), Err(JweError::Decrypt));
        assert_eq!(inflate(&bomb, 4 * 1024 * 1024).unwrap().len(), 4 * 1024 * 1024);
    }

    #[test]
    fn what_was_compressed_comes_out_and_nothing_else_does() {
        for text in [&b""[..], b"a", &[b'x'; 100_000]] {
            assert_eq!(inflate(&deflate(text).unwrap(), 100_000).unwrap(), text);
        }
        let good = deflate(b"some text, some text").unwrap();
        let mut longer = good.clone();
        longer.push(0);
        for bad in [&good[..good.len() - 1], &longer[..], b"", b"\xff\xff"] {
            assert_eq!(inflate(bad, 1000), Err(JweError::Decrypt));
        }
    }
}
