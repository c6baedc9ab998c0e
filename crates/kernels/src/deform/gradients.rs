//! Gradients of a deformable convolution.

use pulp::{Arch, Simd, WithSimd};

use super::chunk::{Chunk, channels_last};
use super::image::{ChunkScratch, ChunkWork, ImageWork};
use super::{DeformConv2d, Inputs, SLACK};
use crate::gemm::{Matrix, Scratch, pack_columns, packed_columns_len};
use crate::parallel::{Shared, range, tasks};

/// Most parts of a batch whose gradients of the weights are added up apart, so that they can be added up at once.
const PARTS: usize = 8;

/// The gradients that are wanted, each of the shape of what it is the gradient of.
#[derive(Default)]
pub struct Gradients<'a> {
    /// Of the input.
    pub dx: Option<&'a mut [f32]>,
    /// Of the offsets.
    pub doffset: Option<&'a mut [f32]>,
    /// Of the mask.
    pub dmask: Option<&'a mut [f32]>,
    /// Of the weights.
    pub dw: Option<&'a mut [f32]>,
}

/// Gradients, given that of the output.
///
/// Between two pixels an offset's derivative is that of linear interpolation; at a pixel it is that of the side below or
/// to the right, and a place exactly one pixel outside still has the derivative of the inner side, as in PyTorch.
///
/// # Shapes
/// - `x`: `[batch, in_channels, height, width]`
/// - `offset`: `[batch, 2 * offset_groups * taps, out_height, out_width]`, in pixels, down and right alternating tap by tap
/// - `mask`: `[batch, offset_groups * taps, out_height, out_width]`
/// - `w`: `[out_channels, in_channels / groups, kernel_height, kernel_width]`
/// - `grad`: `[batch, out_channels, out_height, out_width]`
pub fn gradients(
    shape: &DeformConv2d,
    x: &[f32],
    offset: &[f32],
    mask: Option<&[f32]>,
    w: &[f32],
    grad: &[f32],
    wanted: Gradients,
) {
    let inputs = Inputs { x, offset, mask };
    shape.check(&inputs, w);
    assert_eq!(
        grad.len(),
        shape.batch * shape.out_channels * shape.out_pixels(),
        "grad"
    );
    let Gradients { dx, doffset, dmask, dw } = wanted;
    let has = |gradient: &Option<&mut [f32]>, len| gradient.as_ref().is_none_or(|gradient| gradient.len() == len);
    assert!(has(&dx, x.len()), "dx");
    assert!(has(&doffset, offset.len()), "doffset");
    assert!(has(&dmask, offset.len() / 2), "dmask");
    assert!(has(&dw, w.len()), "dw");
    if x.is_empty() || grad.is_empty() {
        for gradient in [dx, doffset, dmask, dw].into_iter().flatten() {
            gradient.fill(0.0);
        }
        return;
    }
    let wanted = Gradients { dx, doffset, dmask, dw };
    Arch::new().dispatch(Backward {
        shape,
        inputs,
        w,
        grad,
        wanted,
    });
}

