use crate::bad::Bad;
use crate::definitions::Definition;
use crate::events::thresholds;
use crate::fractions::Neighborhoods;
use crate::ssim::{Planes, Ssim};
use crate::sums::{Sums, add_each};
use crate::weather::{anomaly_correlation, weighted_squared_error};
use crate::{Metric, ScoreError, ScoreOptions, ScoreSpec, Summary};

/// Running sums from which every metric of a set of clips follows.
///
/// The memory is that of a few frames, however many clips are added. Parts of a set may be scored apart and merged.
#[derive(Debug, Clone)]
pub struct Scores {
    spec: ScoreSpec,
    options: ScoreOptions,
    clips: usize,
    lead_times: Vec<Sums>,
    /// Sum over clips and lead times of the absolute error, `[C, H, W]`.
    error_map: Vec<f64>,
    bad_forecast: Bad,
    bad_truth: Bad,
    planes: Planes,
    clipped: Planes,
    windows: Windows,
    neighborhoods: Neighborhoods,
    row_weights: Vec<f64>,
    /// What is normal, in physical units, `[C, H, W]`.
    climatology: Option<Vec<f64>>,
}

/// The windows that fit into a frame.
#[derive(Debug, Clone)]
struct Windows {
    uniform: Option<Ssim>,
    gaussian: Option<Ssim>,
}

/// scikit-image's range of floating-point images, -1 to 1, which OpenSTL's SSIM embeds although its values lie in 0 to 1.
const OPENSTL_DATA_RANGE: f64 = 2.0;

impl Scores {
    /// Scores with the default options: data range 1, no spatial norm, one variable.
    ///
    /// # Errors
    /// [`ScoreError::Spec`] for sizes of zero or a normalisation that does not fit the channels.
    pub fn new(spec: ScoreSpec) -> Result<Self, ScoreError> {
        Self::with_options(spec, ScoreOptions::default())
    }

    /// Scores with stated options.
    ///
    /// # Errors
    /// [`ScoreError::Spec`] for sizes of zero or a normalisation that does not fit the channels, [`ScoreError::Option`] for
    /// impossible options.
    pub fn with_options(spec: ScoreSpec, options: ScoreOptions) -> Result<Self, ScoreError> {
        spec.check(&options)?;
        let fits = |window: Ssim| (window.side() <= spec.height.min(spec.width)).then_some(window);
        let windows = Windows {
            uniform: fits(Ssim::uniform(OPENSTL_DATA_RANGE)),
            gaussian: fits(Ssim::gaussian(options.data_range)),
        };
        let planes = Planes::new(spec.height, spec.width);
        let fractions = options.thresholds.len() * options.fss_scales.len();
        Ok(Self {
            clips: 0,
            lead_times: vec![Sums::new(spec.channels, thresholds(&options).count(), fractions); spec.lead_times],
            error_map: vec![0.0; spec.channels * spec.pixels()],
            bad_forecast: Bad::default(),
            bad_truth: Bad::default(),
            clipped: planes.clone(),
            planes,
            windows,
            neighborhoods: Neighborhoods::new(spec.height, spec.width),
            row_weights: options.row_weights(spec.height),
            climatology: None,
            options,
            spec,
        })
    }

    /// Adds the anomaly correlation to the scores; no clip may have been added yet.
    ///
    /// `climatology` is what is normal at every pixel, normalised like the clips: `[channel, height, width]`.
    ///
    /// # Errors
    /// [`ScoreError::Size`] when it has another size, [`ScoreError::Spec`] when it is not finite.
    pub fn with_climatology(mut self, climatology: &[f32]) -> Result<Self, ScoreError> {
        let pixels = self.spec.pixels();
        if climatology.len() != self.spec.channels * pixels {
            return Err(ScoreError::Size {
                what: "climatology",
                found: climatology.len(),
                expected: self.spec.channels * pixels,
            });
        }
        if climatology.iter().any(|value| !value.is_finite()) {
            return Err(ScoreError::Spec("the climatology holds NaN or infinite values".into()));
        }
        let physical = climatology.iter().enumerate().map(|(index, value)| {
            let (mean, std) = self.spec.scale(index / pixels);
            f64::from(*value) * std + mean
        });
        self.climatology = Some(physical.collect());
        Ok(self)
    }

