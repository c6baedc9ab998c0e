//! Networks behind one object-safe face, and the registry entry that builds them.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{
    Ahead, Architecture, AssignError, Clip, ClipShape, ConfigError, Cost, Fitted, ImportError, ImportReport,
    NamedTensor, Preset, Recurrent, SamplingRule, StepContext, Stream, Targets, mean_squared_error,
};
use toml::Table;

use crate::config::{KeyError, Precision, from_table};
use crate::erased::ErasedNetwork;
use crate::error::TrainError;
use crate::live::FrameStream;
use crate::optimizer::{Adam, StepRates};

/// A registry entry: everything the command line needs of one kind of network.
///
/// `Model::of::<UStep>()` is constant, so a registry is a `static` slice and one line adds a network to it.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// The name on the command line.
    pub name: &'static str,
    /// Where the network was published.
    pub paper: &'static str,
    /// Description in one line.
    pub about: &'static str,
    /// The scheduled sampling of its paper; only networks that read frame by frame have this.
    pub sampling: Option<SamplingRule>,
    /// The keys of `[network]` in its reference's configuration: their names and ours.
    pub reference_settings: &'static [(&'static str, &'static str)],
    /// Named configurations, as tables for the section `[network]`.
    pub presets: fn() -> Vec<Preset<Table>>,
    /// The default configuration.
    pub defaults: fn() -> Table,
    /// Fills in what a partial table leaves out; fails on unknown keys and wrong types.
    pub complete: fn(&Table) -> Result<Table, ModelError>,
    /// Builds the network; its weights are drawn when they are first used, unless others are loaded before.
    pub build: Build,
    /// Multiply-accumulates of one forecast.
    pub cost: fn(&Table, &ClipShape) -> Result<Cost, ModelError>,
}

/// From a configuration, a clip and a device to a network.
pub type Build = fn(&Table, &ClipShape, &Device) -> Result<Box<dyn Network>, ModelError>;

impl Model {
    /// The entry of an architecture.
    pub const fn of<A: Architecture>() -> Self {
        Self {
            name: A::NAME,
            paper: A::PAPER,
            about: A::ABOUT,
            sampling: A::SAMPLING,
            reference_settings: A::REFERENCE_SETTINGS,
            presets: presets::<A>,
            defaults: defaults::<A>,
            complete: complete::<A>,
            build: build::<A>,
            cost: cost::<A>,
        }
    }

    /// The entry of an architecture that reads frame by frame: its networks can keep their state from frame to frame.
    pub const fn recurrent<A: Architecture + Recurrent>() -> Self {
        Self {
            build: build_recurrent::<A>,
            ..Self::of::<A>()
        }
    }

    /// The entry of an architecture that is fitted in one pass.
    pub const fn fitted<A: Fitted>() -> Self {
        Self {
            build: build_fitted::<A>,
            ..Self::of::<A>()
        }
    }

    /// Builds the network of a run: its weights are a function of `seed` on the same kind of device.
    ///
    /// # Errors
    /// Names the key that is unknown, mistyped or impossible for this clip.
    pub fn build_seeded(
        &self,
        network: &Table,
        clip: &ClipShape,
        device: &Device,
        seed: u64,
    ) -> Result<Box<dyn Network>, ModelError> {
        device.seed(seed);
        let network = (self.build)(network, clip, device)?;
        network.visit(&mut |_, _| {});
        Ok(network)
    }
}

/// Calls the given function with every frame of the training data.
pub type ShowFrames<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&[f32], Option<i64>)) -> Result<(), TrainError>;

/// Why no network can be built from a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A key is unknown or has a value of the wrong type.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The values do not go together.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// A built network, whatever its architecture.
pub trait Network {
    /// The registry's name for it.
    fn name(&self) -> &'static str;

    /// The configuration it was built from, complete.
    fn config(&self) -> Table;

    /// The clip it was built for.
    fn clip(&self) -> ClipShape;

    /// The device it was built on.
    fn device(&self) -> Device;

    /// Number of trainable values.
    fn parameters(&self) -> usize;

    /// All parameters and buffers, on the host.
    fn tensors(&self) -> Vec<NamedTensor>;

    /// Shows every parameter and buffer, flattened, without autodiff, where it lies.
    fn visit(&self, visitor: &mut dyn FnMut(&str, Tensor<1>));

    /// Replaces every parameter and buffer.
    ///
    /// # Errors
    /// Names the first tensor that is missing, left over, or of another size; the network is unchanged then.
    fn load(&mut self, tensors: BTreeMap<String, TensorData>) -> Result<(), AssignError>;

    /// Which tensors of a published PyTorch state dict are its parameters and buffers, as [`foreframe_core::select`] says.
    ///
    /// # Errors
    /// Names the first key that is missing, unused, or of another size.
    fn select(&self, found: &BTreeMap<String, Vec<usize>>, prefix: Option<&str>) -> Result<ImportReport, ImportError>;

    /// Name in the published state dict of the tensor that we call `name`.
    fn reference_key(&self, name: &str) -> String;

    /// A network of its own with the same weights.
    fn duplicate(&self) -> Box<dyn Network>;

    /// Chooses the numbers that [`step`](Self::step) computes with; [`forecast`](Self::forecast) always takes `f32`.
    fn set_precision(&mut self, precision: Precision);

