//! Dense motion: combined local-global optical flow, coarse to fine.

use crate::AdvectionConfig;
use crate::image::{Image, gaussian};

/// A field of motion, in pixels per frame.
#[derive(Clone, Debug)]
pub(crate) struct Motion {
    /// Downwards.
    pub(crate) down: Image,
    /// To the right.
    pub(crate) right: Image,
}

/// Smallest side of a scale of the pyramid.
const COARSEST: usize = 8;
/// Over-relaxation.
const OMEGA: f32 = 1.8;

impl Motion {
    pub(crate) fn none(height: usize, width: usize) -> Self {
        Self {
            down: Image::zeros(height, width),
            right: Image::zeros(height, width),
        }
    }

    /// The one motion that carries each of `frames` to the next; channels move together.
    ///
    /// `frames` are the channels of every frame, the oldest first, at least two, all of one size.
    pub(crate) fn estimate(frames: &[Vec<Image>], config: &AdvectionConfig) -> Self {
        let mut scales = vec![standardized(frames)];
        while let Some(half) = halved(&scales[scales.len() - 1]) {
            scales.push(half);
        }
        let taps = gaussian(config.neighborhood);
        let mut motion: Option<Self> = None;
        for frames in scales.iter().rev() {
            let (height, width) = (frames[0][0].height, frames[0][0].width);
            let mut finer = match motion {
                Some(coarse) => Self {
                    down: coarse.down.doubled(height, width),
                    right: coarse.right.doubled(height, width),
                },
                None => Self::none(height, width),
            };
            for _ in 0..config.warps {
                let data = Data::new(frames, &finer, &taps);
                finer = data.solve(&finer, config);
            }
            motion = Some(finer);
        }
        motion.unwrap_or_else(|| Self::none(frames[0][0].height, frames[0][0].width))
    }
}

/// Every channel with mean 0 and variance 1 over the frames, so that nothing depends on units.
fn standardized(frames: &[Vec<Image>]) -> Vec<Vec<Image>> {
    let mut frames = frames.to_vec();
    for channel in 0..frames[0].len() {
        let values = || {
            frames
                .iter()
                .flat_map(|frame| &frame[channel].values)
                .map(|v| f64::from(*v))
        };
        let count = values().count() as f64;
        let mean = values().sum::<f64>() / count;
        let deviation = (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        // A field that is the same everywhere shows no motion.
        let scale = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
        for frame in &mut frames {
            for value in &mut frame[channel].values {
                *value = ((f64::from(*value) - mean) * scale) as f32;
            }
        }
    }
    frames
}

fn halved(frames: &[Vec<Image>]) -> Option<Vec<Vec<Image>>> {
    let first = &frames[0][0];
    let fits = first.height.min(first.width) >= 2 * COARSEST;
    let half = |frame: &Vec<Image>| frame.iter().map(Image::halved).collect();
    fits.then(|| frames.iter().map(half).collect())
}

/// The linearized gray value constancy around a motion: the products of the derivatives, meant over pairs of frames and
/// neighborhoods.
struct Data {
    down_down: Image,
    down_right: Image,
    right_right: Image,
    down_time: Image,
    right_time: Image,
}

impl Data {
    fn new(frames: &[Vec<Image>], motion: &Motion, taps: &[f32]) -> Self {
        let (height, width) = (motion.down.height, motion.down.width);
        let zeros = || Image::zeros(height, width);
        let mut data = Self {
            down_down: zeros(),
            down_right: zeros(),
            right_right: zeros(),
            down_time: zeros(),
            right_time: zeros(),
        };
        let pairs = frames.windows(2).flat_map(|pair| pair[0].iter().zip(&pair[1]));
        pairs.for_each(|(before, after)| data.add(before, after, motion));
        let count = ((frames.len() - 1) * frames[0].len()) as f32;
        let all = [
            &mut data.down_down,
            &mut data.down_right,
            &mut data.right_right,
            &mut data.down_time,
            &mut data.right_time,
        ];
        for image in all {
            image.values.iter_mut().for_each(|value| *value /= count);
            image.smooth(taps);
        }
        data
    }

    fn add(&mut self, before: &Image, after: &Image, motion: &Motion) {
        let (height, width) = (before.height, before.width);
        let place = |index: usize| {
            let row = (index / width) as f32 + motion.down.values[index];
            (row, (index % width) as f32 + motion.right.values[index])
        };
        let mut moved = Image::zeros(height, width);
        for (index, value) in moved.values.iter_mut().enumerate() {
            let (row, column) = place(index);
            *value = after.at(row, column);
        }
        for index in 0..height * width {
            let (row, column) = place(index);
            // Pixels that have left the frame cannot be compared.
            if !(0.0..=(height - 1) as f32).contains(&row) || !(0.0..=(width - 1) as f32).contains(&column) {
                continue;
            }
            let (first, second) = (
                before.slope(index / width, index % width),
                moved.slope(index / width, index % width),
            );
            let (down, right) = (0.5 * (first.0 + second.0), 0.5 * (first.1 + second.1));
            let time = moved.values[index] - before.values[index];
            self.down_down.values[index] += down * down;
            self.down_right.values[index] += down * right;
            self.right_right.values[index] += right * right;
            self.down_time.values[index] += down * time;
            self.right_time.values[index] += right * time;
        }
    }

    /// The motion near `around` that agrees with the data and is smooth, by successive over-relaxation.
    fn solve(&self, around: &Motion, config: &AdvectionConfig) -> Motion {
        let (height, width) = (around.down.height, around.down.width);
        let smoothness = config.smoothness as f32;
        let mut motion = around.clone();
        for _ in 0..config.iterations {
            for row in 0..height {
                for column in 0..width {
                    let index = row * width + column;
                    let mut neighbors = 0.0;
                    let (mut down, mut right) = (0.0, 0.0);
                    let mut look = |exists: bool, neighbor: usize| {
                        if exists {
                            neighbors += smoothness;
                            down += smoothness * motion.down.values[neighbor];
                            right += smoothness * motion.right.values[neighbor];
                        }
                    };
                    look(row > 0, index.wrapping_sub(width));
                    look(column > 0, index.wrapping_sub(1));
                    look(column + 1 < width, index + 1);
                    look(row + 1 < height, index + width);
                    let (old_down, old_right) = (motion.down.values[index], motion.right.values[index]);
                    let (start_down, start_right) = (around.down.values[index], around.right.values[index]);
                    let mixed = self.down_right.values[index];
                    let own = self.down_down.values[index];
                    // A frame of a single pixel has no neighbors, and may have no slope.
                    let norm = (own + neighbors).max(f32::MIN_POSITIVE);
                    let aim =
                        down + own * start_down - mixed * (old_right - start_right) - self.down_time.values[index];
                    let new_down = old_down + OMEGA * (aim / norm - old_down);
                    let own = self.right_right.values[index];
                    let norm = (own + neighbors).max(f32::MIN_POSITIVE);
                    let aim =
                        right + own * start_right - mixed * (new_down - start_down) - self.right_time.values[index];
                    motion.down.values[index] = new_down;
                    motion.right.values[index] = old_right + OMEGA * (aim / norm - old_right);
                }
            }
        }
        motion
    }
}
