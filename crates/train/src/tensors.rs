//! A module's tensors one after the other, by name and flattened: a closure cannot take tensors of any rank.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// `tensor` with all its axes made one.
pub(crate) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let len = tensor.shape().num_elements();
    tensor.reshape([len])
}

/// Shows every tensor; a weight that was not drawn yet is drawn, in the order of the fields.
pub(crate) fn visit<M: Module>(module: &M, show: &mut dyn FnMut(&str, Tensor<1>)) {
    struct Show<'a> {
        path: Vec<String>,
        show: &'a mut dyn FnMut(&str, Tensor<1>),
    }
    impl ModuleVisitor for Show<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            (self.show)(&self.path.join("."), flat(param.val()));
        }
    }
    module.visit(&mut Show { path: Vec::new(), show });
}

/// Replaces every tensor for which `change` has another.
pub(crate) fn map<M: Module>(module: M, change: &mut dyn FnMut(&str, Tensor<1>) -> Option<Tensor<1>>) -> M {
    struct Change<'a> {
        path: Vec<String>,
        change: &'a mut dyn FnMut(&str, Tensor<1>) -> Option<Tensor<1>>,
    }
    impl ModuleMapper for Change<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let value = param.val();
            match (self.change)(&self.path.join("."), flat(value.clone())) {
                Some(changed) => param.map(|_| changed.reshape(value.shape())),
                None => param,
            }
        }
    }
    module.map(&mut Change {
        path: Vec::new(),
        change,
    })
}