    /// Forecasts the frames that follow `past` in inference mode and without autodiff, the channels that are not known of them
    /// alone.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - `ahead.known`: `[batch, horizon, known channels, height, width]`, the last channels
    /// - output: `[batch, horizon, channels - known channels, height, width]`
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5>;

    /// Forecasts the `horizon` frames that follow `past`, of which nothing is known.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - output: `[batch, horizon, channels, height, width]`
    fn forecast(&self, past: Tensor<5>, horizon: usize) -> Tensor<5> {
        self.forecast_ahead(past, &Ahead::frames(horizon))
    }

    /// Takes what it needs from the training data in one pass. `show` shows every frame, normalized, NaN where a value is
    /// missing, with its time in seconds since 1970 where that is known. Networks that are trained by steps do not look.
    ///
    /// # Errors
    /// Those of `show`; the network is unchanged then.
    fn fit(&mut self, show: ShowFrames<'_>) -> Result<(), TrainError> {
        let _ = show;
        Ok(())
    }

    /// The network as one that keeps its state from frame to frame, in inference mode and without autodiff; `None` for
    /// networks that do not read frame by frame.
    fn stream(&self) -> Option<Box<dyn FrameStream>> {
        None
    }

    /// One optimizer step on the micro-batches given: forward, backward, global-norm clipping, update.
    ///
    /// Needs a network that was built on an autodiff device. The device is seeded with `context.seed` first. Every clip
    /// counts the same, whatever the size of its micro-batch.
    ///
    /// # Errors
    /// There is no clip, or the loss or the gradient is not finite; no parameter has been changed then.
    fn step(
        &mut self,
        micro_batches: Vec<Clip>,
        context: &StepContext,
        optimizer: &mut Adam,
        rates: &StepRates,
    ) -> Result<StepOutcome, StepError>;

    /// Loss of one batch in training mode and the gradient of every parameter that the loss depends on.
    fn gradients(&self, clip: Clip, context: &StepContext) -> (f64, BTreeMap<String, TensorData>);

    /// Mean squared error of the forecast of one batch, in inference mode, over the values that are there. The batch is
    /// without autodiff.
    fn validation_loss(&self, clip: Clip, targets: Targets) -> f64 {
        let forecast = self.forecast_ahead(clip.past.clone(), &targets.ahead(&clip.future));
        let objective = clip.objective(forecast, targets, mean_squared_error);
        objective.loss.into_data().iter::<f64>().sum()
    }
}

/// Result of one optimizer step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOutcome {
    /// The objective, averaged over the clips.
    pub loss: f64,
    /// Euclidean norm of the whole gradient, before clipping.
    pub grad_norm: f64,
    /// Clips seen.
    pub clips: usize,
}

/// Why an optimizer step was not done.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StepError {
    /// A step on nothing would be logged with a loss of 0.
    #[error("there is no clip to learn from")]
    NoClips,
    /// A number left the range of floating point.
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
}

/// A step whose numbers left the range of floating point.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the {what} is {value}")]
pub struct NotFinite {
    /// `loss` or `gradient norm`.
    pub what: &'static str,
    /// NaN or an infinity.
    pub value: f64,
}

/// The table of a configuration.
pub(crate) fn to_table<C: serde::Serialize>(config: &C) -> Table {
    Table::try_from(config).expect("configurations are structs of plain values")
}

fn presets<A: Architecture>() -> Vec<Preset<Table>> {
    let table = |preset: Preset<A::Config>| Preset {
        name: preset.name,
        about: preset.about,
        clip: preset.clip,
        config: to_table(&preset.config),
    };
    A::presets().into_iter().map(table).collect()
}

fn defaults<A: Architecture>() -> Table {
    to_table(&A::Config::default())
}

fn complete<A: Architecture>(network: &Table) -> Result<Table, ModelError> {
    Ok(to_table(&from_table::<A::Config>("network", network)?))
}

fn build<A: Architecture>(network: &Table, clip: &ClipShape, device: &Device) -> Result<Box<dyn Network>, ModelError> {
    let config = from_table::<A::Config>("network", network)?;
    Ok(Box::new(ErasedNetwork::<A>::new(config, clip, device)?))
}

fn build_fitted<A: Fitted>(network: &Table, clip: &ClipShape, device: &Device) -> Result<Box<dyn Network>, ModelError> {
    let config = from_table::<A::Config>("network", network)?;
    Ok(Box::new(
        ErasedNetwork::<A>::new(config, clip, device)?.with_fit(fit::<A>),
    ))
}

fn fit<A: Fitted>(module: A, show: ShowFrames<'_>) -> Result<A, TrainError> {
    let mut sums = A::Sums::default();
    show(&mut |frame, time| A::see(&mut sums, frame, time))?;
    Ok(module.fitted(sums))
}

fn build_recurrent<A: Architecture + Recurrent>(
    network: &Table,
    clip: &ClipShape,
    device: &Device,
) -> Result<Box<dyn Network>, ModelError> {
    let config = from_table::<A::Config>("network", network)?;
    let stream = |module: A| Box::new(Stream::new(module)) as Box<dyn FrameStream>;
    Ok(Box::new(
        ErasedNetwork::<A>::new(config, clip, device)?.with_stream(stream),
    ))
}

fn cost<A: Architecture>(network: &Table, clip: &ClipShape) -> Result<Cost, ModelError> {
    let config = from_table::<A::Config>("network", network)?;
    // The closed form presumes what the constructor checks.
    A::new(&config, clip, &Device::flex())?;
    Ok(A::cost(&config, clip))
}
