//! A module's tensors one after the other, by name and flattened: a closure cannot take tensors of any rank.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use foreframe_core::{NamedMapper, NamedVisitor, map_named, visit_named};

/// `tensor` with all its axes made one.
pub(crate) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let len = tensor.shape().num_elements();
    tensor.reshape([len])
}

/// Shows every tensor; a weight that was not drawn yet is drawn, in the order of the fields.
pub(crate) fn visit<M: Module>(module: &M, show: &mut dyn FnMut(&str, Tensor<1>)) {
    struct Show<'a>(&'a mut dyn FnMut(&str, Tensor<1>));
    impl NamedVisitor for Show<'_> {
        fn visit<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
            (self.0)(name, flat(param.val()));
        }
    }
    visit_named(module, &mut Show(show));
}

/// Replaces every tensor for which `change` has another.
pub(crate) fn map<M: Module>(module: M, change: &mut dyn FnMut(&str, Tensor<1>) -> Option<Tensor<1>>) -> M {
    struct Change<'a>(&'a mut dyn FnMut(&str, Tensor<1>) -> Option<Tensor<1>>);
    impl NamedMapper for Change<'_> {
        fn map<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let value = param.val();
            match (self.0)(name, flat(value.clone())) {
                Some(changed) => param.map(|_| changed.reshape(value.shape())),
                None => param,
            }
        }
    }
    map_named(module, &mut Change(change))
}
