//! Whether what a header claims can be true.
//!
//! A header of a few bytes may announce any size. Nothing is allocated for it before the file has been found large enough
//! to hold that much.

/// No compression that is read here makes more of a byte (deflate: 1032), unless all values are equal.
const MOST_PER_BYTE: u64 = 1100;
/// Values that a file of any size may hold: one channel of 2048x2048, which may well be of one color.
const ALWAYS: u64 = 1 << 22;

/// Whether a file of `file` bytes can hold `values` numbers of `width` bytes each, packed as well as can be.
pub(crate) fn are_plausible(file: u64, values: u64, width: usize) -> bool {
    let stored = values.checked_mul(width as u64);
    values <= ALWAYS || stored.is_some_and(|stored| stored <= file.saturating_mul(MOST_PER_BYTE))
}

/// The most bytes that decoding such a file may take besides what its content becomes: 8 for every value that it can hold.
pub(crate) fn most_decoding(file: u64) -> u64 {
    file.saturating_mul(MOST_PER_BYTE).max(ALWAYS).saturating_mul(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_holds_no_large_array() {
        assert!(are_plausible(100, 2048 * 2048, 8));
        assert!(!are_plausible(100, 2048 * 2048 + 1, 1));
        assert!(are_plausible(1 << 20, 1 << 30, 1));
        assert!(!are_plausible(1 << 20, 1 << 30, 4));
        assert!(!are_plausible(u64::MAX, u64::MAX, 2));
    }
}
