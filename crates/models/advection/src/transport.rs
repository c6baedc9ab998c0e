//! Semi-Lagrangian extrapolation.

use crate::image::Image;
use crate::motion::Motion;

/// Places, one per pixel: where the values of a lead time were in the newest frame.
pub(crate) struct Origins {
    places: Vec<(f32, f32)>,
}

impl Origins {
    /// Of the newest frame itself.
    pub(crate) fn new(motion: &Motion) -> Self {
        let width = motion.down.width;
        let place = |index: usize| ((index / width) as f32, (index % width) as f32);
        Self {
            places: (0..motion.down.values.len()).map(place).collect(),
        }
    }

    /// Follows every trajectory back by one frame more: one step of the midpoint rule.
    pub(crate) fn step_back(&mut self, motion: &Motion) {
        for (row, column) in &mut self.places {
            let at = |row: f32, column: f32| (motion.down.at(row, column), motion.right.at(row, column));
            let (down, right) = at(*row, *column);
            let (down, right) = at(*row - 0.5 * down, *column - 0.5 * right);
            (*row, *column) = (*row - down, *column - right);
        }
    }

    /// Values at these places. Every lead time is sampled from the newest frame, so that interpolation errors do not add up.
    pub(crate) fn read(&self, newest: &Image, into: &mut Vec<f32>) {
        into.extend(self.places.iter().map(|(row, column)| newest.at(*row, *column)));
    }
}
