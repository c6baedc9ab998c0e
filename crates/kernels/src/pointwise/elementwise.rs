//! Spreading functions of single elements over threads.

use pulp::{Simd, WithSimd};

use crate::parallel::{Shared, tasks};

use super::stream::{dispatch, map};

/// Elements of one task: enough to outweigh its start, few enough to fit the caches with several inputs and outputs.
const CHUNK: usize = 1 << 13;

/// `O` numbers out of `I` numbers.
pub(crate) trait ElementwiseKernel<const I: usize, const O: usize>: Copy + Send + Sync {
    fn apply<S: Simd>(self, simd: S, inputs: [S::f32s; I]) -> [S::f32s; O];
}

/// The part of each sample of an array that a kernel reads or writes.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// Elements from one sample to the next.
    pub(crate) sample: usize,
    /// Elements of the sample before the part.
    pub(crate) offset: usize,
}

/// Applies `kernel` to `len` elements of each of `samples` samples.
///
/// # Safety
/// No part of an output overlaps another part of it, of the same sample or of another one.
pub(crate) unsafe fn elementwise<const I: usize, const O: usize>(
    kernel: impl ElementwiseKernel<I, O>,
    [samples, len]: [usize; 2],
    inputs: [(&[f32], Part); I],
    outputs: [(Shared, Part); O],
) {
    let chunks = len.div_ceil(CHUNK);
    tasks(samples * chunks, samples * len * (I + O), |task| {
        let (sample, start) = (task / chunks, task % chunks * CHUNK);
        let count = CHUNK.min(len - start);
        let begin = |part: Part| sample * part.sample + part.offset + start;
        dispatch(Chunk {
            kernel,
            inputs: inputs.map(|(slice, part)| &slice[begin(part)..][..count]),
            // SAFETY: parts do not overlap, as the caller promises, and neither do the chunks of a part.
            outputs: outputs.map(|(shared, part)| unsafe { shared.slice(begin(part)..begin(part) + count) }),
        });
    });
}

struct Chunk<'a, K, const I: usize, const O: usize> {
    kernel: K,
    inputs: [&'a [f32]; I],
    outputs: [&'a mut [f32]; O],
}

impl<K: ElementwiseKernel<I, O>, const I: usize, const O: usize> WithSimd for Chunk<'_, K, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        map(
            simd,
            self.inputs,
            self.outputs,
            #[inline(always)]
            |x| self.kernel.apply(simd, x),
        );
    }
}
