use std::ops::Range;

use crate::sums::{Mean, Sums};
use crate::{ScoreOptions, ScoreSpec, events, fractions, weather};

/// How one metric follows from the sums of one or more lead times.
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) sentence: String,
    pub(crate) higher_is_better: bool,
    /// The value of a forecast without any error, if it is finite.
    pub(crate) perfect: Option<f64>,
    /// Whether values beyond the perfect one are worse again.
    pub(crate) two_sided: bool,
    pub(crate) value: Value,
}

pub(crate) type Value = Box<dyn Fn(&[Sums]) -> f64>;

#[derive(Clone, Copy)]
enum Error {
    Squared,
    Absolute,
    RootSquared,
}

/// Every metric, in the order of tables; which of them a frame is too small for is not decided here. `sums` are those of all
/// lead times: some sentences say what was counted.
pub(crate) fn all(spec: &ScoreSpec, options: &ScoreOptions, climatology: bool, sums: &[Sums]) -> Vec<Definition> {
    let mut all = Vec::new();
    for error in [Error::Squared, Error::Absolute, Error::RootSquared] {
        all.push(openstl(spec, options, error));
    }
    all.push(Definition::better_if_higher(
        "openstl_ssim",
        "Structural similarity as OpenSTL calls scikit-image 0.19: 7x7 uniform window, sample covariance, data range 2 \
         (although values lie in 0 to 1), K1 0.01, K2 0.03, forecast clipped to [0, 1] after denormalization, mean over \
         the pixels 3 or more away from the border, the channels and the frames."
            .into(),
        |sums| sums.openstl_ssim,
    ));
    all.push(Definition::better_if_higher(
        "openstl_psnr",
        "Mean over the frames of -10 log10 of a frame's mean squared error in dB, forecast clipped to [0, 1] after \
         denormalization, truth taken as it is; infinite as soon as one frame has no error."
            .into(),
        |sums| sums.openstl_psnr,
    ));
    all.extend(variables(spec, options));
    all.extend(events::openstl_definitions(options));
    for error in [Error::Squared, Error::Absolute, Error::RootSquared] {
        all.push(standard(spec, error));
    }
    let range = options.data_range;
    all.push(Definition::better_if_higher(
        "ssim",
        format!(
            "Structural similarity of Wang et al. 2004: 11x11 Gaussian window with sigma 1.5, K1 0.01, K2 0.03, data range \
             {range}, denormalized values, not clipped, mean over the places where the window fits, the channels and the \
             frames."
        ),
        |sums| sums.ssim,
    ));
    all.push(Definition::better_if_higher(
        "psnr",
        format!(
            "Mean over the frames of 10 log10(L^2 / mean squared error of the frame) in dB with data range L = {range}, \
             denormalized values, not clipped; infinite as soon as one frame has no error."
        ),
        |sums| sums.psnr,
    ));
    all.extend(events::definitions(options, sums));
    all.extend(fractions::definitions(options));
    all.extend(weather::definitions(spec, options, climatology));
    all
}

fn standard(spec: &ScoreSpec, error: Error) -> Definition {
    let channels = 0..spec.channels;
    Definition {
        name: error.name().into(),
        sentence: format!(
            "{} the denormalized values, mean over channels, pixels, lead times and clips{}.",
            error.of(),
            error.then_root()
        ),
        higher_is_better: false,
        perfect: Some(0.0),
        two_sided: false,
        value: Box::new(move |sums| error.finish(error.sum(sums, channels.clone()) / cells(sums, channels.clone()))),
    }
}

/// The error of all channels, or the mean over the variables.
fn openstl(spec: &ScoreSpec, options: &ScoreOptions, error: Error) -> Definition {
    let groups: Vec<Value> = groups(spec, options)
        .map(|group| group_error(options, error, group))
        .collect();
    let per_variable = if options.variables.is_empty() {
        String::new()
    } else {
        format!(
            "; of each of the variables {}, then their mean",
            options.variables.join(", ")
        )
    };
    Definition {
        name: format!("openstl_{}", error.name()),
        sentence: format!("{}{per_variable}.", openstl_sentence(options, error)),
        higher_is_better: false,
        perfect: Some(0.0),
        two_sided: false,
        value: Box::new(move |sums| groups.iter().map(|value| value(sums)).sum::<f64>() / groups.len() as f64),
    }
}

