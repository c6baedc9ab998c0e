//! The least time of an operation: operations over peak, bytes over bandwidth.

use serde::Serialize;

use super::shape::{Groups, Matmul};
use super::{Operation, Pass};

/// Lower bound of a repetition, whatever the implementation.
#[derive(Serialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roofline {
    /// Additions and multiplications of matrix products and convolutions, by their definition. An algorithm with fewer of
    /// them (Winograd's) can be faster than this floor.
    pub operations: u64,
    /// Bytes read and written, if every tensor comes from memory and goes there, each once in each direction of the pass.
    pub bytes: u64,
}

/// Memory traffic of an operation, in elements.
struct Touched {
    inputs: usize,
    outputs: usize,
    /// Multiply-accumulates of one pass forward.
    products: usize,
    /// Whether the gradients are functions of the inputs' values.
    remembers: bool,
}

impl Operation {
    /// Lower bound of `pass`.
    pub fn roofline(&self, pass: Pass) -> Roofline {
        if let Self::Adam(parameters) = self {
            // Parameter, gradient and both averages are read; all but the gradient are written.
            return Roofline {
                operations: 0,
                bytes: 4 * 7 * parameters.elements as u64,
            };
        }
        let touched = self.touched();
        let (inputs, outputs) = (touched.inputs as u64, touched.outputs as u64);
        let forward = inputs + outputs;
        // Backward the gradient of the output is read and those of the inputs are written.
        let backward = outputs + inputs + if touched.remembers { inputs } else { 0 };
        let products = touched.products as u64;
        match pass {
            Pass::Backward => Roofline {
                operations: 2 * 3 * products,
                bytes: 4 * (forward + backward),
            },
            _ => Roofline {
                operations: 2 * products,
                bytes: 4 * forward,
            },
        }
    }

    fn touched(&self) -> Touched {
        let plain = |inputs, outputs, remembers| Touched {
            inputs,
            outputs,
            products: 0,
            remembers,
        };
        match self {
            Self::Matmul(Matmul { m, k, n }) => Touched {
                inputs: m * k + k * n,
                outputs: m * n,
                products: m * k * n,
                remembers: true,
            },
            Self::Conv2d(conv) => Touched {
                inputs: conv.input().iter().product::<usize>() + conv.weights() + conv.out_channels,
                outputs: conv.outputs(conv.output()),
                products: conv.outputs(conv.output()) * conv.weights() / conv.out_channels,
                remembers: true,
            },
            Self::ConvTranspose2d(conv) => {
                let input: usize = conv.input().iter().product();
                Touched {
                    inputs: input + conv.weights() + conv.out_channels,
                    outputs: conv.outputs(conv.transposed_output()),
                    products: input * conv.weights() / conv.in_channels,
                    remembers: true,
                }
            }
            Self::DeformConv2d(conv) => {
                let [height, width] = conv.output();
                let taps = conv.kernel * conv.kernel * height * width * conv.batch;
                Touched {
                    // Two offsets and a weight for each tap.
                    inputs: conv.input().iter().product::<usize>() + 3 * taps + conv.weights() + conv.out_channels,
                    outputs: conv.outputs([height, width]),
                    // Each tap is put together from four pixels.
                    products: conv.outputs([height, width]) * conv.weights() / conv.out_channels
                        + 4 * taps * conv.in_channels,
                    remembers: true,
                }
            }
            Self::GridSample(image) => Touched {
                inputs: image.elements() + 2 * image.batch * image.height * image.width,
                outputs: image.elements(),
                products: 4 * image.elements(),
                remembers: true,
            },
            Self::PixelShuffle(shuffle) => plain(shuffle.image.elements(), shuffle.image.elements(), false),
            Self::Gelu(x) | Self::Silu(x) | Self::Sigmoid(x) | Self::Tanh(x) | Self::Softmax(x) => {
                let elements = x.dims.iter().product();
                plain(elements, elements, true)
            }
            Self::LayerNorm(x) => {
                let elements: usize = x.dims.iter().product();
                plain(elements + 2 * x.dims[3], elements, true)
            }
            Self::ChannelNorm(image) | Self::BatchNorm(image) | Self::GroupNormSilu(Groups { image, .. }) => {
                plain(image.elements() + 2 * image.channels, image.elements(), true)
            }
            Self::LstmGates(cell) => plain(5 * cell.elements(), 2 * cell.elements(), true),
            Self::Add(x) => {
                let elements: usize = x.dims.iter().product();
                plain(2 * elements, elements, false)
            }
            Self::Multiply(x) => {
                let elements: usize = x.dims.iter().product();
                plain(2 * elements, elements, true)
            }
            Self::Adam(parameters) => plain(parameters.elements, parameters.elements, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::{Convolution, Tensor4};
    use super::*;

    #[test]
    fn a_convolution_is_counted_by_hand() {
        // 3 images of 4 channels at 6x6, 5 filters of 3x3 with stride 2: outputs of 3x3.
        let conv = Operation::Conv2d(Convolution::square([3, 4, 6, 6], 5, 3).strided(2));
        let outputs = 3 * 5 * 3 * 3;
        let inputs = 3 * 4 * 6 * 6 + 5 * 4 * 3 * 3 + 5;
        let forward = conv.roofline(Pass::Forward);
        assert_eq!(forward.operations, 2 * outputs * 4 * 3 * 3);
        assert_eq!(forward.bytes, 4 * (inputs + outputs));
        let backward = conv.roofline(Pass::Backward);
        assert_eq!(backward.operations, 3 * forward.operations);
        assert_eq!(backward.bytes, 4 * (3 * inputs + 2 * outputs));
    }

    #[test]
    fn a_transposed_convolution_costs_what_the_one_it_undoes_costs() {
        let conv = Convolution {
            padding: 1,
            ..Convolution::square([2, 8, 5, 7], 3, 4).strided(2)
        };
        assert_eq!(conv.transposed_output(), [10, 14]);
        let there = Operation::ConvTranspose2d(conv).roofline(Pass::Forward);
        let back = Convolution {
            padding: 1,
            ..Convolution::square([2, 3, 10, 14], 8, 4).strided(2)
        };
        assert_eq!(
            there.operations,
            Operation::Conv2d(back).roofline(Pass::Forward).operations
        );
    }

    #[test]
    fn a_sum_needs_no_values_backward() {
        let x = Tensor4 { dims: [1, 1, 1, 10] };
        assert_eq!(Operation::Add(x).roofline(Pass::Backward).bytes, 4 * (30 + 30));
        assert_eq!(Operation::Multiply(x).roofline(Pass::Backward).bytes, 4 * (30 + 50));
    }
}
