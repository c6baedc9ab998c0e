//! Walking slices vector by vector, with the last, partial vector handled in one place.

use pulp::{Simd, WithSimd};

/// Elements summed in `f32` before their sum is added to one in `f64`.
const BLOCK: usize = 4096;

/// Vectors in flight when terms are summed: additions wait for one another, so that one sum alone would idle.
const SUMS: usize = 4;

/// Runs `operation` with the widest instructions of this machine.
#[inline]
pub(crate) fn dispatch<Operation: WithSimd>(operation: Operation) -> Operation::Output {
    #[cfg(test)]
    if let Some(arch) = forced::arch() {
        return arch.dispatch(operation);
    }
    pulp::Arch::new().dispatch(operation)
}

/// Writes `function` of the inputs to the outputs, element by element.
#[inline(always)]
pub(crate) fn map<S: Simd, const I: usize, const O: usize>(
    simd: S,
    inputs: [&[f32]; I],
    outputs: [&mut [f32]; O],
    function: impl Fn([S::f32s; I]) -> [S::f32s; O],
) {
    map_sums(
        simd,
        inputs,
        outputs,
        #[inline(always)]
        |x| (function(x), []),
    );
}

/// Adds up the terms that `function` makes of the inputs.
#[inline(always)]
pub(crate) fn sums<S: Simd, const I: usize, const A: usize>(
    simd: S,
    inputs: [&[f32]; I],
    function: impl Fn([S::f32s; I]) -> [S::f32s; A],
) -> [f64; A] {
    map_sums(
        simd,
        inputs,
        [],
        #[inline(always)]
        |x| ([], function(x)),
    )
}

/// [`map`] and [`sums`] in one pass: `function` gives what to write and what to add up.
#[inline(always)]
pub(crate) fn map_sums<S: Simd, const I: usize, const O: usize, const A: usize>(
    simd: S,
    inputs: [&[f32]; I],
    outputs: [&mut [f32]; O],
    function: impl Fn([S::f32s; I]) -> ([S::f32s; O], [S::f32s; A]),
) -> [f64; A] {
    let len = inputs[0].len();
    assert!(inputs.iter().all(|x| x.len() == len) && outputs.iter().all(|x| x.len() == len));
    let outputs = outputs.map(|x| x.as_mut_ptr());
    // SAFETY: all slices have `len` elements, as just checked, and are borrowed until the walk ends.
    unsafe { walk(simd, len, inputs.map(<[f32]>::as_ptr), outputs, function) }
}

/// Replaces `outputs` by `function` of the inputs and of what the outputs held, in this order; `N` is `I + O`.
#[inline(always)]
pub(crate) fn update<S: Simd, const I: usize, const O: usize, const N: usize>(
    simd: S,
    inputs: [&[f32]; I],
    outputs: [&mut [f32]; O],
    function: impl Fn([S::f32s; N]) -> [S::f32s; O],
) {
    update_sums(
        simd,
        inputs,
        outputs,
        #[inline(always)]
        |x| (function(x), []),
    );
}

/// [`update`] and [`sums`] in one pass.
#[inline(always)]
pub(crate) fn update_sums<S: Simd, const I: usize, const O: usize, const N: usize, const A: usize>(
    simd: S,
    inputs: [&[f32]; I],
    outputs: [&mut [f32]; O],
    function: impl Fn([S::f32s; N]) -> ([S::f32s; O], [S::f32s; A]),
) -> [f64; A] {
    const { assert!(N == I + O) };
    let len = outputs[0].len();
    assert!(inputs.iter().all(|x| x.len() == len) && outputs.iter().all(|x| x.len() == len));
    let outputs = outputs.map(|x| x.as_mut_ptr());
    let mut all = [std::ptr::null::<f32>(); N];
    for (place, input) in all.iter_mut().zip(inputs) {
        *place = input.as_ptr();
    }
    for (place, output) in all[I..].iter_mut().zip(outputs) {
        *place = output;
    }
    // SAFETY: all slices have `len` elements, as just checked, and are borrowed until the walk ends.
    unsafe { walk(simd, len, all, outputs, function) }
}

