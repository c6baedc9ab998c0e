//! Moving channels into space and back (pixel shuffle, Shi et al., arXiv:1609.05158).

use crate::parallel::{Shared, tasks};

/// Elements that make a task worth handing to another thread.
const TASK: usize = 1 << 15;

/// Moves channel `c * factor * factor + y * factor + x` of the coarse images to pixel `(y, x)` of every
/// `factor * factor` block of channel `c` of the fine images.
///
/// `channels` counts those of the fine images, `height` and `width` are those of the coarse ones. The gradient is
/// [`pixel_unshuffle`] of the same sizes.
///
/// # Shapes
/// - `x`, coarse: `[batch, channels * factor * factor, height, width]`
/// - `out`, fine: `[batch, channels, height * factor, width * factor]`
pub fn pixel_shuffle(
    batch: usize,
    channels: usize,
    height: usize,
    width: usize,
    factor: usize,
    x: &[f32],
    out: &mut [f32],
) {
    let (plane, fine_width) = (height * width, width * factor);
    each_block(batch * channels, plane * factor * factor, x, out, |x, out| {
        for (i, fine) in out.chunks_exact_mut(fine_width).enumerate() {
            let (row, y) = (i / factor, i % factor);
            let coarse = &x[y * factor * plane + row * width..];
            match factor {
                2 => interleave::<2>(coarse, plane, fine),
                3 => interleave::<3>(coarse, plane, fine),
                4 => interleave::<4>(coarse, plane, fine),
                _ => {
                    for column in 0..factor {
                        let coarse = &coarse[column * plane..];
                        for (fine, coarse) in fine[column..].iter_mut().step_by(factor).zip(coarse) {
                            *fine = *coarse;
                        }
                    }
                }
            }
        }
    });
}

/// Fills a row from one of each of `N` planes, taking an element of each in turn.
#[inline]
fn interleave<const N: usize>(coarse: &[f32], plane: usize, fine: &mut [f32]) {
    let fine = fine.as_chunks_mut::<N>().0;
    let rows: [_; N] = std::array::from_fn(|column| &coarse[column * plane..][..fine.len()]);
    for (i, fine) in fine.iter_mut().enumerate() {
        for (fine, row) in fine.iter_mut().zip(rows) {
            *fine = row[i];
        }
    }
}

/// Moves pixel `(y, x)` of every `factor * factor` block of channel `c` of the fine images to channel
/// `c * factor * factor + y * factor + x` of the coarse ones: the inverse of [`pixel_shuffle`] of the same sizes, and its
/// gradient.
///
/// `channels` counts those of the fine images, `height` and `width` are those of the coarse ones.
///
/// # Shapes
/// - `x`, fine: `[batch, channels, height * factor, width * factor]`
/// - `out`, coarse: `[batch, channels * factor * factor, height, width]`
pub fn pixel_unshuffle(
    batch: usize,
    channels: usize,
    height: usize,
    width: usize,
    factor: usize,
    x: &[f32],
    out: &mut [f32],
) {
    let (plane, fine_width) = (height * width, width * factor);
    each_block(batch * channels, plane * factor * factor, x, out, |x, out| {
        for (y, out) in out.chunks_exact_mut(factor * plane).enumerate() {
            for row in 0..height {
                let fine = &x[(row * factor + y) * fine_width..][..fine_width];
                match factor {
                    2 => deinterleave::<2>(fine, plane, row, out),
                    3 => deinterleave::<3>(fine, plane, row, out),
                    4 => deinterleave::<4>(fine, plane, row, out),
                    _ => {
                        for column in 0..factor {
                            let coarse = &mut out[column * plane + row * width..][..width];
                            for (coarse, fine) in coarse.iter_mut().zip(fine[column..].iter().step_by(factor)) {
                                *coarse = *fine;
                            }
                        }
                    }
                }
            }
        }
    });
}

/// Deals the elements of a row out to a row of each of `N` planes.
#[inline]
fn deinterleave<const N: usize>(fine: &[f32], plane: usize, row: usize, coarse: &mut [f32]) {
    let fine = fine.as_chunks::<N>().0;
    let mut planes = coarse.chunks_exact_mut(plane);
    let rows: [_; N] = std::array::from_fn(|_| {
        let plane = planes.next().unwrap_or_default();
        &mut plane[row * fine.len()..][..fine.len()]
    });
    for (i, fine) in fine.iter().enumerate() {
        for column in 0..N {
            rows[column][i] = fine[column];
        }
    }
}

/// Calls `work` for each of `blocks` pieces of `x` and the piece of `out` that it is moved to.
fn each_block(blocks: usize, len: usize, x: &[f32], out: &mut [f32], work: impl Fn(&[f32], &mut [f32]) + Send + Sync) {
    assert_eq!(x.len(), blocks * len, "x");
    assert_eq!(out.len(), x.len(), "out");
    if out.is_empty() {
        return;
    }
    let out = Shared::new(out);
    let each = TASK.div_ceil(len);
    tasks(blocks.div_ceil(each), x.len(), |task| {
        let range = task * each * len..x.len().min((task + 1) * each * len);
        // SAFETY: the blocks of a task are its own.
        let out = unsafe { out.slice(range.clone()) };
        for (x, out) in x[range].chunks_exact(len).zip(out.chunks_exact_mut(len)) {
            work(x, out);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random;
    use proptest::prelude::*;

    fn naive([batch, channels, height, width]: [usize; 4], factor: usize, x: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len()];
        for (i, x) in x.iter().enumerate() {
            let (column, row) = (i % width, i / width % height);
            let coarse_channel = i / width / height;
            let (place, block) = (coarse_channel % (factor * factor), coarse_channel / (factor * factor));
            assert!(block < batch * channels);
            let fine_row = row * factor + place / factor;
            out[(block * height * factor + fine_row) * width * factor + column * factor + place % factor] = *x;
        }
        out
    }

    proptest! {
        #[test]
        fn every_channel_becomes_its_pixel_and_goes_back(
            batch in 0usize..3, channels in 0usize..4, height in 0usize..6, width in 0usize..21, factor in 1usize..5,
        ) {
            let x = random(batch * channels * height * width * factor * factor, 1);
            let (mut fine, mut back) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
            pixel_shuffle(batch, channels, height, width, factor, &x, &mut fine);
            assert_eq!(fine, naive([batch, channels, height, width], factor, &x));
            pixel_unshuffle(batch, channels, height, width, factor, &fine, &mut back);
            assert_eq!(back, x);
        }
    }

    #[test]
    fn what_is_not_finite_and_what_several_threads_move_arrives() {
        let mut x = random(64 * 4 * 32 * 32, 1);
        (x[5], x[6]) = (f32::NAN, f32::INFINITY);
        let expected = naive([4, 16, 32, 32], 2, &x);
        for threads in [1, 2] {
            let mut out = vec![0.0; x.len()];
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| pixel_shuffle(4, 16, 32, 32, 2, &x, &mut out));
            assert!(
                out.iter()
                    .zip(&expected)
                    .all(|(out, expected)| out.to_bits() == expected.to_bits())
            );
        }
    }
}