    /// Adds one clip: normalised values, `[lead time, channel, height, width]`.
    ///
    /// # Errors
    /// [`ScoreError::Size`] when the clip has another size. Values that are not finite are reported by
    /// [`Scores::summary`], with their number.
    pub fn add(&mut self, forecast: &[f32], truth: &[f32]) -> Result<(), ScoreError> {
        let expected = self.spec.values();
        for (what, values) in [("forecast", forecast), ("truth", truth)] {
            if values.len() != expected {
                return Err(ScoreError::Size {
                    what,
                    found: values.len(),
                    expected,
                });
            }
        }
        let frame = self.spec.channels * self.spec.pixels();
        let frames = forecast.chunks_exact(frame).zip(truth.chunks_exact(frame)).enumerate();
        let (mut bad_forecast, mut bad_truth) = (None, None);
        for (lead_time, (forecast, truth)) in frames {
            let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
            let here = (self.clips, lead_time + 1);
            if !finite(truth) {
                bad_truth = bad_truth.or(Some(here));
            } else if !finite(forecast) {
                bad_forecast = bad_forecast.or(Some(here));
            } else {
                self.add_frame(lead_time, forecast, truth);
            }
        }
        self.bad_forecast.note(bad_forecast);
        self.bad_truth.note(bad_truth);
        self.clips += 1;
        Ok(())
    }

    fn add_frame(&mut self, lead_time: usize, forecast: &[f32], truth: &[f32]) {
        let (channels, pixels) = (self.spec.channels, self.spec.pixels());
        let (planes, clipped) = (&mut self.planes, &mut self.clipped);
        let sums = &mut self.lead_times[lead_time];
        let (mut squared, mut squared_clipped, mut ssim, mut openstl_ssim) = (0.0, 0.0, 0.0, 0.0);
        for channel in 0..channels {
            let (mean, std) = self.spec.scale(channel);
            let values = channel * pixels..(channel + 1) * pixels;
            let physical = |plane: &mut [f64], values: &[f32]| {
                for (physical, &value) in plane.iter_mut().zip(values) {
                    *physical = f64::from(value) * std + mean;
                }
            };
            physical(&mut planes.forecast, &forecast[values.clone()]);
            physical(&mut planes.truth, &truth[values.clone()]);
            clipped.truth.copy_from_slice(&planes.truth);
            let (mut of_squares, mut of_clipped, mut of_absolute) = (0.0, 0.0, 0.0);
            let pairs = planes.forecast.iter().zip(&planes.truth);
            for (((&forecast, &truth), map), clipped) in
                pairs.zip(&mut self.error_map[values]).zip(&mut clipped.forecast)
            {
                let error = forecast - truth;
                *clipped = forecast.clamp(0.0, 1.0);
                *map += error.abs();
                of_absolute += error.abs();
                of_squares += error * error;
                of_clipped += (*clipped - truth).powi(2);
            }
            sums.add_events(planes, &self.options, mean, &mut self.neighborhoods);
            if !self.options.latitudes.is_empty() {
                sums.weighted[channel] += weighted_squared_error(&planes.forecast, &planes.truth, &self.row_weights);
            }
            if let Some(climatology) = &self.climatology {
                let normal = &climatology[channel * pixels..(channel + 1) * pixels];
                sums.anomaly[channel] +=
                    anomaly_correlation(&planes.forecast, &planes.truth, normal, &self.row_weights);
            }
            sums.squared[channel] += of_squares;
            sums.absolute[channel] += of_absolute;
            squared += of_squares;
            squared_clipped += of_clipped;
            if let Some(window) = &self.windows.gaussian {
                planes.multiply();
                ssim += window.mean(planes);
            }
            if let Some(window) = &self.windows.uniform {
                clipped.multiply();
                openstl_ssim += window.mean(clipped);
            }
        }
        let values = (channels * pixels) as f64;
        sums.ssim += ssim / channels as f64;
        sums.openstl_ssim += openstl_ssim / channels as f64;
        sums.psnr += psnr(squared / values, self.options.data_range);
        sums.openstl_psnr += psnr(squared_clipped / values, 1.0);
    }

