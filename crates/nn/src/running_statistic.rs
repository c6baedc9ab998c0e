//! Tensors that the forward pass updates and no optimizer touches.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::module::{Content, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};

/// A running statistic of every channel: part of a network's state, never of its gradient.
///
/// A network that is applied to its own output has one for each step of that recurrence, because what is fed back has
/// other statistics than what was observed. Modules see a single tensor, `[channels]` for one step and `[steps, channels]`
/// for more.
///
/// Unlike Burn's `RunningState`, whose clones share one value, a clone is independent: assigning to the copy of a
/// network that an average or a checkpoint holds must not change the network that is being trained. An update is
/// visible at once.
#[derive(Debug)]
pub struct RunningStatistic {
    id: ParamId,
    /// `[channels]` for every step.
    steps: Mutex<Vec<Tensor<1>>>,
}

impl RunningStatistic {
    /// A statistic that starts as `value` in each of `steps` steps, 1 or more.
    pub fn new(value: Tensor<1>, steps: usize) -> Self {
        Self::with_id(ParamId::new(), vec![value; steps.max(1)])
    }

    fn with_id(id: ParamId, steps: Vec<Tensor<1>>) -> Self {
        Self {
            id,
            steps: Mutex::new(steps),
        }
    }

    /// The current value in `step`, counted from 0; steps after the last that has one share its value.
    pub fn value(&self, step: usize) -> Tensor<1> {
        let steps = self.lock();
        steps[step.min(steps.len() - 1)].clone()
    }

    /// Replaces the [`value`](Self::value) in `step`.
    pub fn update(&self, step: usize, value: Tensor<1>) {
        let mut steps = self.lock();
        let step = step.min(steps.len() - 1);
        steps[step] = value;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Tensor<1>>> {
        // A tensor is replaced whole, so a panic elsewhere cannot have left half of one.
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn each(&self, change: impl Fn(Tensor<1>) -> Tensor<1>) -> Self {
        let steps = self.lock().iter().cloned().map(change).collect();
        Self::with_id(self.id, steps)
    }
}

/// The values of all steps in one tensor, which is put together when somebody looks at it.
fn stacked(id: ParamId, steps: Vec<Tensor<1>>) -> Param<Tensor<2>> {
    let (device, shape) = (steps[0].device(), [steps.len(), steps[0].dims()[0]]);
    Param::uninitialized(
        id,
        |device, _| Tensor::stack::<2>(steps, 0).to_device(device),
        device,
        false,
        shape.into(),
    )
}

impl Clone for RunningStatistic {
    fn clone(&self) -> Self {
        self.each(|value| value)
    }
}

impl std::fmt::Display for RunningStatistic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RunningStatistic(id={})", self.id)
    }
}

impl ModuleDisplayDefault for RunningStatistic {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&"RunningStatistic".to_owned()).optional()
    }
}

impl ModuleDisplay for RunningStatistic {}

impl Module for RunningStatistic {
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        let steps = self.lock().clone();
        match &steps[..] {
            [only] => visitor.visit_float(&Param::initialized(self.id, only.clone())),
            _ => visitor.visit_float(&stacked(self.id, steps)),
        }
    }

    /// A mapper may change the values but not turn them into targets of the optimizer.
    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        let steps = self.lock().clone();
        if let [only] = &steps[..] {
            let (id, value, _) = mapper.map_float(Param::initialized(self.id, only.clone())).consume();
            return Self::with_id(id, vec![value.set_require_grad(false)]);
        }
        let mapped = mapper.map_float(stacked(self.id, steps));
        if !mapped.is_initialized() {
            return self;
        }
        let (id, values, _) = mapped.consume();
        let rows = values.set_require_grad(false).split(1, 0);
        Self::with_id(id, rows.into_iter().map(|row| row.squeeze_dim(0)).collect())
    }

    fn to_device(self, device: &Device) -> Self {
        self.each(|value| value.to_device(device))
    }

    fn fork(self, device: &Device) -> Self {
        self.to_device(device)
    }

    fn collect_devices(&self, mut devices: Vec<Device>) -> Vec<Device> {
        let device = self.value(0).device();
        if !devices.contains(&device) {
            devices.push(device);
        }
        devices
    }

    fn materialize(self) -> Self {
        self
    }

    fn valid(&self) -> Self {
        self.each(Tensor::without_autodiff)
    }

    fn train(self) -> Self {
        self.each(Tensor::from_inner)
    }
}
