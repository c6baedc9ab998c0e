//! How a loop over slices becomes a differentiable operation on tensors of Burn's CPU backend.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, ExtensionType, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};

/// An operation and its derivative.
pub(crate) trait DifferentiableKernel: Debug + Send + Sync + 'static {
    /// The output, and what the derivative needs beside [kept](Self::keeps) inputs.
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>);

    /// The output where no derivative is asked for.
    fn infer(&self, inputs: &[Floats]) -> Floats {
        self.forward(inputs).0
    }

    /// Whether the derivative looks at an input.
    fn keeps(&self, input: usize) -> bool;

    /// Whether the output is better computed again than kept, on devices with gradient checkpointing: it takes one pass
    /// over memory or little more, and the derivative keeps the input in any case.
    fn cheap(&self) -> bool {
        false
    }

    /// The gradients of the inputs that are wanted; others may be left out.
    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>>;
}

/// The values that a derivative is computed from.
pub(crate) struct Known {
    inputs: Vec<Option<Floats>>,
    /// The second result of [`DifferentiableKernel::forward`].
    pub(crate) saved: Vec<Floats>,
    wanted: Vec<bool>,
}

impl Known {
    /// The values of an input that is [kept](DifferentiableKernel::keeps).
    pub(crate) fn input(&self, index: usize) -> &[f32] {
        self.inputs[index].as_ref().map_or(&[], Floats::values)
    }

    /// An input that is [kept](DifferentiableKernel::keeps), as it is.
    pub(crate) fn kept(&self, index: usize) -> Option<Floats> {
        self.inputs[index].clone()
    }

    /// Whether anybody asks for the gradient of an input.
    pub(crate) fn wants(&self, index: usize) -> bool {
        self.wanted.get(index).copied().unwrap_or(false)
    }

    /// A gradient of the given shape, if it is wanted.
    pub(crate) fn gradient<const D: usize>(
        &self,
        index: usize,
        shape: [usize; D],
        fill: impl FnOnce(&mut [f32]),
    ) -> Option<Floats> {
        self.wants(index).then(|| Floats::filled(shape, fill))
    }
}

/// Numbers in row-major order, without gaps.
#[derive(Clone, Debug)]
pub(crate) struct Floats(FlexTensor);

impl Floats {
    pub(crate) fn new(tensor: FlexTensor) -> Self {
        if tensor.as_slice::<f32>().is_some() {
            Self(tensor)
        } else {
            Self(tensor.to_contiguous())
        }
    }

    pub(crate) fn values(&self) -> &[f32] {
        self.0.as_slice().expect("made contiguous, of f32")
    }

