//! The embedded default: no file, nothing to download.

use std::sync::Arc;

use crate::moving::{Bouncing, Strokes, speed_noise};
use foreframe_data::fingerprint::fingerprint;
use foreframe_data::noise::disturb;
use foreframe_data::random::Purpose;
use foreframe_data::{DataConfig, DataError, Dataset, Motion, Normalization, Splits, whole_frames};
use foreframe_data::{at_least, no_published_protocol};

/// Frames smaller than this hold no digits that move.
const LEAST_SIZE: usize = 16;
/// Digits smaller than this cannot be read.
const LEAST_DIGIT: usize = 7;
/// Changes whenever the same configuration yields other clips.
const GENERATOR: &str = "moving-digits 3";

/// Handwriting-like digits that bounce within a frame, drawn when they are asked for.
pub const fn moving_digits() -> Dataset {
    Dataset {
        name: "moving-digits",
        about: "handwriting-like digits that bounce within a frame, drawn on the fly: no file needed",
        source: "made by this program; trajectories by the rule of Moving MNIST (Srivastava et al., ICML 2015), not cut to whole pixels",
        defaults,
        keys: &[
            "digits",
            "digit_size",
            "size",
            "motion",
            "train_clips",
            "validation_clips",
            "test_clips",
        ],
        frame: |config| Some([1, config.size, config.size]),
        open,
    }
}

/// One digit: with two of them a small network needs an hour rather than minutes until it draws digits and no clouds.
fn defaults() -> DataConfig {
    DataConfig {
        digits: 1,
        ..DataConfig::default()
    }
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    no_published_protocol(config)?;
    whole_frames(config)?;
    at_least("size", config.size, LEAST_SIZE)?;
    at_least("digits", config.digits, 1)?;
    let clip = config.clip(1, config.size, config.size)?;
    let glyphs = Arc::new(Strokes::new(digit_size(config)?));
    let split = |field, clips, purpose| {
        at_least(field, clips, 1)?;
        Ok::<_, DataError>(Arc::new(Bouncing {
            glyphs: Arc::clone(&glyphs),
            digits: config.digits,
            clips,
            shape: clip,
            seed: config.seed,
            purpose,
            speed_noise: speed_noise(config, purpose),
            smooth: config.motion == Motion::Smooth,
            background: None,
        }))
    };
    let splits = Splits {
        input: None,
        train: split("train_clips", config.train_clips, Purpose::Train)?,
        validation: split("validation_clips", config.validation_clips, Purpose::Validation)?,
        test: split("test_clips", config.test_clips, Purpose::Test)?,
        normalization: Normalization::identity(),
        clip,
        fingerprint: fingerprint(config, GENERATOR, &[])?,
        description: format!(
            "{} drawn digit(s) per clip, every split from random streams of its own; new training clips in every epoch",
            config.digits
        ),
    };
    disturb(splits, config, true)
}

/// Rows and columns of a digit's square. Moving MNIST has 28 of 64, which in frames of 32 leaves digits of 10 rows: too few for
/// a small network to draw in minutes.
fn digit_size(config: &DataConfig) -> Result<usize, DataError> {
    let side = config.digit_size.unwrap_or((config.size * 5).div_ceil(8));
    at_least("digit_size", side, LEAST_DIGIT)?;
    match side < config.size {
        true => Ok(side),
        false => Err(DataError::config(
            "digit_size",
            format!("is {side}, but frames have {} rows", config.size),
            "use a smaller digit, or a larger `data.size`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_data::ClipSource;

    #[test]
    fn splits_are_disjoint_and_every_size_works() {
        for size in [16, 32, 64, 100] {
            let config = DataConfig {
                size,
                past: 4,
                future: 3,
                ..DataConfig::default()
            };
            let splits = open(&config).unwrap();
            let read = |source: &Arc<dyn ClipSource>, epoch| {
                let mut frames = vec![f32::NAN; splits.clip.clip_len()];
                source.read(epoch, 0, &mut frames).unwrap();
                assert!(frames.iter().all(|value| (0.0..=1.0).contains(value)));
                assert!(
                    frames
                        .chunks_exact(size * size)
                        .all(|frame| frame.iter().any(|value| *value > 0.5))
                );
                frames
            };
            let [train, validation, test] =
                [&splits.train, &splits.validation, &splits.test].map(|source| read(source, 0));
            assert!(train != validation && validation != test && train != test);
            assert_ne!(train, read(&splits.train, 1));
            assert_eq!(test, read(&splits.test, 1));
        }
    }

    #[test]
    fn digits_are_as_large_as_asked_for() {
        let rows_with_ink = |digit_size| {
            let config = DataConfig {
                digits: 1,
                digit_size,
                ..DataConfig::default()
            };
            let splits = open(&config).unwrap();
            let mut frames = vec![f32::NAN; splits.clip.clip_len()];
            (0..20)
                .map(|clip| {
                    splits.test.read(0, clip, &mut frames).unwrap();
                    let rows = frames[..32 * 32].chunks_exact(32);
                    rows.filter(|row| row.iter().any(|value| *value > 0.5)).count()
                })
                .sum::<usize>() as f64
                / 20.0
        };
        // Strokes::new: ink is 0.72 of the square high, plus the pen.
        for (digit_size, side) in [(None, 20.0), (Some(14), 14.0), (Some(28), 28.0)] {
            let rows = rows_with_ink(digit_size);
            assert!((0.65 * side..0.9 * side).contains(&rows), "{digit_size:?}: {rows} rows");
        }
    }

    #[test]
    fn impossible_sizes_name_their_key() {
        let message = |change: fn(&mut DataConfig)| {
            let mut config = DataConfig::default();
            change(&mut config);
            open(&config).unwrap_err().to_string()
        };
        assert_eq!(message(|config| config.size = 8), "`data.size` is 8: use 16 or more");
        assert!(message(|config| config.digits = 0).contains("data.digits"));
        assert_eq!(
            message(|config| config.digit_size = Some(32)),
            "`data.digit_size` is 32, but frames have 32 rows: use a smaller digit, or a larger `data.size`"
        );
        assert_eq!(
            message(|config| config.digit_size = Some(2)),
            "`data.digit_size` is 2: use 7 or more"
        );
        assert!(message(|config| config.test_clips = 0).contains("data.test_clips"));
        assert!(message(|config| config.past = 0).contains("data.past"));
        assert!(message(|config| config.size = usize::MAX).contains("or less"));
    }
}
