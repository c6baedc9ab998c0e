//! Helpers for the tests of all kernels.

/// Numbers between -1 and 1 that are the same for the same seed.
pub(crate) fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// Fails, naming the first element, unless every element is within `tolerance` of the expected one, relative to the
/// larger of 1 and the largest expected magnitude.
pub(crate) fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    let scale = expected.iter().fold(1.0f32, |largest, x| largest.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let close =
            (found - expected).abs() <= tolerance * scale || (found.is_nan() && expected.is_nan()) || found == expected;
        assert!(close, "{what}: element {i} is {found}, not {expected}");
    }
}
