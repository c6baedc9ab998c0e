//! Attention within windows (Swin; Liu et al., arXiv:2103.14030).

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use foreframe_core::Cost;

use crate::{SelfAttention, normal};

const POSITION_STD: f64 = 0.02;
/// Takes a position out of the softmax.
const APART: f32 = -100.0;

/// How images are cut into windows.
#[derive(Module, Debug)]
pub struct Windows {
    /// Edge of a window.
    pub edge: usize,
    /// By how much windows are shifted, down and to the right.
    pub shift: usize,
    /// Whether positions that a shift brings together from opposite edges of the image stay apart.
    pub masked: bool,
}

impl Windows {
    /// Masked windows of `edge`, shifted by half of it, but no larger than the smaller side of an image of this size; where
    /// they are as large there is nothing to shift.
    pub fn fitting(edge: usize, image: [usize; 2]) -> Self {
        let smallest = image[0].min(image[1]);
        Self {
            edge: edge.min(smallest),
            shift: if edge < smallest { edge / 2 } else { 0 },
            masked: true,
        }
    }

    /// The same for the block at `index`: only every second one is shifted.
    #[must_use]
    pub const fn of_block(mut self, index: usize) -> Self {
        if index.is_multiple_of(2) {
            self.shift = 0;
        }
        self
    }

    /// A relative position bias with fresh weights: by the distance of two positions down and to the right and by head,
    /// `[(2 * edge - 1)^2, heads]`.
    pub fn position_bias(&self, heads: usize, device: &Device) -> Param<Tensor<2>> {
        normal(POSITION_STD).init([(2 * self.edge - 1).pow(2), heads], device)
    }

    /// Every position looks at those of its window.
    ///
    /// # Shapes
    /// - `image`: `[batch, channels, height, width]`, whose sides `edge` divides
    /// - `position_bias`: `[(2 * edge - 1)^2, heads]`
    /// - output: that of `image`
    pub fn attend(&self, attention: &SelfAttention, position_bias: Tensor<2>, image: Tensor<4>) -> Tensor<4> {
        attention.within(image, |query_key_value| {
            let [batch, channels, height, width] = query_key_value.dims();
            let (edge, shift) = (self.edge, self.shift as i64);
            let [rows, columns] = [height / edge, width / edge];
            let windows = roll(query_key_value, -shift)
                .reshape([batch, channels, rows, edge, columns, edge])
                .permute([0, 2, 4, 1, 3, 5])
                .reshape([batch * rows * columns, channels, edge * edge]);
            let found = attention.attend(windows, Some(self.bias(position_bias, [height, width])));
            let merged = found
                .reshape([batch, rows, columns, channels / 3, edge, edge])
                .permute([0, 3, 1, 4, 2, 5])
                .reshape([batch, channels / 3, height, width]);
            roll(merged, shift)
        })
    }

    /// The number added to the similarity of every pair of positions in a window, `[windows or 1, heads, positions, positions]`.
    fn bias(&self, table: Tensor<2>, image: [usize; 2]) -> Tensor<4> {
        let [_, heads] = table.dims();
        let (device, dtype) = (table.device(), table.dtype());
        let positions = self.edge * self.edge;
        let distances = Tensor::<1, Int>::from_data(distances(self.edge), &device);
        let bias = table
            .select(0, distances)
            .reshape([1, positions, positions, heads])
            .permute([0, 3, 1, 2]);
        if !self.masked || self.shift == 0 {
            return bias;
        }
        let mask = Tensor::<4>::from_data(mask(self.edge, self.shift, image), &device);
        bias + mask.cast(dtype)
    }

    /// Cost of attention for an image of so many positions.
    pub const fn cost(&self, channels: usize, positions: usize) -> Cost {
        let window = self.edge * self.edge;
        SelfAttention::cost(channels, positions / window, window)
    }
}

/// Moves an image down and to the right; what leaves it comes in at the opposite edge.
fn roll(image: Tensor<4>, by: i64) -> Tensor<4> {
    if by == 0 {
        return image;
    }
    image.roll(&[by, by], &[2, 3])
}

/// For every pair of positions of a window, query before key, the row of the table that its distance stands for.
fn distances(edge: usize) -> TensorData {
    let span = 2 * edge - 1;
    let pairs = positions(edge).flat_map(|(row, column)| {
        positions(edge).map(move |(other_row, other_column)| {
            let down = row + edge - 1 - other_row;
            let right = column + edge - 1 - other_column;
            (down * span + right) as i64
        })
    });
    TensorData::new(pairs.collect::<Vec<i64>>(), [edge.pow(4)])
}

/// Rows and columns of a window, row by row.
fn positions(edge: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..edge).flat_map(move |row| (0..edge).map(move |column| (row, column)))
}

/// For every window of a shifted image, which pairs of positions are not neighbors in the image: [`APART`], and 0 for the
/// others, `[windows, 1, positions, positions]`.
fn mask(edge: usize, shift: usize, [height, width]: [usize; 2]) -> TensorData {
    // Only the last `shift` rows and columns come from the opposite edge.
    let moved = |place: usize, size: usize| place + shift >= size;
    let [rows, columns] = [height / edge, width / edge];
    let mut values = Vec::with_capacity(rows * columns * edge.pow(4));
    for (top, left) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row * edge, column * edge))) {
        let part = |(row, column)| (moved(top + row, height), moved(left + column, width));
        for one in positions(edge) {
            values.extend(positions(edge).map(|other| if part(one) == part(other) { 0.0 } else { APART }));
        }
    }
    let positions = edge * edge;
    TensorData::new(values, [rows * columns, 1, positions, positions])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_fit_the_image() {
        let found = |edge, image| {
            let windows = Windows::fitting(edge, image);
            [windows.edge, windows.shift]
        };
        assert_eq!(found(4, [16, 8]), [4, 2]);
        assert_eq!(found(4, [4, 8]), [4, 0]);
        assert_eq!(found(8, [2, 4]), [2, 0]);
        assert_eq!(Windows::fitting(4, [16, 16]).of_block(2).shift, 0);
        assert_eq!(Windows::fitting(4, [16, 16]).of_block(3).shift, 2);
    }

    #[test]
    fn distances_are_down_then_right() {
        let found: Vec<i64> = distances(2).iter().collect();
        assert_eq!(found, [4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4]);
    }

    /// Pixels beyond an edge of the image have no effect on those at the opposite one.
    #[test]
    fn masked_windows_end_at_the_edges() {
        let device = Device::flex();
        let attention = SelfAttention::new(4, 2, None, &device);
        let image = Tensor::<4>::random([1, 4, 4, 6], burn::tensor::Distribution::Default, &device);
        let changed = image
            .clone()
            .slice_assign([0..1, 0..4, 3..4, 0..6], Tensor::zeros([1, 4, 1, 6], &device));
        for (masked, reached) in [(true, false), (false, true)] {
            let windows = Windows {
                masked,
                ..Windows::fitting(2, [4, 6])
            };
            let bias = windows.position_bias(2, &device);
            let first_row = |image: &Tensor<4>| windows.attend(&attention, bias.val(), image.clone()).narrow(2, 0, 1);
            let difference = (first_row(&image) - first_row(&changed))
                .abs()
                .max()
                .into_scalar::<f32>();
            assert_eq!(difference > 1e-6, reached, "{difference}");
        }
    }
}