    /// The numbers, to be changed; copied first if another tensor shares them.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        let (start, end) = self.0.layout().contiguous_offsets().expect("made contiguous");
        &mut self.0.storage_mut()[start..end]
    }

    pub(crate) fn into_tensor<const D: usize>(self) -> Tensor<D> {
        Tensor::from_primitive::<Flex>(self.0)
    }

    pub(crate) fn dims<const D: usize>(&self) -> [usize; D] {
        self.0.shape().dims()
    }

    /// Batch, channels and pixels of images.
    pub(crate) fn image(&self) -> [usize; 3] {
        let [batch, channels, height, width] = self.dims();
        [batch, channels, height * width]
    }

    /// Rows and columns when all axes but the last count as one.
    pub(crate) fn rows(&self) -> [usize; 2] {
        let shape = self.0.shape();
        let axes = shape.as_slice();
        let (columns, rows) = axes.split_last().expect("tensors have a rank of 1 or more");
        [rows.iter().product(), *columns]
    }

    /// As many numbers in the same shape, which `fill` writes as in [`filled`](Self::filled).
    pub(crate) fn same_shape(&self, fill: impl FnOnce(&mut [f32])) -> Self {
        Self::filled([self.values().len()], fill).shaped_like(self)
    }

    /// The same numbers in the shape of `other`.
    pub(crate) fn shaped_like(self, other: &Self) -> Self {
        debug_assert_eq!(self.values().len(), other.values().len());
        debug_assert_eq!(self.0.layout().start_offset(), 0);
        Self(self.0.with_layout(Layout::contiguous(other.0.shape())))
    }

    /// Numbers that `fill` writes. It must write every one of them, and read none before.
    pub(crate) fn filled<const D: usize>(shape: [usize; D], fill: impl FnOnce(&mut [f32])) -> Self {
        let [flat] = Self::filled_together([shape.iter().product()], |[out]| fill(out));
        flat.reshaped(shape)
    }

    /// Several arrays of numbers, written together as in [`filled`](Self::filled).
    pub(crate) fn filled_together<const N: usize>(lens: [usize; N], fill: impl FnOnce([&mut [f32]; N])) -> [Self; N] {
        let mut buffers = lens.map(|len| (reserved(len), len));
        fill(buffers.each_mut().map(|(buffer, len)| {
            // SAFETY: the memory is reserved, suitably aligned and borrowed once; any bits are an `f32`, and kernels write
            // before they read.
            unsafe { std::slice::from_raw_parts_mut(buffer.as_mut_ptr(), *len) }
        }));
        buffers.map(|(mut buffer, len)| {
            // SAFETY: `fill` has written all of them.
            unsafe { buffer.set_len(len) };
            Self::owned(buffer, Shape::from([len]))
        })
    }

    fn owned(values: Vec<f32>, shape: Shape) -> Self {
        Self(FlexTensor::new(
            Bytes::from_elems(values),
            Layout::contiguous(shape),
            DType::F32,
        ))
    }

    /// The same freshly written numbers in another shape of as many.
    pub(crate) fn reshaped<const D: usize>(self, shape: [usize; D]) -> Self {
        debug_assert_eq!(self.values().len(), shape.iter().product::<usize>());
        debug_assert_eq!(self.0.layout().start_offset(), 0);
        Self(self.0.with_layout(Layout::contiguous(Shape::from(shape))))
    }
}

/// Memory for `len` numbers. Without optimization it is full of NaN, so that tests see what a kernel forgets to
/// write or reads too early.
fn reserved(len: usize) -> Vec<f32> {
    if cfg!(debug_assertions) {
        let mut buffer = vec![f32::NAN; len];
        buffer.clear();
        return buffer;
    }
    Vec::with_capacity(len)
}