/// One definition per named variable and error.
fn variables(spec: &ScoreSpec, options: &ScoreOptions) -> Vec<Definition> {
    let mut all = Vec::new();
    for (name, group) in options.variables.iter().zip(groups(spec, options)) {
        for error in [Error::Squared, Error::Absolute, Error::RootSquared] {
            let (first, last) = (group.start, group.end - 1);
            all.push(Definition {
                name: format!("openstl_{}_{name}", error.name()),
                sentence: format!(
                    "{}; of the variable {name} alone (channels {first} to {last}, counted from 0).",
                    openstl_sentence(options, error)
                ),
                higher_is_better: false,
                perfect: Some(0.0),
                two_sided: false,
                value: group_error(options, error, group.clone()),
            });
        }
    }
    all
}

pub(crate) fn groups(spec: &ScoreSpec, options: &ScoreOptions) -> impl Iterator<Item = Range<usize>> + use<> {
    let count = options.variables.len().max(1);
    let size = spec.channels / count;
    (0..count).map(move |group| group * size..(group + 1) * size)
}

fn group_error(options: &ScoreOptions, error: Error, group: Range<usize>) -> Value {
    let norm = if options.spatial_norm { cells } else { frames };
    Box::new(move |sums| error.finish(error.sum(sums, group.clone()) / norm(sums, group.clone())))
}

/// Values of these channels that have a truth.
fn cells(sums: &[Sums], channels: Range<usize>) -> f64 {
    sums.iter().flat_map(|sums| &sums.cells[channels.clone()]).sum()
}

/// Frames in which one of these channels has a truth.
fn frames(sums: &[Sums], channels: Range<usize>) -> f64 {
    let of = |sums: &Sums| sums.frames[channels.clone()].iter().copied().fold(0.0, f64::max);
    sums.iter().map(of).sum()
}

fn openstl_sentence(options: &ScoreOptions, error: Error) -> String {
    let frame = if options.spatial_norm {
        "mean (OpenSTL's spatial norm)"
    } else {
        "summed"
    };
    format!(
        "{} the denormalized values, not clipped, {frame} over channels and pixels, mean over lead times and clips{}",
        error.of(),
        error.then_root()
    )
}

impl Definition {
    /// A metric that is computed frame by frame and averaged over the frames.
    fn better_if_higher(name: &str, sentence: String, mean: fn(&Sums) -> Mean) -> Self {
        let value: Value = Box::new(move |sums| {
            let mut pooled = Mean::default();
            sums.iter().for_each(|sums| pooled.add(mean(sums)));
            pooled.value().unwrap_or(f64::NAN)
        });
        Self {
            name: name.into(),
            sentence,
            higher_is_better: true,
            // A peak signal-to-noise ratio has no bound.
            perfect: (!name.ends_with("psnr")).then_some(1.0),
            two_sided: false,
            value,
        }
    }
}

impl Error {
    fn name(self) -> &'static str {
        match self {
            Self::Squared => "mse",
            Self::Absolute => "mae",
            Self::RootSquared => "rmse",
        }
    }

    fn of(self) -> &'static str {
        match self {
            Self::Squared | Self::RootSquared => "Squared error of",
            Self::Absolute => "Absolute error of",
        }
    }

    fn then_root(self) -> &'static str {
        match self {
            Self::Squared | Self::Absolute => "",
            Self::RootSquared => ", then the square root",
        }
    }

    fn sum(self, sums: &[Sums], channels: Range<usize>) -> f64 {
        let of = |sums: &Sums| -> f64 {
            match self {
                Self::Squared | Self::RootSquared => sums.squared[channels.clone()].iter().sum(),
                Self::Absolute => sums.absolute[channels.clone()].iter().sum(),
            }
        };
        sums.iter().map(of).sum()
    }

    fn finish(self, mean: f64) -> f64 {
        match self {
            Self::Squared | Self::Absolute => mean,
            Self::RootSquared => mean.sqrt(),
        }
    }
}