/// # Safety
/// Every pointer is valid for `len` elements, the inputs for reading and the outputs for writing. An output may be an
/// input too; otherwise no two overlap.
#[inline(always)]
unsafe fn walk<S: Simd, const I: usize, const O: usize, const A: usize>(
    simd: S,
    len: usize,
    inputs: [*const f32; I],
    outputs: [*mut f32; O],
    function: impl Fn([S::f32s; I]) -> ([S::f32s; O], [S::f32s; A]),
) -> [f64; A] {
    let zero = simd.splat_f32s(0.0);
    let mut totals = [0.0; A];
    let whole = len - len % S::F32_LANES;
    let mut at = 0;
    if A == 0 {
        while at < whole {
            // SAFETY: the vector at `at` ends at `whole` at the latest.
            unsafe { step::<S, I, O, A>(simd, at, inputs, outputs, &function) };
            at += S::F32_LANES;
        }
    } else {
        while at < whole {
            let end = whole.min(at + BLOCK);
            let mut partial = [[zero; A]; SUMS];
            while at + SUMS * S::F32_LANES <= end {
                for (k, partial) in partial.iter_mut().enumerate() {
                    // SAFETY: the vector at `at` is one of those that end at `end` at the latest.
                    let terms = unsafe { step::<S, I, O, A>(simd, at + k * S::F32_LANES, inputs, outputs, &function) };
                    for (sum, term) in partial.iter_mut().zip(&terms) {
                        *sum = simd.add_f32s(*sum, *term);
                    }
                }
                at += SUMS * S::F32_LANES;
            }
            while at < end {
                // SAFETY: the vector at `at` ends at `end` at the latest.
                let terms = unsafe { step::<S, I, O, A>(simd, at, inputs, outputs, &function) };
                for (sum, term) in partial[0].iter_mut().zip(&terms) {
                    *sum = simd.add_f32s(*sum, *term);
                }
                at += S::F32_LANES;
            }
            for (i, total) in totals.iter_mut().enumerate() {
                let [a, b, c, d] = &partial;
                let sum = simd.add_f32s(simd.add_f32s(a[i], b[i]), simd.add_f32s(c[i], d[i]));
                *total += f64::from(simd.reduce_sum_f32s(sum));
            }
        }
    }
    if whole < len {
        let mask = simd.mask_between_m32s(0, (len - whole) as u32);
        // SAFETY: the mask enables the first `len - whole` lanes, all of them within `len` elements.
        unsafe {
            let mut x = [zero; I];
            for (vector, input) in x.iter_mut().zip(&inputs) {
                *vector = simd.mask_load_ptr_f32s(mask, input.add(whole));
            }
            let (written, terms) = function(x);
            for (place, value) in outputs.iter().zip(&written) {
                simd.mask_store_ptr_f32s(mask, place.add(whole), *value);
            }
            for (total, term) in totals.iter_mut().zip(&terms) {
                let term = simd.select_f32s(mask.mask(), *term, zero);
                *total += f64::from(simd.reduce_sum_f32s(term));
            }
        }
    }
    totals
}

/// Handles the whole vector at element `at`.
///
/// # Safety
/// As for [`walk`], and the vector lies within the elements the pointers are valid for.
#[inline(always)]
unsafe fn step<S: Simd, const I: usize, const O: usize, const A: usize>(
    simd: S,
    at: usize,
    inputs: [*const f32; I],
    outputs: [*mut f32; O],
    function: &impl Fn([S::f32s; I]) -> ([S::f32s; O], [S::f32s; A]),
) -> [S::f32s; A] {
    // Not `inputs.map`, which is not inlined when there are several.
    let mut x = [simd.splat_f32s(0.0); I];
    for (vector, input) in x.iter_mut().zip(&inputs) {
        // SAFETY: within the elements, as the caller promises.
        *vector = unsafe { input.add(at).cast::<S::f32s>().read_unaligned() };
    }
    let (written, terms) = function(x);
    for (place, value) in outputs.iter().zip(&written) {
        // SAFETY: as above.
        unsafe { place.add(at).cast::<S::f32s>().write_unaligned(*value) };
    }
    terms
}

/// Instructions chosen by a test, on its own thread, instead of the widest ones.
#[cfg(test)]
pub(crate) mod forced {
    use std::cell::Cell;

    use pulp::Arch;

    thread_local!(static FORCED: Cell<Option<Arch>> = const { Cell::new(None) });

    pub(super) fn arch() -> Option<Arch> {
        FORCED.get()
    }

    /// Calls `test` with plain instructions, and with AVX2 where there is any.
    pub(crate) fn each(test: impl Fn()) {
        FORCED.set(Some(Arch::Scalar));
        test();
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            FORCED.set(Some(Arch::V3(simd)));
            test();
        }
        FORCED.set(None);
    }
}
