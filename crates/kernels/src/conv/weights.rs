//! The left operand of a convolution, packed once per call.

use pulp::{Simd, WithSimd};

use super::gather::channels_at_once;
use crate::gemm::{Matrix, pack_rows, packed_rows_len, part, rows};
use crate::parallel::{Shared, tasks};

/// Where the weights of a gather are: from `first`, `steps` apart along groups, rows, channels, taps down and taps
/// across. Taps may run backwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernels {
    pub(super) first: usize,
    pub(super) steps: [isize; 5],
    pub(super) taps: [usize; 2],
}

/// Rows of weights that a task packs.
const TASK: usize = 64;

impl Kernels {
    /// Packs for each group, for each range of channels, panels of rows.
    pub(super) fn pack<S: Simd>(
        &self,
        simd: S,
        weights: &[f32],
        [groups, rows, channels]: [usize; 3],
        packed: &mut [f32],
    ) {
        let [down, across] = self.taps;
        let [_, _, _, step_down, step_across] = self.steps;
        let taps = (0..down * across)
            .map(|tap| (tap / across) as isize * step_down + (tap % across) as isize * step_across)
            .collect::<Vec<_>>();
        let (tall, blocks) = (packed_rows_len::<S>(rows, 1), rows.div_ceil(TASK));
        let at_once = channels_at_once(channels, taps.len());
        let shared = Shared::new(packed);
        tasks(groups * blocks, groups * rows * channels * taps.len(), |task| {
            let (group, part_rows) = (task / blocks, part(rows, task % blocks, TASK));
            for channels_part in (0..channels.div_ceil(at_once)).map(|i| part(channels, i, at_once)) {
                let depth = channels_part.len() * taps.len();
                let start = tall * (group * channels + channels_part.start) * taps.len() + part_rows.start * depth;
                // SAFETY: no other task has this group and these rows, whose panels are theirs alone.
                let packed = unsafe { shared.slice(start..start + packed_rows_len::<S>(part_rows.len(), depth)) };
                simd.vectorize(Panels {
                    kernels: self,
                    weights,
                    taps: &taps,
                    group,
                    rows: part_rows.clone(),
                    channels: channels_part,
                    packed,
                });
            }
        });
    }
}

struct Panels<'a> {
    kernels: &'a Kernels,
    weights: &'a [f32],
    taps: &'a [isize],
    group: usize,
    rows: std::ops::Range<usize>,
    channels: std::ops::Range<usize>,
    packed: &'a mut [f32],
}

impl WithSimd for Panels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [group_step, row_step, channel_step, ..] = self.kernels.steps;
        let height = rows::<S>();
        let first = self.kernels.first as isize + self.group as isize * group_step;
        if let [tap] = self.taps {
            // A plain matrix, which can be turned many elements at a time.
            let start = first + tap + self.rows.start as isize * row_step + self.channels.start as isize * channel_step;
            let matrix = Matrix {
                values: &self.weights[start as usize..],
                steps: [row_step as usize, channel_step as usize],
            };
            return pack_rows(simd, [self.rows.len(), self.channels.len()], matrix, self.packed);
        }
        let panels = self
            .packed
            .chunks_exact_mut((height * self.channels.len() * self.taps.len()).max(1));
        for (row, panel) in self.rows.clone().step_by(height).zip(panels) {
            let full = self.rows.end - row >= height;
            let mut steps = panel.chunks_exact_mut(height);
            for channel in self.channels.clone() {
                let place = first + row as isize * row_step + channel as isize * channel_step;
                for (&tap, step) in self.taps.iter().zip(&mut steps) {
                    for (r, x) in step.iter_mut().enumerate() {
                        *x = if full || row + r < self.rows.end {
                            self.weights[(place + tap + r as isize * row_step) as usize]
                        } else {
                            0.0
                        };
                    }
                }
            }
        }
    }
}
