//! Depthwise convolution: every channel has a kernel of its own and sees no other channel.
//!
//! A matrix product has nothing to gain here, so the loops run over pixels: a plane is laid out with its padding (and,
//! for strides, cut into its phases), and then every tap is one load at a constant distance and one fused multiply-add.

mod axis;
mod correlate;
mod products;
#[cfg(test)]
mod tests;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::conv::Conv2d;
use crate::parallel::{Shared, tasks};
use axis::{Axis, PaddedLayout, Phase};
use correlate::{Tap, correlate};
use products::{TAPS, products};

/// Multiplications that make a task worth handing to another thread.
const TASK: usize = 1 << 20;

/// Whether `shape` is a depthwise convolution, which this module computes.
pub const fn fits(shape: &Conv2d) -> bool {
    shape.groups == shape.in_channels && shape.groups == shape.out_channels
}

/// Sizes that all passes need.
struct Sizes {
    channels: usize,
    planes: usize,
    axes: [Axis; 2],
    input: usize,
    output: usize,
    taps: usize,
}

impl Sizes {
    fn new(shape: &Conv2d) -> Self {
        assert!(fits(shape), "{shape:?} is no depthwise convolution");
        let axes = [0, 1].map(|axis| Axis::new(shape, axis));
        Self {
            channels: shape.in_channels,
            planes: shape.batch * shape.in_channels,
            axes,
            input: shape.input[0] * shape.input[1],
            output: axes[0].output * axes[1].output,
            taps: shape.kernel[0] * shape.kernel[1],
        }
    }

    /// How many planes or channels make a task, given how many outputs each has.
    fn per_task(&self, outputs: usize) -> usize {
        TASK.div_ceil((outputs * self.taps).max(1))
    }
}

/// Convolves every channel of `x` with its kernel.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - `w`: `[channels, 1, kernel_height, kernel_width]`
/// - `bias`: `[channels]`
/// - `out`: `[batch, channels, out_height, out_width]`
pub fn forward(shape: &Conv2d, x: &[f32], w: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
    let sizes = Sizes::new(shape);
    assert_eq!(x.len(), sizes.planes * sizes.input, "x");
    assert_eq!(w.len(), sizes.channels * sizes.taps, "w");
    assert_eq!(out.len(), sizes.planes * sizes.output, "out");
    if let Some(bias) = bias {
        assert_eq!(bias.len(), sizes.channels, "bias");
    }
    if out.is_empty() {
        return;
    }
    let layout = PaddedLayout::of_input(&sizes.axes);
    let out = Shared::new(out);
    let each = sizes.per_task(sizes.output);
    tasks(
        sizes.planes.div_ceil(each),
        x.len() + sizes.planes * sizes.output,
        |task| {
            let planes = task * each..sizes.planes.min((task + 1) * each);
            // SAFETY: the planes of a task are its own.
            let out = unsafe { out.slice(planes.start * sizes.output..planes.end * sizes.output) };
            Arch::new().dispatch(Forward {
                sizes: &sizes,
                layout: &layout,
                x,
                w,
                bias,
                planes: planes.start,
                out,
            });
        },
    );
}

/// Forward pass of the planes from `planes` on, as many as `out` holds.
struct Forward<'a> {
    sizes: &'a Sizes,
    layout: &'a PaddedLayout,
    x: &'a [f32],
    w: &'a [f32],
    bias: Option<&'a [f32]>,
    planes: usize,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sizes, layout, .. } = self;
        let size = sizes.axes.map(|axis| axis.output);
        let mut values = layout.zeros(S::F32_LANES);
        let mut wide = Vec::new();
        let mut taps = Vec::new();
        for (i, out) in self.out.chunks_exact_mut(sizes.output).enumerate() {
            let plane = self.planes + i;
            let channel = plane % sizes.channels;
            let padded = layout.fill(&self.x[plane * sizes.input..][..sizes.input], &mut values);
            let w = &self.w[channel * sizes.taps..];
            taps.clear();
            taps.extend(
                layout
                    .offsets
                    .iter()
                    .zip(w)
                    .map(|(&offset, &weight)| Tap { offset, weight }),
            );
            let start = self.bias.map_or(0.0, |bias| bias[channel]);
            correlate(simd, padded, &taps, start, size, &mut wide, out);
        }
    }
}

/// Gradient of the input.
///
/// # Shapes
/// - `grad`: `[batch, channels, out_height, out_width]`
/// - `w`: `[channels, 1, kernel_height, kernel_width]`
/// - `dx`: `[batch, channels, height, width]`
pub fn input_gradient(shape: &Conv2d, grad: &[f32], w: &[f32], dx: &mut [f32]) {
    let sizes = Sizes::new(shape);
    assert_eq!(grad.len(), sizes.planes * sizes.output, "grad");
    assert_eq!(w.len(), sizes.channels * sizes.taps, "w");
    assert_eq!(dx.len(), sizes.planes * sizes.input, "dx");
    if dx.is_empty() {
        return;
    }
    let layout = PaddedLayout::of_gradient(&sizes.axes);
    let phases = Phase::all(&sizes.axes, &layout);
    let dx = Shared::new(dx);
    let each = sizes.per_task(sizes.input);
    tasks(sizes.planes.div_ceil(each), grad.len() * 2, |task| {
        let planes = task * each..sizes.planes.min((task + 1) * each);
        // SAFETY: the planes of a task are its own.
        let dx = unsafe { dx.slice(planes.start * sizes.input..planes.end * sizes.input) };
        Arch::new().dispatch(InputGradient {
            sizes: &sizes,
            layout: &layout,
            phases: &phases,
            grad,
            w,
            planes: planes.start,
            dx,
        });
    });
}

