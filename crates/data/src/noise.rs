//! Disturbed observations: what forecasters meet in practice, as an augmentation or as a test of robustness.

use std::sync::Arc;

use foreframe_core::ClipShape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::config::at_least;
use crate::random::{Purpose, stream};
use crate::{ClipSource, DataConfig, DataError, Noise, NoisySplits, Splits};

/// Clips whose observed frames are disturbed. What is missing is 0.
struct Disturbed {
    clips: Arc<dyn ClipSource>,
    config: DataConfig,
    purpose: Purpose,
}

/// Disturbs the splits as configured; `moves` says whether the clips know how to move dynamically by themselves.
pub fn disturb(mut splits: Splits, config: &DataConfig, moves: bool) -> Result<Splits, DataError> {
    check(config, &splits.clip)?;
    match config.noise {
        Noise::None => return Ok(splits),
        Noise::Dynamic if moves => return Ok(splits),
        Noise::Dynamic => {
            return Err(DataError::config(
                "noise",
                "is `dynamic`, which is about how generated digits move",
                "use box, missing-frames or missing-pixels",
            ));
        }
        Noise::Box | Noise::MissingFrames | Noise::MissingPixels => {}
    }
    let disturbed = |clips: &Arc<dyn ClipSource>, purpose| {
        Arc::new(Disturbed {
            clips: Arc::clone(clips),
            config: config.clone(),
            purpose,
        })
    };
    splits.train = disturbed(&splits.train, Purpose::TrainNoise);
    if config.noise_in == NoisySplits::All {
        splits.validation = disturbed(&splits.validation, Purpose::ValidationNoise);
        splits.test = disturbed(&splits.test, Purpose::TestNoise);
    }
    Ok(splits)
}

fn check(config: &DataConfig, clip: &ClipShape) -> Result<(), DataError> {
    match config.noise {
        Noise::Box => {
            at_least("noise_box", config.noise_box, 1)?;
            let most = clip.height.min(clip.width);
            if config.noise_box > most {
                let problem = format!(
                    "is {}, larger than a frame of {}x{}",
                    config.noise_box, clip.height, clip.width
                );
                return Err(DataError::config("noise_box", problem, format!("use {most} or less")));
            }
        }
        Noise::MissingFrames | Noise::MissingPixels if !(0.0..=1.0).contains(&config.noise_rate) => {
            let problem = format!("is {}", config.noise_rate);
            return Err(DataError::config(
                "noise_rate",
                problem,
                "use a chance between 0 and 1, e.g. 0.2",
            ));
        }
        Noise::Dynamic if !(config.noise_speed >= 0.0 && config.noise_speed.is_finite()) => {
            let problem = format!("is {}", config.noise_speed);
            return Err(DataError::config("noise_speed", problem, "use 0 or more, e.g. 0.2"));
        }
        _ => {}
    }
    Ok(())
}

impl ClipSource for Disturbed {
    fn shape(&self) -> ClipShape {
        self.clips.shape()
    }

    fn len(&self) -> usize {
        self.clips.len()
    }

    fn times(&self, index: usize) -> Option<Vec<i64>> {
        self.clips.times(index)
    }

    fn read(&self, epoch: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        self.clips.read(epoch, index, frames)?;
        let shape = self.clips.shape();
        let epoch = if self.purpose == Purpose::TrainNoise { epoch } else { 0 };
        let mut rng = stream(self.config.seed, self.purpose, epoch, index);
        for frame in frames.chunks_exact_mut(shape.frame_len()).take(shape.past) {
            self.frame(&mut rng, frame, &shape);
        }
        Ok(())
    }
}

