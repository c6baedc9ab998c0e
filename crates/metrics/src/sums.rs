use crate::ScoreOptions;
use crate::events::{Events, attainable, thresholds};
use crate::fractions::{Fractions, Neighborhoods};
use crate::ssim::Planes;

/// Sums over the frames of one lead time.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    /// Squared error, per channel.
    pub(crate) squared: Vec<f64>,
    /// Absolute error, per channel.
    pub(crate) absolute: Vec<f64>,
    pub(crate) ssim: f64,
    pub(crate) psnr: f64,
    pub(crate) openstl_ssim: f64,
    pub(crate) openstl_psnr: f64,
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
            ssim: 0.0,
            psnr: 0.0,
            openstl_ssim: 0.0,
            openstl_psnr: 0.0,
            events: vec![Events::default(); thresholds],
            fractions: vec![Fractions::default(); fractions],
            weighted: zeros.clone(),
            anomaly: zeros,
        }
    }

    /// Counts the events of a frame of one channel, whose normalisation has the mean given.
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
            self.events[index].count(&planes.forecast, &planes.truth, threshold);
            // OpenSTL's thresholds come last and have no fractions.
            if index < options.thresholds.len() && !scales.is_empty() {
                neighborhoods.set(&planes.forecast, &planes.truth, threshold);
                let sums = &mut self.fractions[index * scales.len()..];
                for (sum, scale) in sums.iter_mut().zip(scales) {
                    sum.add(&neighborhoods.fractions(*scale));
                }
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        add_each(&mut self.squared, &other.squared);
        add_each(&mut self.absolute, &other.absolute);
        self.ssim += other.ssim;
        self.psnr += other.psnr;
        self.openstl_ssim += other.openstl_ssim;
        self.openstl_psnr += other.openstl_psnr;
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
