//! Cropping and pooling of frames.

use crate::config::at_least;
use crate::{DataConfig, DataError};
use foreframe_formats::FrameSize;

/// `data.crop`, then `data.pool`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reduction {
    /// Top, left, rows, columns.
    crop: Option<[usize; 4]>,
    /// Rows and columns of a block.
    pool: usize,
}

impl Reduction {
    /// Frames stay whole.
    pub const NONE: Self = Self { crop: None, pool: 1 };

    /// # Errors
    /// Names the key that is no number of pixels.
    pub fn of(config: &DataConfig) -> Result<Self, DataError> {
        if let Some([_, _, rows, columns]) = config.crop {
            at_least("crop", rows, 1)?;
            at_least("crop", columns, 1)?;
        }
        let pool = config.pool.unwrap_or(1);
        at_least("pool", pool, 1)?;
        Ok(Self {
            crop: config.crop,
            pool,
        })
    }

    /// The size that frames of `from` are left with.
    ///
    /// # Errors
    /// Names the key that asks for more than there is.
    pub fn size(&self, from: FrameSize) -> Result<FrameSize, DataError> {
        let [top, left, height, width] = self.window(from);
        let fits = |start: usize, len: usize, all: usize| start.checked_add(len).is_some_and(|end| end <= all);
        if !fits(top, height, from.height) || !fits(left, width, from.width) {
            return Err(DataError::config(
                "crop",
                format!(
                    "is [{top}, {left}, {height}, {width}], which reaches beyond frames of {}x{}",
                    from.height, from.width
                ),
                "give [top, left, rows, columns] within a frame",
            ));
        }
        if height < self.pool || width < self.pool {
            return Err(DataError::config(
                "pool",
                format!("is {}, more than the {height}x{width} pixels of a frame", self.pool),
                "use a smaller one",
            ));
        }
        Ok(FrameSize {
            channels: from.channels,
            height: height / self.pool,
            width: width / self.pool,
        })
    }

    /// The row and column of a whole frame where a pixel of a reduced one begins.
    pub fn origin(&self, from: FrameSize, row: usize, column: usize) -> (usize, usize) {
        let [top, left, ..] = self.window(from);
        (top + row * self.pool, left + column * self.pool)
    }

    /// Reduces a frame of size `from`, which [`Reduction::size`] takes. The mean of a block counts what is there; where all
    /// of it is missing, so is the mean.
    pub fn apply(&self, from: FrameSize, frame: Vec<f32>) -> Result<(FrameSize, Vec<f32>), DataError> {
        let to = self.size(from)?;
        if to == from {
            return Ok((to, frame));
        }
        let [top, left, ..] = self.window(from);
        let mut reduced = Vec::with_capacity(to.values());
        for plane in frame.chunks_exact(from.height * from.width) {
            for row in 0..to.height {
                let start = top + row * self.pool;
                let lines = &plane[start * from.width..(start + self.pool) * from.width];
                for column in 0..to.width {
                    let start = left + column * self.pool;
                    let block = lines
                        .chunks_exact(from.width)
                        .flat_map(|line| &line[start..start + self.pool]);
                    let (sum, count) = block
                        .filter(|value| !value.is_nan())
                        .fold((0.0, 0u32), |(sum, count), value| (sum + f64::from(*value), count + 1));
                    reduced.push(if count == 0 {
                        f32::NAN
                    } else {
                        (sum / f64::from(count)) as f32
                    });
                }
            }
        }
        Ok((to, reduced))
    }

    fn window(&self, from: FrameSize) -> [usize; 4] {
        self.crop.unwrap_or([0, 0, from.height, from.width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_averaged_without_what_is_missing() {
        let config = DataConfig {
            crop: Some([1, 0, 2, 5]),
            pool: Some(2),
            ..DataConfig::default()
        };
        let from = FrameSize {
            channels: 2,
            height: 4,
            width: 6,
        };
        let mut frame: Vec<f32> = (0..48).map(|value| value as f32).collect();
        frame[6] = f32::NAN;
        for at in [8, 9, 14, 15] {
            frame[at] = f32::NAN;
        }
        let reduction = Reduction::of(&config).unwrap();
        let (to, reduced) = reduction.apply(from, frame).unwrap();
        assert_eq!((to.channels, to.height, to.width), (2, 1, 2));
        assert_eq!(reduced[0], (7.0 + 12.0 + 13.0) / 3.0);
        assert!(reduced[1].is_nan());
        assert_eq!(reduced[2..], [33.5, 35.5]);
        assert_eq!(reduction.origin(from, 0, 1), (1, 2));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |crop, pool| {
            let config = DataConfig {
                crop,
                pool,
                ..DataConfig::default()
            };
            let size = FrameSize {
                channels: 1,
                height: 4,
                width: 6,
            };
            Reduction::of(&config)
                .and_then(|reduction| reduction.size(size))
                .unwrap_err()
                .to_string()
        };
        assert!(refused(Some([0, 0, 5, 6]), None).contains("`data.crop` is [0, 0, 5, 6]"));
        assert!(refused(Some([usize::MAX, 0, 1, 1]), None).contains("data.crop"));
        assert!(refused(Some([0, 0, 0, 6]), None).contains("data.crop"));
        assert!(refused(None, Some(5)).contains("`data.pool` is 5"));
        assert!(refused(None, Some(0)).contains("data.pool"));
    }
}
