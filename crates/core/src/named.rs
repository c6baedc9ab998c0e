//! A network's tensors by name: `blocks.0.norm.weight`.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Gradients, Tensor, TensorData};

use crate::finite::{NotFinite, check_finite};
use crate::prefix::same_size;

/// One parameter or buffer of a network, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Field names and indices from the network down, joined by dots.
    pub name: String,
    /// The values.
    pub data: TensorData,
    /// Burn's identity of the parameter, by which gradients and optimizer states are found.
    pub id: ParamId,
}

/// Whether `name` is a statistic that training updates without a gradient.
pub fn is_buffer(name: &str) -> bool {
    name.rsplit('.')
        .next()
        .is_some_and(|field| field.starts_with("running_"))
}

/// A visitor of every tensor, for [`visit_named`].
pub trait NamedVisitor {
    /// `param`, which is called `name`.
    fn visit<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>);
}

/// A replacement for every tensor, for [`map_named`].
pub trait NamedMapper {
    /// The replacement of `param`, which is called `name`.
    fn map<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>>;
}

/// Visits all floating-point tensors of `module` with their names, in the order of its fields.
pub fn visit_named<M: Module>(module: &M, visitor: &mut impl NamedVisitor) {
    module.visit(&mut Named::new(visitor));
}

/// Replaces all floating-point tensors of `module`, in the order of its fields.
pub fn map_named<M: Module>(module: M, mapper: &mut impl NamedMapper) -> M {
    module.map(&mut Named::new(mapper))
}

/// Knows where in a module it is.
struct Named<'a, V> {
    path: Vec<String>,
    inner: &'a mut V,
}

impl<'a, V> Named<'a, V> {
    fn new(inner: &'a mut V) -> Self {
        let path = Vec::new();
        Self { path, inner }
    }
}

impl<V: NamedVisitor> ModuleVisitor for Named<'_, V> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.inner.visit(&self.path.join("."), param);
    }
}

impl<V: NamedMapper> ModuleMapper for Named<'_, V> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.inner.map(&self.path.join("."), param)
    }
}

/// All floating-point tensors of `module` in the order of its fields.
pub fn named_tensors<M: Module>(module: &M) -> Vec<NamedTensor> {
    struct Collect(Vec<NamedTensor>);
    impl NamedVisitor for Collect {
        fn visit<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
            self.0.push(NamedTensor {
                name: name.to_owned(),
                data: param.val().into_data(),
                id: param.id,
            });
        }
    }
    let mut visitor = Collect(Vec::new());
    visit_named(module, &mut visitor);
    visitor.0
}

/// The name and shape of every floating-point tensor of `module` in the order of its fields. Parameters that were never
/// used stay so: no values are drawn.
pub fn named_shapes<M: Module>(module: &M) -> Vec<(String, Vec<usize>)> {
    struct Collect(Vec<(String, Vec<usize>)>);
    impl NamedVisitor for Collect {
        fn visit<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
            self.0.push((name.to_owned(), param.lazy_shape().to_vec()));
        }
    }
    let mut visitor = Collect(Vec::new());
    visit_named(module, &mut visitor);
    visitor.0
}

/// Gradients by name; a parameter that the loss does not depend on is absent.
pub fn gradients<M: Module>(module: &M, gradients: &Gradients) -> BTreeMap<String, TensorData> {
    struct Collect<'a> {
        gradients: &'a Gradients,
        found: BTreeMap<String, TensorData>,
    }
    impl NamedVisitor for Collect<'_> {
        fn visit<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
            if is_buffer(name) {
                return;
            }
            if let Some(gradient) = param.val().grad(self.gradients) {
                self.found.insert(name.to_owned(), gradient.into_data());
            }
        }
    }
    let found = BTreeMap::new();
    let mut visitor = Collect { gradients, found };
    visit_named(module, &mut visitor);
    visitor.found
}

