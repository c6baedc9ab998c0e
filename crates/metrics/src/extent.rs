//! The range of the ground truth, which some scores need.

use crate::planes::Planes;

/// The least and the greatest value so far, in physical units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    least: f64,
    greatest: f64,
}

impl Default for Extent {
    fn default() -> Self {
        Self {
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
        }
    }
}

impl Extent {
    /// Looks at the truth of one channel of a frame.
    pub(crate) fn add(&mut self, planes: &Planes) {
        let values = planes.truth.iter().zip(&planes.present);
        for (&value, _) in values.filter(|(_, present)| **present) {
            self.least = self.least.min(value);
            self.greatest = self.greatest.max(value);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    /// The warning for scores that are defined for values of range `data_range` and got others.
    pub(crate) fn note(&self, data_range: f64) -> Option<String> {
        let found = self.greatest - self.least;
        // Data that just fit may have gone through a normalization in 32 bits.
        (found > data_range * 1.001).then(|| {
            format!(
                "psnr and ssim are made for values with a range of {data_range}, and the truth reaches from {:.4} to {:.4}: say \
                 what is usual in these data, e.g. eval.scores.data_range={:.3}; openstl_psnr and openstl_ssim are made for \
                 0 to 1 alone",
                self.least, self.greatest, found
            )
        })
    }
}
