//! Which gathers and sums make up each pass of a convolution.

use super::Conv2d;
use super::gather::{Axis, Convolution, Gather, Places};
use super::weight_gradient::WeightGradient;
use super::weights::Kernels;
use crate::gemm::Target;

impl Conv2d {
    /// Whether every output reads the one input at its place.
    pub(super) fn pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [(0, 0); 2]
    }

    /// Channels in and out of a group.
    const fn group(&self) -> [usize; 2] {
        [self.in_channels / self.groups, self.out_channels / self.groups]
    }

    fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// How outputs read inputs. Pointwise, all pixels are one row.
    fn axes(&self) -> [Axis; 2] {
        let outputs = self.output();
        let axis = |axis: usize| Axis {
            outputs: outputs[axis],
            inputs: self.input[axis],
            step: self.stride[axis],
            taps: self.kernel[axis],
            gap: self.dilation[axis],
            offset: -(self.padding[axis].0 as isize),
        };
        let mut axes = [axis(0), axis(1)];
        if self.pointwise() {
            // Rows of pixels need not be told apart.
            let pixels = outputs[0] * outputs[1];
            axes[0] = Axis {
                outputs: 1,
                inputs: 1,
                ..axes[0]
            };
            axes[1] = Axis {
                outputs: pixels,
                inputs: pixels,
                ..axes[1]
            };
        }
        axes
    }

    /// The gather that computes the output.
    pub(super) fn output_gather(&self) -> Gather {
        let ([channels, rows], taps, axes) = (self.group(), self.taps(), self.axes());
        Gather {
            axes,
            places: Places {
                plane: axes[0].outputs * axes[1].outputs,
                first: 0,
                steps: [axes[1].outputs, 1],
            },
            kernels: Kernels {
                first: 0,
                steps: [rows * channels * taps, channels * taps, taps, self.kernel[1], 1].map(|step| step as isize),
                taps: self.kernel,
            },
        }
    }

    /// The gathers that compute the gradient of the input: one for each phase of the stride.
    pub(super) fn input_gathers(&self) -> Vec<Gather> {
        let ([rows, channels], taps, outputs) = (self.group(), self.taps(), self.output());
        let phases = |axis: usize| (0..self.stride[axis]).map(move |first| Phase::new(self, axis, first));
        let gather = |down: Phase, across: Phase| {
            let axes = if self.pointwise() {
                self.axes()
            } else {
                [
                    Axis {
                        inputs: outputs[0],
                        ..down.axis
                    },
                    Axis {
                        inputs: outputs[1],
                        ..across.axis
                    },
                ]
            };
            let row = if self.pointwise() {
                axes[1].outputs
            } else {
                self.input[1]
            };
            Gather {
                axes,
                places: Places {
                    plane: self.input[0] * self.input[1],
                    first: down.first * row + across.first,
                    steps: [self.stride[0] * row, self.stride[1]],
                },
                kernels: Kernels {
                    first: down.tap * self.kernel[1] + across.tap,
                    steps: [
                        (channels * rows * taps) as isize,
                        taps as isize,
                        (rows * taps) as isize,
                        -((down.tap_step * self.kernel[1]) as isize),
                        -(across.tap_step as isize),
                    ],
                    taps: [down.axis.taps, across.axis.taps],
                },
            }
        };
        phases(0)
            .flat_map(|down| phases(1).map(move |across| gather(down, across)))
            .collect()
    }

    /// The forward pass, with [`output_gather`](Self::output_gather).
    pub(super) fn forward_work<'a>(
        &self,
        x: &'a [f32],
        w: &'a [f32],
        bias: Option<&'a [f32]>,
        gathers: &'a [Gather],
        out: &'a mut [f32],
    ) -> Convolution<'a> {
        let [channels, rows] = self.group();
        Convolution {
            batch: self.batch,
            groups: self.groups,
            channels,
            rows,
            input: x,
            weights: w,
            bias,
            gathers,
            target: Target::new(out),
        }
    }

    /// The gradient of the input, with [`input_gathers`](Self::input_gathers).
    pub(super) fn input_gradient_work<'a>(
        &self,
        grad: &'a [f32],
        w: &'a [f32],
        bias: Option<&'a [f32]>,
        gathers: &'a [Gather],
        dx: &'a mut [f32],
    ) -> Convolution<'a> {
        let [rows, channels] = self.group();
        Convolution {
            channels,
            rows,
            ..self.forward_work(grad, w, bias, gathers, dx)
        }
    }

    /// The gradient of the weights.
    pub(super) fn weight_gradient_work<'a>(
        &self,
        x: &'a [f32],
        grad: &'a [f32],
        dw: &'a mut [f32],
    ) -> WeightGradient<'a> {
        let [channels, columns] = self.group();
        WeightGradient {
            batch: self.batch,
            groups: self.groups,
            channels,
            columns,
            axes: self.axes(),
            input: x,
            grad,
            target: dw,
        }
    }
}

/// The inputs `first`, `first + stride`, ... along one axis: each gets its gradient through the same taps, which makes
/// them a convolution of the output's gradient without stride.
#[derive(Clone, Copy)]
struct Phase {
    first: usize,
    axis: Axis,
    /// Last tap, the first one to be read; the others are `tap_step` before it each.
    tap: usize,
    tap_step: usize,
}

impl Phase {
    fn new(shape: &Conv2d, axis: usize, first: usize) -> Self {
        let (stride, dilation) = (shape.stride[axis], shape.dilation[axis]);
        // Output `o` meets input `first` at tap `t` where o * stride + t * dilation = first + padding.
        let place = first + shape.padding[axis].0;
        let divisor = greatest_common_divisor(stride, dilation);
        let (tap_step, gap) = (stride / divisor, dilation / divisor);
        let lowest = (0..shape.kernel[axis].min(tap_step)).find(|tap| tap * dilation % stride == place % stride);
        let taps = lowest.map_or(0, |lowest| (shape.kernel[axis] - lowest).div_ceil(tap_step));
        let tap = lowest.map_or(0, |lowest| lowest + (taps - 1) * tap_step);
        Self {
            first,
            axis: Axis {
                outputs: shape.input[axis].saturating_sub(first).div_ceil(stride),
                inputs: 0,
                step: 1,
                taps,
                gap,
                offset: (place as isize - (tap * dilation) as isize).div_euclid(stride as isize),
            },
            tap,
            tap_step,
        }
    }
}

const fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
