//! How long it takes to evaluate a frame.

use foreframe_metrics::{ScoreOptions, ScoreSpec, Scores};

use super::Scoring;
use crate::machine::computed;

/// The thresholds of SEVIR, 0 to 255.
pub(super) const THRESHOLDS: [f64; 6] = [16.0, 74.0, 133.0, 160.0, 181.0, 219.0];
/// Sides of frames; each has four times the pixels of the one before.
const SIDES: [usize; 3] = [192, 384, 768];
/// Sides of neighborhoods.
const SCALES: [usize; 5] = [1, 5, 17, 65, 257];
/// Frames of a clip.
const FRAMES: usize = 2;

/// Rounds at least: a frame takes milliseconds, and what comes on top is a small difference.
const LEAST_ROUNDS: usize = 15;

/// The time per frame of every size: of all scores without thresholds, of those with thresholds, and of neighborhoods of
/// every side. The shortest of all rounds counts, which is the one that other programs disturb least.
pub(super) fn measure(rounds: usize) -> Vec<Scoring> {
    let rounds = rounds.max(LEAST_ROUNDS);
    SIDES.into_iter().map(|side| of_side(side, rounds)).collect()
}

fn of_side(side: usize, rounds: usize) -> Scoring {
    let clip = clip(side);
    let mut options = vec![ScoreOptions::default(), with_scales(&[])];
    options.extend(SCALES.map(|scale| with_scales(&[scale])));
    let mut least = vec![f64::INFINITY; options.len()];
    for _ in 0..rounds {
        // In turn, so that a machine that slows down slows all.
        for (options, least) in options.iter().zip(&mut least) {
            *least = least.min(seconds_per_frame(side, options, &clip));
        }
    }
    Scoring {
        side,
        errors: least[0],
        events: least[1] - least[0],
        fractions: SCALES
            .into_iter()
            .zip(&least[2..])
            .map(|(scale, all)| (scale, all - least[1]))
            .collect(),
    }
}

fn with_scales(scales: &[usize]) -> ScoreOptions {
    ScoreOptions {
        thresholds: THRESHOLDS.to_vec(),
        fss_scales: scales.to_vec(),
        ..ScoreOptions::default()
    }
}

/// Storms that move: forecast and truth, `[FRAMES, side, side]` in 0..255.
fn clip(side: usize) -> [Vec<f32>; 2] {
    let value = |at: usize, shift: f32| {
        let (row, column) = ((at / side % side) as f32, (at % side) as f32);
        let wave = ((row + shift) / 23.0).sin() * ((column - shift) / 31.0).cos();
        255.0 * wave.max(0.0)
    };
    [0.0, 7.0].map(|shift| (0..FRAMES * side * side).map(|at| value(at, shift)).collect())
}

fn seconds_per_frame(side: usize, options: &ScoreOptions, [forecast, truth]: &[Vec<f32>; 2]) -> f64 {
    let spec = ScoreSpec {
        lead_times: FRAMES,
        channels: 1,
        height: side,
        width: side,
        mean: vec![0.0],
        std: vec![1.0],
    };
    let mut scores = Scores::with_options(spec, options.clone()).expect("the options fit frames of this size");
    let start = computed();
    scores
        .add(forecast, truth)
        .expect("the clip has the size of the scores");
    (computed() - start).as_secs_f64() / FRAMES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_storms_reach_every_threshold_and_differ() {
        let [forecast, truth] = clip(192);
        for threshold in THRESHOLDS {
            assert!(
                forecast.iter().any(|value| f64::from(*value) >= threshold),
                "{threshold}"
            );
        }
        assert_ne!(forecast, truth);
        assert!(seconds_per_frame(192, &with_scales(&SCALES), &[forecast, truth]) > 0.0);
    }
}