/// Number of trainable values: running statistics are not counted, as in PyTorch.
pub fn count_parameters<M: Module>(module: &M) -> usize {
    let parameters = named_shapes(module).into_iter().filter(|(name, _)| !is_buffer(name));
    parameters.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

/// Why tensors do not fit a network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AssignError {
    /// The network has a tensor that was not given.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// A given tensor has no place in the network.
    #[error("tensor `{0}` has no place in this network")]
    Unknown(String),
    /// A tensor has another size than the network's.
    #[error("tensor `{name}` is {found:?}, the network's is {expected:?}")]
    Shape {
        /// The tensor's name.
        name: String,
        /// Its size in the file.
        found: Vec<usize>,
        /// Its size in the network.
        expected: Vec<usize>,
    },
    /// A tensor holds values of a type that is not floating-point.
    #[error("tensor `{name}` holds {dtype} values, not floating-point ones")]
    Type {
        /// The tensor's name.
        name: String,
        /// Its type in the file.
        dtype: String,
    },
    /// A tensor holds a value that no weight can have.
    #[error("tensor `{name}` is {value:?} at {index:?}, which is no weight: NaN, infinite, or beyond the range of f32")]
    NotFinite {
        /// The tensor's name.
        name: String,
        /// Where the first such value is, one index per axis.
        index: Vec<usize>,
        /// NaN, an infinity, or a number too large for `f32`.
        value: f64,
    },
}

impl AssignError {
    /// The tensor at fault.
    pub fn name(&self) -> &str {
        match self {
            Self::Missing(name)
            | Self::Unknown(name)
            | Self::Shape { name, .. }
            | Self::Type { name, .. }
            | Self::NotFinite { name, .. } => name,
        }
    }

    pub(crate) fn not_finite(name: &str, NotFinite { index, value }: NotFinite) -> Self {
        Self::NotFinite {
            name: name.to_owned(),
            index,
            value,
        }
    }
}

/// The values of the tensor `name` in the size that the network has it in.
fn fitting(name: &str, data: Option<TensorData>, expected: &[usize]) -> Result<TensorData, AssignError> {
    let name = name.to_owned();
    let Some(data) = data else {
        return Err(AssignError::Missing(name));
    };
    if !same_size(data.shape(), expected) {
        return Err(AssignError::Shape {
            name,
            found: data.shape().to_vec(),
            expected: expected.to_vec(),
        });
    }
    if !data.dtype().is_float() {
        return Err(AssignError::Type {
            name,
            dtype: format!("{:?}", data.dtype()),
        });
    }
    check_finite(&data).map_err(|bad| AssignError::not_finite(&name, bad))?;
    Ok(match data.shape().is_empty() {
        true => TensorData::new(data.iter::<f32>().collect(), [1]),
        false => data,
    })
}

/// Of how many steps of a recurrence running statistics of size `found` are, where those of fewer steps than `expected` has,
/// `[steps, channels]`, can stand for all.
pub(crate) fn steps_given(found: &[usize], expected: &[usize]) -> Option<usize> {
    let [steps, channels] = *expected else { return None };
    match *found {
        [found] if found == channels => Some(1),
        [given, found] if found == channels && (1..steps).contains(&given) => Some(given),
        _ => None,
    }
}

/// Running statistics of a recurrence, `[steps, channels]`, from `data` that has fewer steps, or none, `[channels]`: its last
/// ones stand for all steps that follow, as they do in a forecast of more steps than a network has statistics for.
fn for_all_steps(data: TensorData, expected: &[usize]) -> TensorData {
    let (Some(given), [steps, channels]) = (steps_given(data.shape(), expected), expected) else {
        return data;
    };
    let (steps, channels) = (*steps, *channels);
    if !data.dtype().is_float() {
        return data;
    }
    let mut values: Vec<f32> = data.iter().collect();
    let last = values.split_off((given - 1) * channels);
    values.extend(last.repeat(steps - given + 1));
    TensorData::new(values, [steps, channels])
}

/// The one set of running statistics that published files have, from one for each step of a recurrence, where those are
/// equal; `None` where they are not.
pub fn one_for_all_steps(data: TensorData) -> Option<TensorData> {
    let [steps, channels] = data.shape().as_slice() else {
        return Some(data);
    };
    let (steps, channels) = (*steps, *channels);
    let values: Vec<f32> = data.iter().collect();
    let first = &values[..channels];
    (first.repeat(steps) == values).then(|| TensorData::new(first.to_vec(), [channels]))
}

