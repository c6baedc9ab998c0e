//! The one generic implementation of [`Network`]; everything that does not need the architecture's type is elsewhere.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use foreframe_core::{
    Ahead, Architecture, AssignError, Clip, ClipShape, ConfigError, ImportError, ImportReport, NamedMapper,
    NamedTensor, NamedVisitor, StepContext, Targets, assign, count_parameters, gradients, is_buffer, lift, map_named,
    named_shapes, named_tensors, select, visit_named,
};
use toml::Table;

use crate::config::Precision;
use crate::error::TrainError;
use crate::gradient::Gradient;
use crate::live::FrameStream;
use crate::model::{Network, ShowFrames, StepError, StepOutcome, to_table};
use crate::optimizer::{Adam, StepRates};
use crate::precision;
use crate::tensors::{self, flat};

pub(crate) struct ErasedNetwork<A: Architecture> {
    module: A,
    config: A::Config,
    clip: ClipShape,
    device: Device,
    precision: Precision,
    /// Makes a stream of the module, if it reads frame by frame.
    stream: Option<fn(A) -> Box<dyn FrameStream>>,
    /// Fits the module to the training data, if it is of the kind that is fitted.
    fit: Option<Fit<A>>,
}

type Fit<A> = fn(A, ShowFrames<'_>) -> Result<A, TrainError>;

impl<A: Architecture> ErasedNetwork<A> {
    pub(crate) fn new(config: A::Config, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        clip.validate()?;
        let module = A::new(&config, clip, device)?;
        Ok(Self {
            module,
            config,
            clip: *clip,
            device: device.clone(),
            precision: Precision::F32,
            stream: None,
            fit: None,
        })
    }

    pub(crate) fn with_fit(self, fit: Fit<A>) -> Self {
        Self { fit: Some(fit), ..self }
    }

    pub(crate) fn with_stream(self, stream: fn(A) -> Box<dyn FrameStream>) -> Self {
        Self {
            stream: Some(stream),
            ..self
        }
    }
}

impl<A: Architecture> Network for ErasedNetwork<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn config(&self) -> Table {
        to_table(&self.config)
    }

    fn clip(&self) -> ClipShape {
        self.clip
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn parameters(&self) -> usize {
        count_parameters(&self.module)
    }

    fn tensors(&self) -> Vec<NamedTensor> {
        named_tensors(&self.module)
    }

    fn visit(&self, visitor: &mut dyn FnMut(&str, Tensor<1>)) {
        tensors::visit(&self.module, &mut |name, tensor| visitor(name, tensor.inner()));
    }

    fn load(&mut self, tensors: BTreeMap<String, TensorData>) -> Result<(), AssignError> {
        self.module = assign(self.module.clone(), tensors)?;
        Ok(())
    }

    fn select(&self, found: &BTreeMap<String, Vec<usize>>, prefix: Option<&str>) -> Result<ImportReport, ImportError> {
        select(
            &named_shapes(&self.module),
            found,
            &A::pytorch_keys(&self.config),
            prefix,
        )
    }

    fn reference_key(&self, name: &str) -> String {
        A::pytorch_keys(&self.config).reference_key(name)
    }

    fn duplicate(&self) -> Box<dyn Network> {
        Box::new(Self {
            module: self.module.clone(),
            config: self.config.clone(),
            clip: self.clip,
            device: self.device.clone(),
            precision: self.precision,
            stream: self.stream,
            fit: self.fit,
        })
    }

    fn set_precision(&mut self, precision: Precision) {
        self.precision = precision;
    }

    fn fit(&mut self, show: ShowFrames<'_>) -> Result<(), TrainError> {
        if let Some(fit) = self.fit {
            self.module = fit(self.module.clone(), show)?;
        }
        Ok(())
    }

    fn stream(&self) -> Option<Box<dyn FrameStream>> {
        self.stream.map(|stream| stream(self.module.valid()))
    }

    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        let channels = past.dims()[2];
        let targets = Targets::of_channels(channels - ahead.known.channels(), channels);
        targets.of(self.module.valid().forecast_ahead(past.inner(), &ahead.inner()))
    }

    fn step(
        &mut self,
        micro_batches: Vec<Clip>,
        context: &StepContext,
        optimizer: &mut Adam,
        rates: &StepRates,
    ) -> Result<StepOutcome, StepError> {
        let clips: usize = micro_batches.iter().map(|clip| clip.past.dims()[0]).sum();
        if clips == 0 {
            return Err(StepError::NoClips);
        }
        let mut gradient = Gradient::default();
        self.device.seed(context.seed);
        for (index, clip) in micro_batches.into_iter().enumerate() {
            let share = clip.past.dims()[0] as f64 / clips as f64;
            let (loss, lowered) = self.loss(clip, &micro_batch_context(context, index));
            if let Some(lowered) = lowered {
                // The copy has taken up the statistics of this batch.
                self.module = precision::with_statistics(self.module.clone(), &lowered);
            }
            let loss = loss.mul_scalar(share);
            let gradients = loss.backward();
            gradient.add(loss.inner(), flat_gradients(&self.module, gradients));
        }
        let (loss, grad_norm) = gradient.measure()?;
        gradient.clip(grad_norm, optimizer.clip_norm());
        let mut update = Update {
            gradient,
            optimizer,
            rates,
        };
        self.module = map_named(self.module.clone(), &mut update);
        Ok(StepOutcome { loss, grad_norm, clips })
    }

    fn gradients(&self, clip: Clip, context: &StepContext) -> (f64, BTreeMap<String, TensorData>) {
        self.device.seed(context.seed);
        let (loss, _) = self.loss(clip, context);
        let found = gradients(&self.module, &loss.backward());
        (loss.into_data().iter::<f64>().sum(), found)
    }
}