/// Gradient of the planes from `planes` on, as many as `dx` holds.
struct InputGradient<'a> {
    sizes: &'a Sizes,
    layout: &'a PaddedLayout,
    phases: &'a [Phase],
    grad: &'a [f32],
    w: &'a [f32],
    planes: usize,
    dx: &'a mut [f32],
}

impl WithSimd for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sizes, layout, .. } = self;
        let [row_step, step] = sizes.axes.map(|axis| axis.stride);
        let width = sizes.axes[1].input;
        let mut values = layout.zeros(S::F32_LANES);
        let (mut taps, mut wide, mut phase_dx) = (Vec::new(), Vec::new(), Vec::new());
        for (i, dx) in self.dx.chunks_exact_mut(sizes.input).enumerate() {
            let plane = self.planes + i;
            let w = &self.w[plane % sizes.channels * sizes.taps..][..sizes.taps];
            let padded = layout.fill(&self.grad[plane * sizes.output..][..sizes.output], &mut values);
            for phase in self.phases {
                taps.clear();
                taps.extend(phase.taps.iter().map(|&(tap, offset)| Tap { offset, weight: w[tap] }));
                if row_step == 1 && step == 1 {
                    correlate(simd, padded, &taps, 0.0, phase.len, &mut wide, dx);
                    continue;
                }
                let [rows, columns] = phase.len;
                phase_dx.resize(rows * columns, 0.0);
                correlate(simd, padded, &taps, 0.0, phase.len, &mut wide, &mut phase_dx);
                for (row, from) in phase_dx.chunks_exact(columns).enumerate() {
                    let to = &mut dx[(phase.first[0] + row * row_step) * width + phase.first[1]..];
                    for (to, from) in to.iter_mut().step_by(step).zip(from) {
                        *to = *from;
                    }
                }
            }
        }
    }
}

/// Gradient of the weights, added up over the batch.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - `grad`: `[batch, channels, out_height, out_width]`
/// - `dw`: `[channels, 1, kernel_height, kernel_width]`
pub fn weight_gradient(shape: &Conv2d, x: &[f32], grad: &[f32], dw: &mut [f32]) {
    let sizes = Sizes::new(shape);
    assert_eq!(x.len(), sizes.planes * sizes.input, "x");
    assert_eq!(grad.len(), sizes.planes * sizes.output, "grad");
    assert_eq!(dw.len(), sizes.channels * sizes.taps, "dw");
    if grad.is_empty() {
        dw.fill(0.0);
        return;
    }
    let layout = PaddedLayout::of_input(&sizes.axes);
    let dw = Shared::new(dw);
    let each = sizes.per_task(shape.batch * sizes.output);
    tasks(sizes.channels.div_ceil(each), x.len() + grad.len(), |task| {
        let channels = task * each..sizes.channels.min((task + 1) * each);
        // SAFETY: the channels of a task are its own.
        let dw = unsafe { dw.slice(channels.start * sizes.taps..channels.end * sizes.taps) };
        Arch::new().dispatch(WeightGradient {
            sizes: &sizes,
            layout: &layout,
            x,
            grad,
            channels,
            dw,
        });
    });
}

/// Gradient of the weights of some channels.
struct WeightGradient<'a> {
    sizes: &'a Sizes,
    layout: &'a PaddedLayout,
    x: &'a [f32],
    grad: &'a [f32],
    channels: Range<usize>,
    dw: &'a mut [f32],
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sizes, layout, .. } = self;
        let size = sizes.axes.map(|axis| axis.output);
        let mut values = layout.zeros(S::F32_LANES);
        // The last tap is repeated to fill the registers; nobody reads the sums of the copies.
        let mut offsets = layout.offsets.clone();
        offsets.resize(sizes.taps.next_multiple_of(TAPS), layout.offsets[sizes.taps - 1]);
        let mut sums = vec![simd.splat_f32s(0.0); offsets.len() * self.channels.len()];
        // Image by image, as neighboring channels are neighbors in memory.
        for image in 0..sizes.planes / sizes.channels {
            for (channel, sums) in self.channels.clone().zip(sums.chunks_exact_mut(offsets.len())) {
                let plane = image * sizes.channels + channel;
                let padded = layout.fill(&self.x[plane * sizes.input..][..sizes.input], &mut values);
                let grad = &self.grad[plane * sizes.output..][..sizes.output];
                products(simd, padded, &offsets, size, grad, sums);
            }
        }
        for (dw, sums) in self
            .dw
            .chunks_exact_mut(sizes.taps)
            .zip(sums.chunks_exact(offsets.len()))
        {
            for (dw, sum) in dw.iter_mut().zip(sums) {
                *dw = simd.reduce_sum_f32s(*sum);
            }
        }
    }
}
