//! Clips of bouncing digits.

use std::f64::consts::TAU;
use std::sync::Arc;

use foreframe_core::ClipShape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::trajectory::Trajectory;
use foreframe_data::random::{Purpose, normal, stream};
use foreframe_data::{ClipSource, DataConfig, DataError, Noise, NoisySplits};

/// Where the digits come from.
pub(crate) trait Glyphs: Send + Sync {
    /// Rows and columns of a digit.
    fn side(&self) -> usize;

    /// Draws one digit by chance, `[side, side]` in 0..1.
    fn draw(&self, rng: &mut ChaCha8Rng, digit: &mut [f32]);

    /// The same digit moved by less than a pixel down and to the right, `[side + 1, side + 1]`; `None` of pictures, which only
    /// have whole pixels.
    fn draw_moved(&self, _rng: &mut ChaCha8Rng, _by: [f32; 2], _digit: &mut [f32]) -> Option<()> {
        None
    }
}

/// The background of the digits.
pub(crate) trait Backgrounds: Send + Sync {
    /// Draws one background by chance, `[channels, height, width]` in 0..1.
    fn draw(&self, rng: &mut ChaCha8Rng, frame: &mut [f32]);
}

/// The standard deviation of the velocity, in units of the undisturbed speed, in the observed frames of a split.
pub(crate) fn speed_noise(config: &DataConfig, purpose: Purpose) -> f64 {
    match (config.noise, config.noise_in, purpose) {
        (Noise::Dynamic, NoisySplits::All, _) | (Noise::Dynamic, _, Purpose::Train) => config.noise_speed,
        _ => 0.0,
    }
}

/// Clips in which digits bounce off the walls, brighter over darker where they meet.
pub(crate) struct Bouncing<G> {
    pub(crate) glyphs: Arc<G>,
    pub(crate) digits: usize,
    pub(crate) clips: usize,
    pub(crate) shape: ClipShape,
    pub(crate) seed: u64,
    /// [`Purpose::Train`] makes new clips in every epoch, the others do not.
    pub(crate) purpose: Purpose,
    /// Result of [`speed_noise`].
    pub(crate) speed_noise: f64,
    /// Whether digits that can be drawn anywhere are, rather than at whole pixels.
    pub(crate) smooth: bool,
    /// Black without one. In front of one, digits are white wherever they are not black.
    pub(crate) background: Option<Arc<dyn Backgrounds>>,
}

impl<G: Glyphs> ClipSource for Bouncing<G> {
    fn shape(&self) -> ClipShape {
        self.shape
    }

    fn len(&self) -> usize {
        self.clips
    }