/// One to five tensors, or the nine of a recurrent cell.
#[derive(ExtensionType)]
pub(crate) enum Operands<B: Backend> {
    One(FloatTensor<B>),
    Two(FloatTensor<B>, FloatTensor<B>),
    Three(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
    Four(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
    Five(
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
    ),
    Nine(
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
    ),
}

/// The one operation that is added to Burn's backends; which one it is, `kernel` says.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait KernelBackend: Backend {
    fn run(#[extension_type] operands: Operands<Self>, kernel: Arc<dyn DifferentiableKernel>) -> FloatTensor<Self>;
}

impl KernelBackend for Flex {
    fn run(operands: Operands<Self>, kernel: Arc<dyn DifferentiableKernel>) -> FloatTensor<Self> {
        match operands {
            Operands::One(a) => infer([a], &*kernel),
            Operands::Two(a, b) => infer([a, b], &*kernel),
            Operands::Three(a, b, c) => infer([a, b, c], &*kernel),
            Operands::Four(a, b, c, d) => infer([a, b, c, d], &*kernel),
            Operands::Five(a, b, c, d, e) => infer([a, b, c, d, e], &*kernel),
            Operands::Nine(a, b, c, d, e, f, g, h, i) => infer([a, b, c, d, e, f, g, h, i], &*kernel),
        }
    }
}

fn infer<const N: usize>(inputs: [FlexTensor; N], kernel: &dyn DifferentiableKernel) -> FlexTensor {
    kernel.infer(&inputs.map(Floats::new)).0
}

fn forward<const N: usize>(inputs: [FlexTensor; N], kernel: &dyn DifferentiableKernel) -> (FlexTensor, Vec<Floats>) {
    let (output, saved) = kernel.forward(&inputs.map(Floats::new));
    (output.0, saved)
}

impl<C: CheckpointStrategy> KernelBackend for Autodiff<Flex, C> {
    fn run(operands: Operands<Self>, kernel: Arc<dyn DifferentiableKernel>) -> FloatTensor<Self> {
        match operands {
            Operands::One(a) => tracked::<_, C>([a], kernel),
            Operands::Two(a, b) => tracked::<_, C>([a, b], kernel),
            Operands::Three(a, b, c) => tracked::<_, C>([a, b, c], kernel),
            Operands::Four(a, b, c, d) => tracked::<_, C>([a, b, c, d], kernel),
            Operands::Five(a, b, c, d, e) => tracked::<_, C>([a, b, c, d, e], kernel),
            Operands::Nine(a, b, c, d, e, f, g, h, i) => tracked::<_, C>([a, b, c, d, e, f, g, h, i], kernel),
        }
    }
}

fn tracked<const N: usize, C: CheckpointStrategy>(
    inputs: [FloatTensor<Autodiff<Flex, C>>; N],
    kernel: Arc<dyn DifferentiableKernel>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let nodes = inputs.each_ref().map(|input| input.node());
    let preparation = if kernel.cheap() {
        let again = Again {
            kernel: kernel.clone(),
            inputs: nodes.iter().map(|node| node.id()).collect(),
        };
        Derivative
            .prepare::<C>(nodes)
            .memory_bound()
            .retro_forward(again)
            .parents(&inputs)
    } else {
        Derivative.prepare::<C>(nodes).compute_bound()
    };
    match preparation.stateful() {
        OpsKind::Tracked(mut preparation) => {
            let kept = inputs.iter().enumerate();
            let kept = kept
                .map(|(index, input)| kernel.keeps(index).then(|| preparation.checkpoint(input)))
                .collect();
            let (output, saved) = forward(inputs.map(|input| input.into_primitive()), &*kernel);
            preparation.finish(State { kernel, kept, saved }, output)
        }
        OpsKind::UnTracked(preparation) => {
            preparation.finish(infer(inputs.map(|input| input.into_primitive()), &*kernel))
        }
    }
}

/// Computes the output of a [cheap](DifferentiableKernel::cheap) kernel once more, when a derivative asks for it.
#[derive(Debug)]
struct Again {
    kernel: Arc<dyn DifferentiableKernel>,
    inputs: Vec<NodeId>,
}

impl RetroForward for Again {
    fn forward(&self, states: &mut BackwardStates, output: NodeId) {
        let inputs = self.inputs.iter();
        let inputs: Vec<Floats> = inputs.map(|node| Floats::new(states.get_state(node))).collect();
        states.save(output, self.kernel.forward(&inputs).0.0);
    }
}

#[derive(Debug)]
struct Derivative;

#[derive(Clone, Debug)]
struct State {
    kernel: Arc<dyn DifferentiableKernel>,
    kept: Vec<Option<NodeId>>,
    saved: Vec<Floats>,
}

impl<const N: usize> Backward<Flex, N> for Derivative {
    type State = State;

    fn backward(self, ops: Ops<State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = Floats::new(gradients.consume::<Flex>(&ops.node));
        let State { kernel, kept, saved } = ops.state;
        let known = Known {
            inputs: kept
                .into_iter()
                .map(|node| node.map(|node| Floats::new(checkpointer.retrieve_node_output(node))))
                .collect(),
            saved,
            wanted: ops.parents.iter().map(Option::is_some).collect(),
        };
        let found = kernel.backward(&known, &gradient);
        for (parent, found) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(found)) = (parent, found) {
                gradients.register::<Flex>(parent.id, found.0);
            }
        }
    }
}

/// Runs `kernel`.
pub(crate) fn run<const D: usize>(kernel: impl DifferentiableKernel, operands: Operands<Dispatch>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as KernelBackend>::run(operands, Arc::new(kernel)))
}