impl Disturbed {
    fn frame(&self, rng: &mut ChaCha8Rng, frame: &mut [f32], shape: &ClipShape) {
        let (height, width) = (shape.height, shape.width);
        let rate = self.config.noise_rate;
        match self.config.noise {
            Noise::Box => {
                let side = self.config.noise_box;
                let top = rng.random_range(0..=height - side);
                let left = rng.random_range(0..=width - side);
                for plane in frame.chunks_exact_mut(height * width) {
                    for row in plane.chunks_exact_mut(width).skip(top).take(side) {
                        row[left..left + side].fill(0.0);
                    }
                }
            }
            Noise::MissingFrames => {
                if rng.random::<f64>() < rate {
                    frame.fill(0.0);
                }
            }
            Noise::MissingPixels => {
                for pixel in 0..height * width {
                    if rng.random::<f64>() < rate {
                        frame
                            .iter_mut()
                            .skip(pixel)
                            .step_by(height * width)
                            .for_each(|value| *value = 0.0);
                    }
                }
            }
            // How digits move is decided where they are drawn.
            Noise::None | Noise::Dynamic => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Normalization;

    struct Ones(ClipShape);

    impl ClipSource for Ones {
        fn shape(&self) -> ClipShape {
            self.0
        }

        fn len(&self) -> usize {
            50
        }

        fn read(&self, _: u64, _: usize, frames: &mut [f32]) -> Result<(), DataError> {
            frames.fill(1.0);
            Ok(())
        }
    }

    fn splits() -> Splits {
        let clip = ClipShape::new([4, 3, 2, 10, 12]);
        let ones: Arc<dyn ClipSource> = Arc::new(Ones(clip));
        Splits {
            input: None,
            train: Arc::clone(&ones),
            validation: Arc::clone(&ones),
            test: ones,
            normalization: Normalization::identity(),
            clip,
            fingerprint: Default::default(),
            description: String::new(),
        }
    }

    fn read(source: &Arc<dyn ClipSource>, epoch: u64, index: usize) -> Vec<f32> {
        let mut frames = vec![0.0; source.shape().clip_len()];
        source.read(epoch, index, &mut frames).unwrap();
        frames
    }

    fn config(noise: Noise, noise_in: NoisySplits) -> DataConfig {
        DataConfig {
            noise,
            noise_in,
            noise_box: 4,
            ..DataConfig::default()
        }
    }

    #[test]
    fn only_observed_frames_are_disturbed_and_repeatably() {
        for (noise, missing) in [
            (Noise::Box, 16.0 / 120.0),
            (Noise::MissingFrames, 0.2),
            (Noise::MissingPixels, 0.2),
        ] {
            let noisy = disturb(splits(), &config(noise, NoisySplits::All), false).unwrap();
            let past = 4 * 2 * 120;
            let mut share = 0.0;
            for index in 0..50 {
                let clip = read(&noisy.train, 0, index);
                assert_eq!(clip, read(&noisy.train, 0, index));
                assert!(clip[past..].iter().all(|value| *value == 1.0));
                // All channels miss the same pixels.
                assert!(clip.chunks_exact(240).all(|frame| frame[..120] == frame[120..]));
                share += clip[..past].iter().filter(|value| **value == 0.0).count() as f64 / past as f64 / 50.0;
            }
            assert!((share - missing).abs() < 0.06, "{noise:?}: {share}");
            if noise != Noise::MissingFrames {
                assert_ne!(read(&noisy.train, 0, 0), read(&noisy.train, 1, 0));
                assert_ne!(read(&noisy.validation, 0, 0), read(&noisy.test, 0, 0));
            }
            assert_eq!(read(&noisy.test, 0, 0), read(&noisy.test, 5, 0));
            let clean = disturb(splits(), &config(noise, NoisySplits::Train), false).unwrap();
            assert!(read(&clean.test, 0, 3).iter().all(|value| *value == 1.0));
        }
    }

    #[test]
    fn impossible_noise_names_its_key() {
        let message = |change: fn(&mut DataConfig)| {
            let mut config = config(Noise::Box, NoisySplits::Train);
            change(&mut config);
            disturb(splits(), &config, false).unwrap_err().to_string()
        };
        assert!(
            message(|config| config.noise_box = 11).contains("`data.noise_box` is 11, larger than a frame of 10x12")
        );
        assert!(message(|config| config.noise_box = 0).contains("data.noise_box"));
        assert!(
            message(|config| (config.noise, config.noise_rate) = (Noise::MissingPixels, 1.5)).contains("noise_rate")
        );
        assert!(message(|config| (config.noise, config.noise_rate) = (Noise::MissingFrames, f64::NAN)).contains("NaN"));
        assert!(message(|config| (config.noise, config.noise_speed) = (Noise::Dynamic, -1.0)).contains("noise_speed"));
        assert!(message(|config| config.noise = Noise::Dynamic).contains("generated digits"));
    }
}
