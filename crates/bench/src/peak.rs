//! The machine's peak rates, measured.

use std::hint::black_box;
use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use serde::Serialize;

use crate::case::Roofline;
use crate::operation::wait;

/// The most that a machine was seen to do.
#[derive(Serialize, Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Additions and multiplications per second.
    pub operations: f64,
    /// Bytes read and written per second.
    pub bytes: f64,
}

impl Peak {
    /// Measures `device`: processors by multiply-adds in registers and by copying on all threads, others by a large matrix
    /// product and a large copy.
    ///
    /// # Errors
    /// The device's answer.
    pub fn measure(device: &Device) -> Result<Self, String> {
        match is_processor(device) {
            true => Ok(Self {
                operations: multiply_adds()?,
                bytes: copied()?,
            }),
            false => Ok(Self {
                operations: product(device)?,
                bytes: sum(device)?,
            }),
        }
    }

    /// The seconds that cannot be saved.
    pub fn roofline(&self, roofline: &Roofline) -> f64 {
        (roofline.operations as f64 / self.operations).max(roofline.bytes as f64 / self.bytes)
    }
}

/// Whether tensors lie in this process's own memory.
pub(crate) fn is_processor(device: &Device) -> bool {
    // All other backends report what their allocator holds.
    device.memory_pool_usage().is_none()
}

/// The most work per second of several tries; each says how much it has done.
fn best_rate(tries: usize, mut attempt: impl FnMut() -> Result<f64, String>) -> Result<f64, String> {
    let mut best: f64 = 0.0;
    for _ in 0..tries {
        let start = Instant::now();
        let work = attempt()?;
        best = best.max(work / start.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Sums that do not wait for each other: more than the latency of a multiply-add times the number issued per cycle, and
/// few enough for 16 registers.
const CHAINS: usize = 12;
const LENGTH: usize = 4_000_000;

struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = usize;

    /// Returns how many additions and multiplications were done.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let factor = simd.splat_f32s(black_box(0.999_9));
        let term = simd.splat_f32s(black_box(1e-4));
        let mut sums = [term; CHAINS];
        for _ in 0..LENGTH {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, factor, term);
            }
        }
        for sum in sums {
            black_box(simd.reduce_sum_f32s(sum));
        }
        2 * CHAINS * LENGTH * (size_of::<S::f32s>() / size_of::<f32>())
    }
}

fn multiply_adds() -> Result<f64, String> {
    let arch = Arch::new();
    best_rate(20, || {
        Ok(rayon::broadcast(|_| arch.dispatch(MultiplyAdds))
            .into_iter()
            .sum::<usize>() as f64)
    })
}

fn copied() -> Result<f64, String> {
    // Much more than a cache holds.
    const LEN: usize = 1 << 25;
    const CHUNK: usize = 1 << 16;
    let from = vec![1.0_f32; LEN];
    let mut to = vec![0.0_f32; LEN];
    best_rate(20, || {
        to.par_chunks_mut(CHUNK)
            .zip(from.par_chunks(CHUNK))
            .for_each(|(to, from)| to.copy_from_slice(from));
        black_box(&mut to);
        Ok((2 * size_of::<f32>() * LEN) as f64)
    })
}

fn product(device: &Device) -> Result<f64, String> {
    const SIDE: usize = 8192;
    let random = || Tensor::<2>::random([SIDE, SIDE], Distribution::Normal(0.0, 1.0), device);
    let (left, right) = (random(), random());
    best_rate(10, || {
        let product = left.clone().matmul(right.clone());
        wait(device)?;
        drop(product);
        Ok(2.0 * (SIDE as f64).powi(3))
    })
}

fn sum(device: &Device) -> Result<f64, String> {
    const LEN: usize = 1 << 28;
    let values = Tensor::<1>::ones([LEN], device);
    best_rate(10, || {
        let sum = values.clone() + 1.0;
        wait(device)?;
        drop(sum);
        Ok((2 * values.dtype().size() * LEN) as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_of_computing_and_moving_is_the_floor() {
        let peak = Peak {
            operations: 100.0,
            bytes: 10.0,
        };
        let roofline = |operations, bytes| peak.roofline(&Roofline { operations, bytes });
        assert_eq!((roofline(200, 10), roofline(100, 40)), (2.0, 4.0));
    }
}