impl<A: Architecture> ErasedNetwork<A> {
    /// The loss, and the copy of the module that computed it with fewer bits.
    fn loss(&self, clip: Clip, context: &StepContext) -> (Tensor<1>, Option<A>) {
        let clip = clip.lifted(&self.device);
        let Some(dtype) = self.precision.reduced() else {
            return (self.module.loss(clip, context).loss, None);
        };
        let lowered = precision::cast(self.module.clone(), dtype);
        let past = clip.past.cast(dtype);
        let loss = lowered.loss(Clip { past, ..clip }, context).loss;
        (loss, Some(lowered))
    }
}

/// The first micro-batch sees the step's own context, so that accumulating one batch is not accumulating.
fn micro_batch_context(step: &StepContext, index: usize) -> StepContext {
    match index {
        0 => *step,
        _ => StepContext {
            seed: StepContext::new(index as u64, 0, step.seed).seed,
            ..*step
        },
    }
}

fn flat_gradients<M: Module>(module: &M, gradients: Gradients) -> BTreeMap<String, Tensor<1>> {
    struct Take {
        gradients: Gradients,
        taken: BTreeMap<String, Tensor<1>>,
    }
    impl NamedVisitor for Take {
        fn visit<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
            if is_buffer(name) {
                return;
            }
            if let Some(gradient) = param.val().grad_remove(&mut self.gradients) {
                self.taken.insert(name.to_owned(), flat(gradient));
            }
        }
    }
    let taken = BTreeMap::new();
    let mut visitor = Take { gradients, taken };
    visit_named(module, &mut visitor);
    visitor.taken
}

struct Update<'a> {
    gradient: Gradient,
    optimizer: &'a mut Adam,
    rates: &'a StepRates,
}

impl NamedMapper for Update<'_> {
    fn map<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradient.take(name) else {
            return param;
        };
        param.map(|parameter| {
            let shape = parameter.shape();
            let device = parameter.device();
            let updated = self
                .optimizer
                .update(name, flat(parameter.inner()), gradient, self.rates);
            lift(updated.reshape(shape), &device).require_grad()
        })
    }
}
