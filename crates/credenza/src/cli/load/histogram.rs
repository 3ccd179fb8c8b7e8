//! Times in buckets whose width grows with the time: any number of them in the same small memory.

use std::time::Duration;

/// Each power of two is divided into half as many parts as this has values: a bucket is at most 1/64 wide.
const BITS: u32 = 7;

/// Half of the values that are exact.
const PARTS: u64 = 1 << (BITS - 1);

/// Counts times, in microseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    pub(super) fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let index = index(micros);
        if self.buckets.len() <= index {
            self.buckets.resize(index + 1, 0);
        }
        if let Some(bucket) = self.buckets.get_mut(index) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(micros);
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The time within which so many of a thousand were, in milliseconds: never less than it was, and at most 1.6 % more.
    pub(super) fn within(&self, permille: u64) -> f64 {
        let rank = (self.count.saturating_mul(permille)).div_ceil(1000).max(1);
        let mut seen = 0;
        for (number, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return milliseconds(upper(number).min(self.max));
            }
        }
        milliseconds(self.max)
    }

    /// The longest time, in milliseconds.
    pub(super) fn max(&self) -> f64 {
        milliseconds(self.max)
    }
}

/// The bucket of a value.
fn index(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(BITS);
    usize::try_from(u64::from(shift) * PARTS + (value >> shift)).unwrap_or(usize::MAX)
}

/// The largest value in a bucket.
fn upper(index: usize) -> u64 {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    let shift = (index / PARTS).saturating_sub(1);
    let next = (index - shift * PARTS + 1).checked_shl(u32::try_from(shift).unwrap_or(u32::MAX));
    next.filter(|next| *next > 0).map_or(u64::MAX, |next| next - 1)
}

fn milliseconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut times = Histogram::default();
        for millis in 1..=1000 {
            times.record(Duration::from_millis(millis));
        }
        assert_eq!((times.count(), times.max()), (1000, 1000.0));
        for (permille, exact) in [(1, 1.0), (500, 500.0), (900, 900.0), (990, 990.0), (1000, 1000.0)] {
            let found = times.within(permille);
            assert!(found >= exact && found <= exact * 1.016, "{permille}: {found}");
        }
        assert_eq!(Histogram::default().within(990), 0.0);
    }

    proptest! {
        #[test]
        fn a_value_is_in_its_bucket_and_no_bucket_is_wide(value in 0_u64..(1 << 50)) {
            let number = index(value);
            prop_assert!(value <= upper(number) && (number == 0 || value > upper(number - 1)));
            prop_assert!(upper(number) - value <= value / 64);
        }
    }
}
