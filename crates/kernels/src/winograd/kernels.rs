//! The filter transform.

use pulp::{Simd, WithSimd};

use super::multiply::VECTORS;
use super::tiles::store;
use super::transform::{Matrices, both_sides};
use crate::parallel::{Shared, tasks};

/// Kernels of `R x R` taps, `[outputs, inputs, R, R]`; or `[inputs, outputs, R, R]` and turned by half a circle, as the
/// gradient of the input needs them.
#[derive(Clone, Copy)]
pub(super) struct Kernels<'a> {
    pub(super) values: &'a [f32],
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    pub(super) turned: bool,
}

impl Kernels<'_> {
    /// Panels of [`VECTORS`] vectors of outputs.
    pub(super) fn panels<S: Simd>(&self) -> usize {
        self.outputs.div_ceil(VECTORS * S::F32_LANES)
    }

    /// Floats from one point of a panel to the next: all inputs, and a cache line so that the points of one input do
    /// not compete for one set of the cache.
    pub(super) fn point_stride<S: Simd>(&self) -> usize {
        (self.inputs * VECTORS + 1) * S::F32_LANES
    }
}

/// Writes all kernels at all points to `target`: panels, points, inputs, outputs of the panel.
pub(super) struct Transform<'a, const N: usize, const M: usize, const R: usize> {
    pub(super) kernels: Kernels<'a>,
    pub(super) target: &'a mut [f32],
}

/// Inputs that a task transforms.
const INPUTS: usize = 64;

impl<const N: usize, const M: usize, const R: usize> Transform<'_, N, M, R> {
    #[inline(always)]
    pub(super) fn run<S: Simd>(self, simd: S) {
        let kernels = self.kernels;
        let parts = kernels.inputs.div_ceil(INPUTS);
        let target = Shared::new(self.target);
        tasks(kernels.panels::<S>() * parts, kernels.values.len(), |task| {
            let part = Part::<N, M, R> {
                kernels,
                panel: task / parts,
                first: task % parts * INPUTS,
                target,
            };
            simd.vectorize(part);
        });
    }
}

struct Part<'a, const N: usize, const M: usize, const R: usize> {
    kernels: Kernels<'a>,
    panel: usize,
    first: usize,
    target: Shared<'a>,
}

impl<const N: usize, const M: usize, const R: usize> WithSimd for Part<'_, N, M, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = S::F32_LANES;
        let kernels = self.kernels;
        let stride = kernels.point_stride::<S>();
        let taps = R * R;
        let mut gathered = [[[simd.splat_f32s(0.0); R]; R]; VECTORS];
        let last = kernels.inputs.min(self.first + INPUTS);
        for input in self.first..last {
            for (vector, gathered) in gathered.iter_mut().enumerate() {
                let first = (self.panel * VECTORS + vector) * lanes;
                let outputs = first..(first + lanes).min(kernels.outputs).max(first);
                let flat: &mut [f32] = pulp::bytemuck::cast_slice_mut(gathered.as_flattened_mut());
                for (lane, output) in outputs.enumerate() {
                    if kernels.turned {
                        let from = &kernels.values[(input * kernels.outputs + output) * taps..][..taps];
                        for tap in 0..taps {
                            flat[tap * lanes + lane] = from[taps - 1 - tap];
                        }
                    } else {
                        let from = &kernels.values[(output * kernels.inputs + input) * taps..][..taps];
                        for tap in 0..taps {
                            flat[tap * lanes + lane] = from[tap];
                        }
                    }
                }
            }
            for (vector, gathered) in gathered.iter().enumerate() {
                both_sides::<S, N, R>(
                    simd,
                    &Matrices::<N, M, R>::VALUE.kernel,
                    #[inline(always)]
                    |i, j| gathered[i][j],
                    #[inline(always)]
                    |i, j, value| {
                        let at = (self.panel * N * N + i * N + j) * stride + (input * VECTORS + vector) * lanes;
                        // SAFETY: this panel and this input are this task's alone.
                        store::<S>(unsafe { self.target.slice(at..at + lanes) }, 0, value);
                    },
                );
            }
        }
    }
}
