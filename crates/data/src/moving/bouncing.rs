//! Clips of bouncing digits.

use std::f64::consts::TAU;
use std::sync::Arc;

use foreframe_core::ClipShape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::trajectory::Trajectory;
use crate::random::{Purpose, stream};
use crate::{ClipSource, DataError};

/// Where the digits come from.
pub(crate) trait Glyphs: Send + Sync {
    /// Rows and columns of a digit.
    fn side(&self) -> usize;

    /// Draws one digit by chance, `[side, side]` in 0..1.
    fn draw(&self, rng: &mut ChaCha8Rng, digit: &mut [f32]);
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
        frames.fill(0.0);
        for _ in 0..self.digits {
            let [x, y] = [rng.random::<f64>(), rng.random::<f64>()];
            let mut trajectory = Trajectory::new(x, y, rng.random::<f64>() * TAU);
            digit.fill(0.0);
            self.glyphs.draw(&mut rng, &mut digit);
            for frame in frames.chunks_exact_mut(height * width) {
                let [row, column] = trajectory.step(height - side);
                for (from, to) in digit.chunks_exact(side).zip(frame.chunks_exact_mut(width).skip(row)) {
                    for (from, to) in from.iter().zip(&mut to[column..]) {
                        *to = to.max(*from);
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
        let source = Bouncing {
            glyphs: Arc::new(Squares),
            digits: 1,
            clips: 4,
            shape: ClipShape::new([10, 10, 1, 64, 64]),
            seed: 5,
            purpose,
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