/// Replaces every tensor of `module` by the one of the same name. Running statistics may be those of fewer steps of a
/// recurrence than the network has: the last ones stand for those that follow.
///
/// # Errors
/// Names the first tensor that is missing, left over, of another size, or that holds a value that is not finite; the module is then lost, the caller's copy is not.
pub fn assign<M: Module>(module: M, mut tensors: BTreeMap<String, TensorData>) -> Result<M, AssignError> {
    struct Replace<'a> {
        tensors: &'a mut BTreeMap<String, TensorData>,
        error: Option<AssignError>,
    }
    impl NamedMapper for Replace<'_> {
        fn map<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            if self.error.is_some() {
                return param;
            }
            let expected = param.lazy_shape().to_vec();
            let given = self.tensors.remove(name);
            let given = match is_buffer(name) {
                true => given.map(|data| for_all_steps(data, &expected)),
                false => given,
            };
            match fitting(name, given, &expected) {
                Ok(data) => {
                    // Parameters that were never used are replaced without drawing their first values.
                    let (id, device) = (param.id, param.lazy_device());
                    param.transform_for_load(Tensor::from_data(data, &device), id)
                }
                Err(error) => {
                    self.error = Some(error);
                    param
                }
            }
        }
    }
    let mut mapper = Replace {
        tensors: &mut tensors,
        error: None,
    };
    let module = map_named(module, &mut mapper);
    if let Some(error) = mapper.error {
        return Err(error);
    }
    match tensors.into_keys().next() {
        Some(name) => Err(AssignError::Unknown(name)),
        None => Ok(module),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Network {
        layers: Vec<Linear>,
        norm: BatchNorm,
    }

    fn network() -> Network {
        let device = Device::flex().autodiff();
        Network {
            layers: vec![
                LinearConfig::new(2, 3).init(&device),
                LinearConfig::new(3, 1).init(&device),
            ],
            norm: BatchNormConfig::new(4).init(&device),
        }
    }

    fn tensors(network: &Network) -> BTreeMap<String, TensorData> {
        named_tensors(network)
            .into_iter()
            .map(|tensor| (tensor.name, tensor.data))
            .collect()
    }

    #[test]
    fn names_follow_fields_and_buffers_are_not_parameters() {
        let network = network();
        let names: Vec<String> = named_tensors(&network).into_iter().map(|tensor| tensor.name).collect();
        assert_eq!(names[..2], ["layers.0.weight", "layers.0.bias"]);
        assert!(names.contains(&"norm.running_var".to_owned()));
        assert_eq!(count_parameters(&network), 6 + 3 + 3 + 1 + 8);
    }

    #[test]
    fn assignment_replaces_values_and_keeps_gradients() {
        let source = network();
        let target = assign(network(), tensors(&source)).unwrap();
        assert_eq!(tensors(&target), tensors(&source));
        assert!(target.layers[0].weight.val().is_require_grad());
    }

    #[test]
    fn a_number_without_axes_is_a_tensor_of_one_element() {
        #[derive(Module, Debug)]
        struct Scalar {
            value: Param<Tensor<1>>,
        }
        let scalar = Scalar {
            value: Param::from_tensor(Tensor::zeros([1], &Device::flex())),
        };
        let number = TensorData::new(vec![0.25f32], Vec::<usize>::new());
        let scalar = assign(scalar, BTreeMap::from([("value".to_owned(), number)])).unwrap();
        assert_eq!(scalar.value.val().into_scalar::<f32>(), 0.25);
    }

    #[test]
    fn assignment_names_what_does_not_fit() {
        let source = network();
        let mut missing = tensors(&source);
        missing.remove("layers.1.bias");
        assert_eq!(
            assign(network(), missing).unwrap_err(),
            AssignError::Missing("layers.1.bias".into())
        );
        let mut extra = tensors(&source);
        extra.insert("layers.2.bias".into(), TensorData::from([0.0f32]));
        assert_eq!(
            assign(network(), extra).unwrap_err(),
            AssignError::Unknown("layers.2.bias".into())
        );
        let mut wrong = tensors(&source);
        wrong.insert("layers.1.bias".into(), TensorData::from([0.0f32, 1.0]));
        assert!(matches!(
            assign(network(), wrong).unwrap_err(),
            AssignError::Shape { name, .. } if name == "layers.1.bias"
        ));
        let mut integers = tensors(&source);
        integers.insert("layers.1.bias".into(), TensorData::from([1i64]));
        assert!(matches!(
            assign(network(), integers).unwrap_err(),
            AssignError::Type { name, .. } if name == "layers.1.bias"
        ));
        let mut diverged = tensors(&source);
        diverged.insert("layers.0.bias".into(), TensorData::from([0.5f32, 1.0, f32::NAN]));
        let error = assign(network(), diverged).unwrap_err().to_string();
        assert!(error.contains("`layers.0.bias` is NaN at [2]"), "{error}");
    }
}
