//! The frames of `tests/scores/compare.py`, and the scores that it found with public implementations.

use serde_json::Value;

/// Output of `compare.py`.
pub(crate) fn expected() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/metrics/public_events.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// As in `compare.py`: the highest 5 bits of Numerical Recipes' generator.
fn noise(seed: u32, count: usize) -> Vec<u32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 27
        })
        .collect()
}

/// As in `compare.py`: the mean of 5x5 noise, rounded down.
fn frame(seed: u32, height: usize, width: usize) -> Vec<u32> {
    let wide = noise(seed, (height + 4) * (width + 4));
    let window = |row: usize, column: usize| -> u32 {
        let rows = (row..row + 5).map(|row| &wide[row * (width + 4) + column..][..5]);
        rows.flatten().sum::<u32>() / 25
    };
    (0..height * width)
        .map(|pixel| window(pixel / width, pixel % width))
        .collect()
}

/// Forecast and truth of a clip, `[lead_times, height, width]`.
pub(crate) fn pair(clip: u32, lead_times: u32, height: usize, width: usize) -> [Vec<u32>; 2] {
    let (mut forecast, mut truth) = (Vec::new(), Vec::new());
    for lead_time in 0..lead_times {
        let seed = 1000 * clip + 10 * lead_time;
        let (first, second) = (frame(seed + 1, height, width), frame(seed + 2, height, width));
        let mixed = first.iter().zip(&second).map(|(a, b)| (2 * a + b + lead_time) / 3);
        truth.extend(mixed);
        forecast.extend(first);
    }
    [forecast, truth]
}
