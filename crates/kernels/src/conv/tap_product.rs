//! The innermost loop of the gradient of the weights.

use pulp::Simd;

use super::patches::Patches;
use super::tile::Tile;
use crate::gemm::rows;

/// A few rows of the gradient times the columns of a panel, summed over the pixels of a tile.
pub(super) struct Product<'a> {
    pub(super) tile: &'a Tile,
    pub(super) patches: &'a Patches<'a>,
    pub(super) places: &'a [usize],
    pub(super) panel: &'a [f32],
    pub(super) accumulate: bool,
}

impl Product<'_> {
    #[inline(always)]
    pub(super) fn run<S: Simd, const VECTORS: usize>(&self, simd: S, sums: &mut [f32], stride: usize) {
        match (self.places.len(), rows::<S>()) {
            (5.., 8) => self.kernel::<S, 8, VECTORS>(simd, sums, stride),
            (3.., _) => self.kernel::<S, 4, VECTORS>(simd, sums, stride),
            _ => self.kernel::<S, 2, VECTORS>(simd, sums, stride),
        }
    }

    /// `ROWS` is at least the number of places.
    #[inline(always)]
    fn kernel<S: Simd, const ROWS: usize, const VECTORS: usize>(&self, simd: S, sums: &mut [f32], stride: usize) {
        let lanes = S::F32_LANES;
        assert!(
            self.panel.len() >= self.tile.pixels.len() * VECTORS * lanes,
            "turned gradient of the tile"
        );
        assert!(
            self.places.len() <= ROWS && !self.places.is_empty(),
            "rows of the product"
        );
        assert!(
            sums.len() >= (self.places.len() - 1) * stride + VECTORS * lanes,
            "room for the sums"
        );
        let values = self.patches.values.as_ptr();
        // Rows too many repeat the last one and are dropped.
        let mut rows = [values; ROWS];
        for (r, row) in rows.iter_mut().enumerate() {
            // SAFETY: places are inside the values, see `Patches`.
            *row = unsafe { values.add(self.places[r.min(self.places.len() - 1)]) };
        }
        let mut totals = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let mut panel = self.panel.as_ptr();
        for (&first, segment) in self.patches.firsts.iter().zip(&self.tile.segments) {
            for i in first..first + segment.len {
                // SAFETY: `i` plus a place is before the end of the patches, which the caller has compared with the
                // length of the values; the segments have as many pixels together as the panel.
                unsafe {
                    let mut columns = [simd.splat_f32s(0.0); VECTORS];
                    for (v, column) in columns.iter_mut().enumerate() {
                        *column = *panel.add(v * lanes).cast::<S::f32s>();
                    }
                    for (totals, row) in totals.iter_mut().zip(&rows) {
                        let factor = simd.splat_f32s(*row.add(i));
                        for (total, &column) in totals.iter_mut().zip(&columns) {
                            *total = simd.mul_add_e_f32s(factor, column, *total);
                        }
                    }
                    panel = panel.add(VECTORS * lanes);
                }
            }
        }
        for (r, totals) in totals.iter().enumerate().take(self.places.len()) {
            let (sums, _) = S::as_mut_simd_f32s(&mut sums[r * stride..][..VECTORS * lanes]);
            for (sum, &total) in sums.iter_mut().zip(totals) {
                *sum = if self.accumulate {
                    simd.add_f32s(*sum, total)
                } else {
                    total
                };
            }
        }
    }
}