    /// Adds what another accumulator of the same clip shape and options has seen, as if its clips had been added after
    /// this one's (up to the rounding of a sum of `f64`).
    ///
    /// # Errors
    /// [`ScoreError::Merge`] when the two were made for different clips.
    pub fn merge(&mut self, other: &Self) -> Result<(), ScoreError> {
        if self.spec != other.spec || self.options != other.options || self.climatology != other.climatology {
            return Err(ScoreError::Merge);
        }
        for (sums, other) in self.lead_times.iter_mut().zip(&other.lead_times) {
            sums.merge(other);
        }
        add_each(&mut self.error_map, &other.error_map);
        self.bad_forecast.merge(&other.bad_forecast, self.clips);
        self.bad_truth.merge(&other.bad_truth, self.clips);
        self.clips += other.clips;
        Ok(())
    }

    /// Clips added so far.
    pub fn clips(&self) -> usize {
        self.clips
    }

    /// Mean absolute error per pixel over the clips and lead times, in physical units, `[C, H, W]`.
    ///
    /// # Errors
    /// As [`Scores::summary`].
    pub fn error_map(&self) -> Result<Vec<f32>, ScoreError> {
        self.check()?;
        let frames = (self.clips * self.spec.lead_times) as f64;
        Ok(self.error_map.iter().map(|sum| (sum / frames) as f32).collect())
    }

    /// Every metric of the clips added so far.
    ///
    /// # Errors
    /// [`ScoreError::NoClips`] before the first clip, [`ScoreError::NotFinite`] when a value was NaN or infinite.
    pub fn summary(&self) -> Result<Summary, ScoreError> {
        self.check()?;
        let metric = |definition: Definition| Metric {
            total: (definition.value)(&self.lead_times, (self.clips * self.spec.lead_times) as f64),
            per_lead_time: self
                .lead_times
                .chunks(1)
                .map(|sums| (definition.value)(sums, self.clips as f64))
                .collect(),
            name: definition.name,
            definition: definition.sentence,
            higher_is_better: definition.higher_is_better,
            perfect: definition.perfect,
            two_sided: definition.two_sided,
        };
        let mut notes = Vec::new();
        let mut metrics = Vec::new();
        let (height, width) = (self.spec.height, self.spec.width);
        for definition in crate::definitions::all(&self.spec, &self.options, self.climatology.is_some()) {
            let side = match definition.name.as_str() {
                "openstl_ssim" if self.windows.uniform.is_none() => 7,
                "ssim" if self.windows.gaussian.is_none() => 11,
                _ => {
                    metrics.push(metric(definition));
                    continue;
                }
            };
            let name = definition.name;
            notes.push(format!(
                "{name} is absent: frames of {height}x{width} are smaller than its {side}x{side} window"
            ));
        }
        Ok(Summary {
            clips: self.clips,
            metrics,
            notes,
        })
    }

    fn check(&self) -> Result<(), ScoreError> {
        if self.clips == 0 {
            return Err(ScoreError::NoClips);
        }
        let truth = "fill or drop the missing values of the data";
        self.bad_truth.refuse("truth", self.clips, truth)?;
        let forecast = "check the weights, and that the input is normalised as in training";
        self.bad_forecast.refuse("forecast", self.clips, forecast)
    }
}

/// Peak signal-to-noise ratio in dB; infinite for a forecast without error.
fn psnr(mean_squared_error: f64, data_range: f64) -> f64 {
    10.0 * (data_range * data_range / mean_squared_error).log10()
}
