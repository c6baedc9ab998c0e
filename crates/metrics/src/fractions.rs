//! The fractions skill score, in a time that does not depend on the size of the neighborhood.

use crate::ScoreOptions;
use crate::definitions::Definition;
use crate::planes::Planes;
use crate::sums::Sums;

/// Sums of the fractions skill score of one threshold and scale.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Fractions {
    /// Of the squared differences of the fractions.
    difference: f64,
    /// Of the squared fractions of the forecast and of the truth.
    squares: f64,
}

impl Fractions {
    pub(crate) fn add(&mut self, other: &Self) {
        self.difference += other.difference;
        self.squares += other.squares;
    }
}

/// Summed-area tables (Crow 1984) of the events of two frames of one channel: four look-ups count those of any rectangle.
#[derive(Debug, Clone)]
pub(crate) struct Neighborhoods {
    /// `[height + 1, width + 1]`: the events above and to the left of a corner.
    forecast: Vec<u32>,
    truth: Vec<u32>,
    height: usize,
    width: usize,
}

impl Neighborhoods {
    pub(crate) fn new(height: usize, width: usize) -> Self {
        let table = vec![0; (height + 1) * (width + 1)];
        Self {
            forecast: table.clone(),
            truth: table,
            height,
            width,
        }
    }

    /// Finds the events of a frame.
    pub(crate) fn set(&mut self, planes: &Planes, threshold: f64) {
        fill(&mut self.forecast, &planes.forecast, planes, threshold);
        fill(&mut self.truth, &planes.truth, planes, threshold);
    }

    /// Compares the fractions of events in the squares of side `scale` around every pixel; what lies outside of the frame
    /// is no event, and neither is what is missing. Around missing pixels nothing is compared.
    pub(crate) fn fractions(&self, scale: usize, present: &[bool]) -> Fractions {
        let half = scale / 2;
        let (mut difference, mut squares) = (0.0, 0.0);
        for row in 0..self.height {
            let (top, bottom) = (row.saturating_sub(half), (row + half + 1).min(self.height));
            let (forecast, truth) = (
                self.edges(&self.forecast, top, bottom),
                self.edges(&self.truth, top, bottom),
            );
            for (column, present) in present[row * self.width..][..self.width].iter().enumerate() {
                if !present {
                    continue;
                }
                let (left, right) = (column.saturating_sub(half), (column + half + 1).min(self.width));
                // Tables may wrap, differences of their entries do not.
                let count = |(above, below): (&[u32], &[u32])| {
                    let below = below[right].wrapping_sub(below[left]);
                    f64::from(below.wrapping_sub(above[right].wrapping_sub(above[left])))
                };
                let (forecast, truth) = (count(forecast), count(truth));
                difference += (forecast - truth) * (forecast - truth);
                squares += forecast * forecast + truth * truth;
            }
        }
        let pixels = (scale as f64).powi(2);
        Fractions {
            difference: difference / (pixels * pixels),
            squares: squares / (pixels * pixels),
        }
    }

    fn edges<'a>(&self, table: &'a [u32], top: usize, bottom: usize) -> (&'a [u32], &'a [u32]) {
        let stride = self.width + 1;
        (&table[top * stride..][..stride], &table[bottom * stride..][..stride])
    }
}

fn fill(table: &mut [u32], values: &[f64], planes: &Planes, threshold: f64) {
    let (width, stride) = (planes.width, planes.width + 1);
    let rows = values.chunks_exact(width).zip(planes.present.chunks_exact(width));
    for (row, (values, present)) in rows.enumerate() {
        let (above, below) = table[row * stride..].split_at_mut(stride);
        let mut events = 0u32;
        let values = values.iter().zip(present);
        for (((value, present), above), below) in values.zip(&above[1..]).zip(&mut below[1..]) {
            events += u32::from(present & (*value >= threshold));
            *below = above.wrapping_add(events);
        }
    }
}

/// The score of every threshold and scale.
pub(crate) fn definitions(options: &ScoreOptions) -> Vec<Definition> {
    let mut all = Vec::new();
    for (at, threshold) in options.thresholds.iter().enumerate() {
        for (of, scale) in options.fss_scales.iter().enumerate() {
            let index = at * options.fss_scales.len() + of;
            all.push(Definition {
                name: format!("fss_{threshold}_{scale}px"),
                sentence: format!(
                    "Fractions skill score of Roberts and Lean 2008, 1 - sum of (F - O)^2 / sum of (F^2 + O^2), with F and O \
                     the fractions of denormalized values of {threshold} or more in the {scale}x{scale} pixels around every \
                     pixel (what lies outside of the frame or is missing is no event); sums over channels, pixels and clips, and in the \
                     total over lead times, before dividing; nan where there is no event at all."
                ),
                higher_is_better: true,
                perfect: Some(1.0),
                two_sided: false,
                value: Box::new(move |sums| score(sums, index)),
            });
        }
    }
    all
}

fn score(sums: &[Sums], index: usize) -> f64 {
    let mut pooled = Fractions::default();
    sums.iter().for_each(|sums| pooled.add(&sums.fractions[index]));
    // 1 - 0 / 0 is undefined, which is what it should be.
    1.0 - pooled.difference / pooled.squares
}
