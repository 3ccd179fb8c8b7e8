//! Every format by itself: issued, and verified, held against the raw signature operations in it; and what it costs to
//! show ten claims of a credential with ten, and of one with a hundred.

use std::fmt;

use anyhow::Context as _;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, UnparsedPublicKey,
};
use serde::Serialize;

use super::formats_kit::{ALL, Kit, Many};
use super::measure::Times;

/// One kind of work.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    microseconds: f64,
    /// Raw signature operations that it contains.
    contains: &'static str,
    /// Its time divided by theirs.
    ratio: f64,
}

/// A credential with a hundred claims against one with ten, ten of them shown in both.
#[derive(Debug, Serialize)]
struct Size {
    name: &'static str,
    ten_microseconds: f64,
    hundred_microseconds: f64,
    ratio: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    rows: Vec<Row>,
    sizes: Vec<Size>,
}

/// The raw operations.
pub(super) struct Raw {
    es256: (f64, f64),
    ed25519: (f64, f64),
}

/// What a kind of work contains.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cost {
    /// An ES256 signature.
    Es256Signature,
    /// So many ES256 verifications.
    Es256Verifications(u8),
    /// An Ed25519 signature.
    Ed25519Signature,
    /// An Ed25519 verification.
    Ed25519Verification,
}

impl Cost {
    fn raw(self, raw: &Raw) -> f64 {
        match self {
            Self::Es256Signature => raw.es256.0,
            Self::Es256Verifications(count) => raw.es256.1 * f64::from(count),
            Self::Ed25519Signature => raw.ed25519.0,
            Self::Ed25519Verification => raw.ed25519.1,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Es256Signature | Self::Ed25519Signature => "1 signature",
            Self::Es256Verifications(1) | Self::Ed25519Verification => "1 verification",
            Self::Es256Verifications(_) => "2 verifications",
        }
    }
}

/// Measures everything in turns.
pub(super) async fn measure(rounds: u32) -> anyhow::Result<Figures> {
    let kit = Kit::new().await?;
    let random = super::in_process::aws_lc_rs_random();
    let message = [7_u8; 256];
    let ecdsa = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let eddsa = Ed25519KeyPair::generate()?;
    let ecdsa_public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, ecdsa.public_key().as_ref().to_vec());
    let eddsa_public = UnparsedPublicKey::new(&ED25519, eddsa.public_key().as_ref().to_vec());
    let ecdsa_signature = ecdsa.sign(&random, &message)?;
    let eddsa_signature = eddsa.sign(&message);
    let mut raw: [Times; 4] = Default::default();
    let mut works: Vec<Times> = ALL.iter().map(|_| Times::default()).collect();
    let mut sizes: [[Times; 2]; 4] = Default::default();
    for _ in 0..rounds {
        let [sign, verify, ed_sign, ed_verify] = &mut raw;
        sign.run(async || Ok(ecdsa.sign(&random, &message).map(drop)?)).await?;
        verify.run(async || Ok(ecdsa_public.verify(&message, ecdsa_signature.as_ref())?)).await?;
        ed_sign
            .run(async || {
                std::hint::black_box(eddsa.sign(&message));
                Ok(())
            })
            .await?;
        ed_verify.run(async || Ok(eddsa_public.verify(&message, eddsa_signature.as_ref())?)).await?;
        for ((work, ..), times) in ALL.iter().zip(&mut works) {
            times.run(async || kit.run(*work).await).await.with_context(|| format!("{work:?}"))?;
        }
        for (many, [ten, hundred]) in Many::ALL.into_iter().zip(&mut sizes) {
            ten.run(async || kit.many(many, 10).await).await.with_context(|| format!("{many:?}"))?;
            hundred.run(async || kit.many(many, 100).await).await.with_context(|| format!("{many:?}"))?;
        }
    }
    let [sign, verify, ed_sign, ed_verify] = raw.map(|times| times.median());
    let raw = Raw { es256: (sign, verify), ed25519: (ed_sign, ed_verify) };
    let rows = ALL.iter().zip(&works).map(|((_, name, cost), times)| Row {
        name,
        microseconds: times.median(),
        contains: cost.name(),
        ratio: times.median() / cost.raw(&raw),
    });
    let sizes = Many::ALL.into_iter().zip(&sizes).map(|(many, [ten, hundred])| Size {
        name: many.name(),
        ten_microseconds: ten.median(),
        hundred_microseconds: hundred.median(),
        ratio: hundred.median() / ten.median(),
    });
    Ok(Figures { rows: rows.collect(), sizes: sizes.collect() })
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Format by format, one thread (medians)")?;
        for Row { name, microseconds, contains, ratio } in &self.rows {
            writeln!(out, "  {name:48} {microseconds:>9.1} µs  = {ratio:.2} × {contains}")?;
        }
        writeln!(out, "Ten claims shown, of ten and of a hundred")?;
        for Size { name, ten_microseconds, hundred_microseconds, ratio } in &self.sizes {
            writeln!(
                out,
                "  {name:48} {ten_microseconds:>9.1} µs, {hundred_microseconds:.1} µs  = {ratio:.2} ×"
            )?;
        }
        Ok(())
    }
}
