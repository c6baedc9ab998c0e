//! Counting multiply-accumulates.

use std::ops::{Add, AddAssign, Mul};

use serde::Serialize;

/// Multiply-accumulates of one forward pass over one clip.
///
/// `multiplications` is every product of a convolution or matrix, `normalization` follows fvcore: two per value for batch
/// normalization in inference, five for group and layer normalization. Activations, additions and reshapes count nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Products of convolutions and matrices.
    pub multiplications: u64,
    /// Cost of normalization layers.
    pub normalization: u64,
}

impl Cost {
    /// A convolution that yields `outputs` values (all channels and positions) with `in_channels / groups` inputs and
    /// `kernel` taps each.
    pub const fn convolution(outputs: usize, in_channels_per_group: usize, kernel: [usize; 2]) -> Self {
        Self {
            multiplications: (outputs * in_channels_per_group * kernel[0] * kernel[1]) as u64,
            normalization: 0,
        }
    }

    /// A matrix product that yields `outputs` values of `inputs` products each.
    pub const fn linear(outputs: usize, inputs: usize) -> Self {
        Self::convolution(outputs, inputs, [1, 1])
    }

    /// Batch normalization of `values` values, in inference.
    pub const fn batch_norm(values: usize) -> Self {
        Self {
            multiplications: 0,
            normalization: 2 * values as u64,
        }
    }

    /// Group or layer normalization of `values` values.
    pub const fn group_norm(values: usize) -> Self {
        Self {
            multiplications: 0,
            normalization: 5 * values as u64,
        }
    }

    /// Both kinds together.
    pub const fn total(&self) -> u64 {
        self.multiplications + self.normalization
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            multiplications: self.multiplications + other.multiplications,
            normalization: self.normalization + other.normalization,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<usize> for Cost {
    type Output = Self;

    fn mul(self, times: usize) -> Self {
        Self {
            multiplications: self.multiplications * times as u64,
            normalization: self.normalization * times as u64,
        }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}