pub(super) struct Backward<'a> {
    pub(super) shape: &'a DeformConv2d,
    pub(super) inputs: Inputs<'a>,
    pub(super) w: &'a [f32],
    pub(super) grad: &'a [f32],
    pub(super) wanted: Gradients<'a>,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            shape,
            inputs,
            w,
            grad,
            wanted,
        } = self;
        let Gradients { dx, doffset, dmask, dw } = wanted;
        let chunks = Chunk::all(shape);
        let (group_out, taps) = (shape.group_out(), shape.taps());
        let packed = |chunk: &Chunk| packed_columns_len::<S>(taps * chunk.len, group_out);
        let packed_len: usize = chunks.iter().map(packed).sum();
        let moved = doffset.is_some() || dmask.is_some();
        let moves_len = if moved {
            shape.batch * chunks.len() * 3 * taps * shape.out_pixels()
        } else {
            0
        };
        // With as many input channels as `w` has: each is in one chunk, and the chunks of a group share its outputs.
        let parts = shape.batch.min(PARTS);
        let sums_len = if dw.is_some() { parts * shape.weights() } else { 0 };
        let lens = [inputs.x.len() + SLACK, packed_len, moves_len, sums_len];
        let mut scratch = Scratch::new(lens.iter().sum());
        let mut rest: &mut [f32] = &mut scratch;
        let [last, packed, moves, sums] = lens.map(|len| rest.split_off_mut(..len).unwrap_or_default());
        channels_last(shape, &chunks, inputs.x, last);
        let mut packed_rest = packed;
        let weights: Vec<&[f32]> = chunks
            .iter()
            .map(|chunk| {
                let k = taps * chunk.len;
                let own = packed_rest
                    .split_off_mut(..packed_columns_len::<S>(k, group_out))
                    .unwrap_or_default();
                pack_columns(
                    simd,
                    [group_out, k],
                    Matrix::row_major(&chunk.weights(shape, w), k),
                    own,
                );
                &*own
            })
            .collect();
        let (shared_moves, shared_sums) = (Shared::new(moves), Shared::new(sums));
        let shared_dx = dx.map(Shared::new);
        let with_dw = dw.is_some();
        tasks(parts * chunks.len(), inputs.x.len() * taps, |task| {
            let (part, index) = (task / chunks.len(), task % chunks.len());
            let chunk = &chunks[index];
            let first = part * shape.weights() + chunk.first * group_out * taps;
            // SAFETY: no other task has this chunk of this part.
            let sums = with_dw.then(|| unsafe { shared_sums.slice(first..first + group_out * taps * chunk.len) });
            let mut work = ChunkWork {
                shape,
                inputs: Inputs { x: last, ..inputs },
                grad,
                chunk,
                weights: weights[index],
                sums,
            };
            if let Some(sums) = &mut work.sums {
                sums.fill(0.0);
            }
            for image in range(shape.batch, part, parts) {
                let moves = 3 * taps * shape.out_pixels();
                let moves = (image * chunks.len() + index) * moves..(image * chunks.len() + index + 1) * moves;
                let start = chunk.start(shape, image);
                // SAFETY (both): no other task has this chunk of this image.
                let moves = moved.then(|| unsafe { shared_moves.slice(moves) });
                let dx = shared_dx.map(|dx| unsafe { dx.slice(start..start + chunk.len * shape.in_pixels()) });
                let mut scratch = Scratch::new(ChunkScratch::len::<S>(shape, chunk));
                let chunk_scratch = ChunkScratch::new::<S>(shape, chunk, &mut scratch);
                simd.vectorize(ImageWork {
                    work: &mut work,
                    image,
                    moves,
                    dx,
                    chunk_scratch,
                });
            }
        });
        if let Some(dw) = dw {
            add_parts(shape, &chunks, sums, dw);
        }
        if moved {
            add_moves(shape, &chunks, moves, doffset, dmask);
        }
    }
}

/// Adds up the gradients of the weights, kept chunk by chunk, over the parts of the batch.
fn add_parts(shape: &DeformConv2d, chunks: &[Chunk], sums: &[f32], dw: &mut [f32]) {
    let (group_out, taps, channels) = (shape.group_out(), shape.taps(), shape.in_channels / shape.groups);
    for chunk in chunks {
        let kept: Vec<&[f32]> = sums
            .chunks_exact(shape.weights())
            .map(|part| &part[chunk.first * group_out * taps..][..group_out * taps * chunk.len])
            .collect();
        for out in 0..group_out {
            let row = (chunk.group * group_out + out) * channels + chunk.first % channels;
            for (channel, dw) in dw[row * taps..][..chunk.len * taps].chunks_exact_mut(taps).enumerate() {
                for (tap, dw) in dw.iter_mut().enumerate() {
                    *dw = kept
                        .iter()
                        .map(|part| part[(out * taps + tap) * chunk.len + channel])
                        .sum();
                }
            }
        }
    }
}

/// Adds up the derivatives by places and masks over the chunks of each offset group.
fn add_moves<'a>(
    shape: &DeformConv2d,
    chunks: &[Chunk],
    moves: &[f32],
    mut doffset: Option<&'a mut [f32]>,
    mut dmask: Option<&'a mut [f32]>,
) {
    let (taps, pixels) = (shape.taps(), shape.out_pixels());
    let one = 3 * taps * pixels;
    for (image, moves) in moves.chunks_exact(chunks.len() * one).enumerate() {
        for group in 0..shape.offset_groups {
            let own = chunks
                .iter()
                .zip(moves.chunks_exact(one))
                .filter(|(chunk, _)| chunk.offset_group == group);
            for (i, (_, moves)) in own.enumerate() {
                for (tap, moves) in moves.chunks_exact(3 * pixels).enumerate() {
                    let place = (image * shape.offset_groups + group) * taps + tap;
                    let (offset, mask) = moves.split_at(2 * pixels);
                    let targets = [(&mut doffset, offset), (&mut dmask, mask)];
                    for (target, from) in targets {
                        let Some(target) = target else { continue };
                        let target = &mut target[place * from.len()..][..from.len()];
                        if i == 0 {
                            target.copy_from_slice(from);
                        } else {
                            target.iter_mut().zip(from).for_each(|(target, from)| *target += from);
                        }
                    }
                }
            }
        }
    }
}
