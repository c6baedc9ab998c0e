use crate::definitions::Definition;
use crate::events::thresholds;
use crate::extent::Extent;
use crate::fractions::Neighborhoods;
use crate::non_finite::NonFiniteClips;
use crate::planes::Planes;
use crate::spec::{check_normal, check_size};
use crate::ssim::Ssim;
use crate::sums::{Mean, Sums, add_each};
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
    /// Sum over clips and lead times of the absolute error, `[C, H, W]`, and of how many.
    error_map: Vec<f64>,
    error_count: Vec<u32>,
    non_finite_forecast: NonFiniteClips,
    non_finite_truth: NonFiniteClips,
    extent: Extent,
    planes: Planes,
    clipped: Planes,
    windows: Windows,
    neighborhoods: Neighborhoods,
    row_weights: Vec<f64>,
    /// Whether it is known what is normal.
    has_climatology: bool,
    /// The climatological mean, normalized, `[C, H, W]`.
    climatology: Option<Vec<f32>>,
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
    /// [`ScoreError::Spec`] for sizes of zero or a normalization that does not fit the channels.
    pub fn new(spec: ScoreSpec) -> Result<Self, ScoreError> {
        Self::with_options(spec, ScoreOptions::default())
    }

    /// Scores with stated options.
    ///
    /// # Errors
    /// [`ScoreError::Spec`] for sizes of zero or a normalization that does not fit the channels, [`ScoreError::Option`] for
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
            error_count: vec![0; spec.channels * spec.pixels()],
            non_finite_forecast: NonFiniteClips::default(),
            non_finite_truth: NonFiniteClips::default(),
            extent: Extent::default(),
            clipped: planes.clone(),
            planes,
            windows,
            neighborhoods: Neighborhoods::new(spec.height, spec.width),
            row_weights: options.row_weights(spec.height),
            has_climatology: false,
            climatology: None,
            options,
            spec,
        })
    }

    /// Adds the anomaly correlation to the scores; no clip may have been added yet.
    ///
    /// `climatology` is what is normal at every pixel at all times, normalized like the clips: `[channel, height, width]`.
    ///
    /// # Errors
    /// [`ScoreError::Size`] when it has another size, [`ScoreError::Spec`] when it is not finite.
    pub fn with_climatology(mut self, climatology: &[f32]) -> Result<Self, ScoreError> {
        check_normal(climatology, self.spec.channels * self.spec.pixels())?;
        self.climatology = Some(climatology.to_vec());
        Ok(self.with_anomalies())
    }

    /// As [`Scores::with_climatology`], for a climatology that changes with time: [`Scores::add_beside`] takes it.
    pub fn with_anomalies(self) -> Self {
        Self {
            has_climatology: true,
            ..self
        }
    }

    /// Adds one clip: normalized values, `[lead time, channel, height, width]`. Where the truth is NaN it is missing, and
    /// counts nowhere, whatever was forecast.
    ///
    /// # Errors
    /// [`ScoreError::Size`] when the clip has another size. Infinite values, and forecasts that are NaN where there is a
    /// truth, are reported by [`Scores::summary`], with their number.
    pub fn add(&mut self, forecast: &[f32], truth: &[f32]) -> Result<(), ScoreError> {
        let normal = self.climatology.take();
        let frame = self.spec.channels * self.spec.pixels();
        let result = self.add_clip(forecast, truth, |_| normal.as_deref().map(|normal| &normal[..frame]));
        self.climatology = normal;
        result
    }

    /// [`Scores::add`] with what is normal at the times of the clip, normalized, `[lead time, channel, height, width]`.
    ///
    /// # Errors
    /// As [`Scores::add`], and [`ScoreError::Spec`] when `normal` is not finite.
    pub fn add_beside(&mut self, forecast: &[f32], truth: &[f32], normal: &[f32]) -> Result<(), ScoreError> {
        check_normal(normal, self.spec.values())?;
        let frame = self.spec.channels * self.spec.pixels();
        self.add_clip(forecast, truth, |lead_time| Some(&normal[lead_time * frame..][..frame]))
    }

    fn add_clip<'n>(
        &mut self,
        forecast: &[f32],
        truth: &[f32],
        normal: impl Fn(usize) -> Option<&'n [f32]>,
    ) -> Result<(), ScoreError> {
        check_size("forecast", forecast, self.spec.values())?;
        check_size("truth", truth, self.spec.values())?;
        let frame = self.spec.channels * self.spec.pixels();
        let frames = forecast.chunks_exact(frame).zip(truth.chunks_exact(frame)).enumerate();
        let (mut non_finite_forecast, mut non_finite_truth) = (None, None);
        for (lead_time, (forecast, truth)) in frames {
            let here = (self.clips, lead_time + 1);
            let mut pairs = forecast.iter().zip(truth);
            if truth.iter().any(|value| value.is_infinite()) {
                non_finite_truth = non_finite_truth.or(Some(here));
            } else if pairs.any(|(forecast, truth)| !forecast.is_finite() && !truth.is_nan()) {
                non_finite_forecast = non_finite_forecast.or(Some(here));
            } else {
                self.add_frame(lead_time, forecast, truth, normal(lead_time));
            }
        }
        self.non_finite_forecast.note(non_finite_forecast);
        self.non_finite_truth.note(non_finite_truth);
        self.clips += 1;
        Ok(())
    }

    fn add_frame(&mut self, lead_time: usize, forecast: &[f32], truth: &[f32], normal: Option<&[f32]>) {
        let (channels, pixels) = (self.spec.channels, self.spec.pixels());
        let (planes, clipped) = (&mut self.planes, &mut self.clipped);
        let sums = &mut self.lead_times[lead_time];
        let (mut squared, mut squared_clipped) = (Mean::default(), Mean::default());
        let (mut ssim, mut openstl_ssim) = (Mean::default(), Mean::default());
        for channel in 0..channels {
            let scale = self.spec.scale(channel);
            let values = channel * pixels..(channel + 1) * pixels;
            planes.load(&forecast[values.clone()], &truth[values.clone()], scale);
            if planes.cells == 0 {
                continue;
            }
            self.extent.add(planes);
            clipped.clip(planes);
            let (mut of_squares, mut of_clipped, mut of_absolute) = (0.0, 0.0, 0.0);
            let pairs = planes
                .forecast
                .iter()
                .zip(&planes.truth)
                .zip(&clipped.forecast)
                .zip(&planes.present);
            let map = self.error_map[values.clone()]
                .iter_mut()
                .zip(&mut self.error_count[values.clone()]);
            for ((((&forecast, &truth), &clipped), &present), (map, count)) in pairs.zip(map) {
                let error = forecast - truth;
                *map += error.abs();
                *count += u32::from(present);
                of_absolute += error.abs();
                of_squares += error * error;
                of_clipped += (clipped - truth).powi(2);
            }
            sums.add_events(planes, &self.options, scale.0, &mut self.neighborhoods);
            if !self.options.latitudes.is_empty() {
                sums.weighted[channel] += weighted_squared_error(planes, &self.row_weights);
            }
            if let Some(normal) = normal {
                sums.anomaly[channel] += anomaly_correlation(planes, &normal[values], scale, &self.row_weights);
            }
            let cells = planes.cells as f64;
            sums.cells[channel] += cells;
            sums.frames[channel] += 1.0;
            sums.squared[channel] += of_squares;
            sums.absolute[channel] += of_absolute;
            for (mean, sum) in [(&mut squared, of_squares), (&mut squared_clipped, of_clipped)] {
                mean.add(Mean { sum, count: cells });
            }
            if let Some(window) = &self.windows.gaussian {
                planes.multiply();
                ssim.push(window.mean(planes).value());
            }
            if let Some(window) = &self.windows.uniform {
                clipped.multiply();
                openstl_ssim.push(window.mean(clipped).value());
            }
        }
        sums.ssim.push(ssim.value());
        sums.openstl_ssim.push(openstl_ssim.value());
        let range = self.options.data_range;
        sums.psnr.push(squared.value().map(|error| psnr(error, range)));
        sums.openstl_psnr
            .push(squared_clipped.value().map(|error| psnr(error, 1.0)));
    }

    /// Adds what another accumulator of the same clip shape and options has seen, as if its clips had been added after
    /// this one's (up to the rounding of a sum of `f64`).
    ///
    /// # Errors
    /// [`ScoreError::Merge`] when the two were made for different clips.
    pub fn merge(&mut self, other: &Self) -> Result<(), ScoreError> {
        if self.spec != other.spec
            || self.options != other.options
            || self.has_climatology != other.has_climatology
            || self.climatology != other.climatology
        {
            return Err(ScoreError::Merge);
        }
        for (sums, other) in self.lead_times.iter_mut().zip(&other.lead_times) {
            sums.merge(other);
        }
        add_each(&mut self.error_map, &other.error_map);
        (self.error_count.iter_mut().zip(&other.error_count)).for_each(|(own, other)| *own += other);
        self.non_finite_forecast.merge(&other.non_finite_forecast, self.clips);
        self.non_finite_truth.merge(&other.non_finite_truth, self.clips);
        self.extent.merge(&other.extent);
        self.clips += other.clips;
        Ok(())
    }

    /// Clips added so far.
    pub fn clips(&self) -> usize {
        self.clips
    }

    /// Mean absolute error per pixel over the clips and lead times, in physical units, `[C, H, W]`; NaN where the truth was
    /// always missing.
    ///
    /// # Errors
    /// As [`Scores::summary`].
    pub fn error_map(&self) -> Result<Vec<f32>, ScoreError> {
        self.check()?;
        let means = self.error_map.iter().zip(&self.error_count);
        Ok(means.map(|(sum, count)| (sum / f64::from(*count)) as f32).collect())
    }

    /// Every metric of the clips added so far.
    ///
    /// # Errors
    /// [`ScoreError::NoClips`] before the first clip, [`ScoreError::NotFinite`] when a value was NaN or infinite.
    pub fn summary(&self) -> Result<Summary, ScoreError> {
        self.check()?;
        let metric = |definition: Definition| Metric {
            total: (definition.value)(&self.lead_times),
            per_lead_time: self.lead_times.chunks(1).map(&definition.value).collect(),
            name: definition.name,
            definition: definition.sentence,
            higher_is_better: definition.higher_is_better,
            perfect: definition.perfect,
            two_sided: definition.two_sided,
        };
        let mut notes = Vec::from_iter(self.extent.note(self.options.data_range));
        let mut metrics = Vec::new();
        let (height, width) = (self.spec.height, self.spec.width);
        let (spec, options) = (&self.spec, &self.options);
        for definition in crate::definitions::all(spec, options, self.has_climatology, &self.lead_times) {
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
        let present: f64 = self.lead_times.iter().flat_map(|sums| &sums.cells).sum();
        Ok(Summary {
            clips: self.clips,
            missing_share: 1.0 - present / (self.clips * self.spec.values()) as f64,
            metrics,
            notes,
        })
    }

    fn check(&self) -> Result<(), ScoreError> {
        if self.clips == 0 {
            return Err(ScoreError::NoClips);
        }
        let truth = "correct the data";
        self.non_finite_truth.refuse("truth", self.clips, truth)?;
        let forecast = "check the weights, and that the input is normalized as in training";
        self.non_finite_forecast.refuse("forecast", self.clips, forecast)
    }
}

/// Peak signal-to-noise ratio in dB; infinite for a forecast without error.
fn psnr(mean_squared_error: f64, data_range: f64) -> f64 {
    10.0 * (data_range * data_range / mean_squared_error).log10()
}