    fn read(&self, epoch: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        assert!(index < self.clips, "clip {index} of {}", self.clips);
        assert_eq!(frames.len(), self.shape.clip_len(), "room for one clip");
        let epoch = if self.purpose == Purpose::Train { epoch } else { 0 };
        let mut rng = stream(self.seed, self.purpose, epoch, index);
        let side = self.glyphs.side();
        let [height, width] = [self.shape.height, self.shape.width];
        let mut digit = vec![0.0; side * side];
        let mut moved = vec![0.0; (side + 1) * (side + 1)];
        frames.fill(0.0);
        if let Some(background) = &self.background {
            let (first, others) = frames.split_at_mut(self.shape.frame_len());
            background.draw(&mut rng, first);
            others
                .chunks_exact_mut(first.len())
                .for_each(|frame| frame.copy_from_slice(first));
        }
        for _ in 0..self.digits {
            let [x, y] = [rng.random::<f64>(), rng.random::<f64>()];
            let mut trajectory = Trajectory::new(x, y, rng.random::<f64>() * TAU);
            digit.fill(0.0);
            let hand = rng.clone();
            self.glyphs.draw(&mut rng, &mut digit);
            if self.background.is_some() {
                digit
                    .iter_mut()
                    .for_each(|value| *value = if *value > 1.5 / 255.0 { 1.0 } else { *value });
            }
            for (time, frame) in frames.chunks_exact_mut(self.shape.frame_len()).enumerate() {
                let change = match self.speed_noise > 0.0 && time < self.shape.past {
                    true => [(); 2].map(|()| self.speed_noise * normal(&mut rng)),
                    false => [0.0; 2],
                };
                let place = trajectory.step(height - side, change);
                let [row, column] = place.map(|value| value as usize);
                let by = place.map(|value| value.fract() as f32);
                moved.fill(0.0);
                let is_moved = self.smooth && self.glyphs.draw_moved(&mut hand.clone(), by, &mut moved).is_some();
                let (digit, side) = if is_moved { (&moved, side + 1) } else { (&digit, side) };
                for plane in frame.chunks_exact_mut(height * width) {
                    for (from, to) in digit.chunks_exact(side).zip(plane.chunks_exact_mut(width).skip(row)) {
                        for (from, to) in from.iter().zip(&mut to[column..]) {
                            *to = to.max(*from);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digits of full brightness, so that what is seen is where they are.
    struct Squares;

    impl Glyphs for Squares {
        fn side(&self) -> usize {
            28
        }

        fn draw(&self, _: &mut ChaCha8Rng, digit: &mut [f32]) {
            digit.fill(1.0);
        }
    }

    fn clip(purpose: Purpose, epoch: u64, index: usize) -> Vec<f32> {
        noisy_clip(purpose, epoch, index, 0.0)
    }

    fn noisy_clip(purpose: Purpose, epoch: u64, index: usize, speed_noise: f64) -> Vec<f32> {
        let source = Bouncing {
            glyphs: Arc::new(Squares),
            digits: 1,
            clips: 4,
            shape: ClipShape::new([10, 10, 1, 64, 64]),
            seed: 5,
            purpose,
            speed_noise,
            smooth: false,
            background: None,
        };
        let mut frames = vec![f32::NAN; source.shape().clip_len()];
        source.read(epoch, index, &mut frames).unwrap();
        frames
    }

    #[test]
    fn a_clip_is_a_function_of_split_epoch_and_index() {
        assert_eq!(clip(Purpose::Train, 3, 1), clip(Purpose::Train, 3, 1));
        assert_ne!(clip(Purpose::Train, 3, 1), clip(Purpose::Train, 4, 1));
        assert_ne!(clip(Purpose::Train, 3, 1), clip(Purpose::Train, 3, 2));
        assert_ne!(clip(Purpose::Train, 0, 1), clip(Purpose::Test, 0, 1));
        assert_ne!(clip(Purpose::Validation, 0, 1), clip(Purpose::Test, 0, 1));
        assert_eq!(clip(Purpose::Test, 0, 1), clip(Purpose::Test, 7, 1));
    }

    #[test]
    fn observed_digits_move_at_a_varying_speed() {
        let frames = noisy_clip(Purpose::Test, 0, 1, 0.2);
        assert_eq!(frames, noisy_clip(Purpose::Test, 0, 1, 0.2));
        assert_ne!(frames, clip(Purpose::Test, 0, 1));
        let rows: Vec<usize> = frames
            .chunks_exact(64 * 64)
            .map(|frame| frame.iter().position(|value| *value > 0.0).unwrap())
            .collect();
        let steps = |rows: &[usize]| -> std::collections::BTreeSet<isize> {
            rows.windows(2)
                .map(|pair| pair[1] as isize - pair[0] as isize)
                .collect()
        };
        assert!(steps(&rows[..10]).len() > steps(&rows[10..]).len(), "{rows:?}");
    }

    #[test]
    fn the_digit_is_whole_in_every_frame_and_moves() {
        for index in 0..4 {
            let frames = clip(Purpose::Train, 0, index);
            for frame in frames.chunks_exact(64 * 64) {
                assert_eq!(frame.iter().sum::<f32>(), 28.0 * 28.0);
            }
            let mut places: Vec<Option<usize>> = frames
                .chunks_exact(64 * 64)
                .map(|frame| frame.iter().position(|value| *value > 0.0))
                .collect();
            places.dedup();
            // A digit that turns round in a corner may stay there for a frame or two.
            assert!(places.len() > 10, "{places:?}");
        }
    }
}
