//! QR codes as SVG: one path, no style, so that the strictest content security policy lets it be.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

/// Light modules around the code (ISO/IEC 18004 asks for four).
const QUIET_ZONE: usize = 4;

/// The text does not fit into a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the link is too long for a QR code")]
pub struct TooLong;

/// A QR code as its dark modules, for whoever draws it himself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Drawing {
    /// Width and height in modules, with the quiet zone.
    pub(crate) side: usize,
    /// The data of an SVG path that fills the dark modules.
    pub(crate) path: String,
}

/// Draws `text` as a QR code, in black on white.
///
/// # Errors
/// [`TooLong`] for more than about 2,900 bytes.
pub fn svg(text: &str) -> Result<String, TooLong> {
    let Drawing { side, path } = draw(text)?;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

/// The dark modules of the QR code of `text`.
///
/// # Errors
/// [`TooLong`] for more than about 2,900 bytes.
pub(crate) fn draw(text: &str) -> Result<Drawing, TooLong> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .or_else(|_| QrCode::with_error_correction_level(text, EcLevel::L))
        .map_err(|_| TooLong)?;
    let width = code.width();
    let side = width + 2 * QUIET_ZONE;
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            if run.first() == Some(&Color::Dark) {
                let (at, down, long) = (x + QUIET_ZONE, y + QUIET_ZONE, run.len());
                let _ = write!(path, "M{at} {down}h{long}v1h-{long}z");
            }
            x += run.len();
        }
    }
    Ok(Drawing { side, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_without_style_and_within_the_frame() {
        let svg =
            svg("openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example%2Foffer%2F1")
                .unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert!(!svg.contains("style") && !svg.contains("script"));
    }

    #[test]
    fn too_long_is_said() {
        assert_eq!(svg(&"x".repeat(3000)), Err(TooLong));
        assert!(svg(&"x".repeat(2900)).is_ok());
    }
}
