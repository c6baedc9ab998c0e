use crate::ScoreOptions;
use crate::events::{Events, attainable, thresholds};
use crate::fractions::{Fractions, Neighborhoods};
use crate::planes::Planes;

/// A sum and of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Mean {
    pub(crate) sum: f64,
    pub(crate) count: f64,
}

impl Mean {
    /// Adds one more value, if there is one.
    pub(crate) fn push(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1.0;
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    /// `None` of nothing.
    pub(crate) fn value(self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

/// Sums over the frames of one lead time. What is missing in the truth is in none of them.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    /// Squared error, per channel.
    pub(crate) squared: Vec<f64>,
    /// Absolute error, per channel.
    pub(crate) absolute: Vec<f64>,
    /// Cells with a truth, per channel.
    pub(crate) cells: Vec<f64>,
    /// Frames with a truth in one cell or more, per channel.
    pub(crate) frames: Vec<f64>,
    pub(crate) ssim: Mean,
    pub(crate) psnr: Mean,
    pub(crate) openstl_ssim: Mean,
    pub(crate) openstl_psnr: Mean,
    /// Per threshold of [`events::thresholds`](crate::events::thresholds).
    pub(crate) events: Vec<Events>,
    /// Per threshold and scale, the scale fastest.
    pub(crate) fractions: Vec<Fractions>,
    /// Weighted mean of a frame's squared error, per channel.
    pub(crate) weighted: Vec<f64>,
    /// Anomaly correlation of a frame, per channel.
    pub(crate) anomaly: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(channels: usize, thresholds: usize, fractions: usize) -> Self {
        let zeros = vec![0.0; channels];
        Self {
            squared: zeros.clone(),
            absolute: zeros.clone(),
            cells: zeros.clone(),
            frames: zeros.clone(),
            ssim: Mean::default(),
            psnr: Mean::default(),
            openstl_ssim: Mean::default(),
            openstl_psnr: Mean::default(),
            events: vec![Events::default(); thresholds],
            fractions: vec![Fractions::default(); fractions],
            weighted: zeros.clone(),
            anomaly: zeros,
        }
    }

    /// Counts the events of a frame of one channel, whose normalization has the mean given.
    pub(crate) fn add_events(
        &mut self,
        planes: &Planes,
        options: &ScoreOptions,
        mean: f64,
        neighborhoods: &mut Neighborhoods,
    ) {
        let scales = &options.fss_scales;
        for (index, threshold) in thresholds(options).enumerate() {
            let threshold = attainable(threshold, mean);
            self.events[index].count(planes, threshold);
            // OpenSTL's thresholds come last and have no fractions.
            if index < options.thresholds.len() && !scales.is_empty() {
                neighborhoods.set(planes, threshold);
                let sums = &mut self.fractions[index * scales.len()..];
                for (sum, scale) in sums.iter_mut().zip(scales) {
                    sum.add(&neighborhoods.fractions(*scale, &planes.present));
                }
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        add_each(&mut self.squared, &other.squared);
        add_each(&mut self.absolute, &other.absolute);
        add_each(&mut self.cells, &other.cells);
        add_each(&mut self.frames, &other.frames);
        self.ssim.add(other.ssim);
        self.psnr.add(other.psnr);
        self.openstl_ssim.add(other.openstl_ssim);
        self.openstl_psnr.add(other.openstl_psnr);
        (self.events.iter_mut().zip(&other.events)).for_each(|(own, other)| own.add(other));
        (self.fractions.iter_mut().zip(&other.fractions)).for_each(|(own, other)| own.add(other));
        add_each(&mut self.weighted, &other.weighted);
        add_each(&mut self.anomaly, &other.anomaly);
    }
}

pub(crate) fn add_each(sums: &mut [f64], others: &[f64]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += other;
    }
}
