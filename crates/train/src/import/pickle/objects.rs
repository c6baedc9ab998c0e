//! Values in place of the functions and classes that a pickle names.

use std::io::BufRead;

use super::Machine;
use crate::import::value::{Heap, Id, Storage, Tensor, Value};

/// More bytes than the names and sizes of any checkpoint have.
const MOST_COPIED: usize = 1 << 25;

impl<R: BufRead> Machine<'_, R> {
    pub(super) fn object(&mut self, code: u8) -> Result<(), String> {
        match code {
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let global = self.global(&module, &name)?;
                self.stack.push(global);
                Ok(())
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (module, name) = (self.heap.name(module), self.heap.name(name));
                let global = self.global(&module, &name)?;
                self.stack.push(global);
                Ok(())
            }
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                let class = self.global(&module, &name)?;
                let arguments = self.pop_to_mark()?;
                let arguments = self.heap.add(Value::List(arguments))?;
                self.call(class, arguments)
            }
            b'o' => {
                let all = self.pop_to_mark()?;
                let (class, arguments) = all.split_first().ok_or("it makes an object of no class")?;
                let arguments = self.heap.add(Value::List(arguments.to_vec()))?;
                self.call(*class, arguments)
            }
            b'R' | 0x81 => {
                let arguments = self.pop()?;
                let class = self.pop()?;
                self.call(class, arguments)
            }
            0x92 => {
                let (_, arguments) = (self.pop()?, self.pop()?);
                let class = self.pop()?;
                self.call(class, arguments)
            }
            b'b' => {
                let state = self.pop()?;
                let object = self.top()?;
                if let Value::Object(object) = self.heap.get_mut(object) {
                    object.state = Some(state);
                }
                Ok(())
            }
            _ => {
                let id = match code {
                    b'P' => {
                        let line = self.line()?;
                        self.heap.add(Value::Text(line.into()))?
                    }
                    _ => self.pop()?,
                };
                // Before PyTorch 1.6 the class of a network came with its source.
                if let Some([kind, class, _, _]) = self.heap.list(id)
                    && matches!(self.heap.get(*kind), Value::Text(kind) if **kind == *"module")
                {
                    self.stack.push(*class);
                    return Ok(());
                }
                let storage = Storage::of(&self.heap, id)?;
                self.spend(storage.key.len() + size_of::<Storage>())?;
                self.push(Value::Storage(Box::new(storage)))
            }
        }
    }

    /// Result of calling a function or class, as far as it is known here.
    fn call(&mut self, function: Id, arguments: Id) -> Result<(), String> {
        let argument = |heap: &Heap, index: usize| heap.list(arguments)?.get(index).copied();
        let first = argument(&self.heap, 0);
        let value = match Function::of(self.heap.get(function)) {
            Function::Tensor { is_typed } => {
                let tensor = Tensor::rebuilt(&self.heap, arguments, is_typed)?;
                self.spend(tensor.storage.len() + tensor.shape.len() * size_of::<[u64; 2]>())?;
                Value::Tensor(Box::new(tensor))
            }
            Function::Parameter => {
                self.stack.push(first.ok_or("a parameter has no values")?);
                return Ok(());
            }
            Function::FromType => {
                let inner = first.zip(argument(&self.heap, 2));
                let (inner, arguments) = inner.ok_or("a tensor of a class of its own has no values")?;
                // Calls of this do not nest.
                return match Function::of(self.heap.get(inner)) {
                    Function::FromType => Err("a tensor is made of itself".to_owned()),
                    _ => self.call(inner, arguments),
                };
            }
            Function::OtherTensor => {
                let name = self.heap.name(function);
                self.spend(name.len())?;
                Value::OtherTensor(name.into())
            }
            Function::Dict => {
                let pairs = first.map_or_else(Vec::new, |pairs| self.pairs(pairs));
                self.spend(pairs.len() * size_of::<(Id, Id)>())?;
                Value::Dict(pairs)
            }
            Function::DefaultDict => Value::Dict(Vec::new()),
            Function::List => {
                let items = first
                    .and_then(|items| self.heap.list(items))
                    .map_or_else(Vec::new, <[Id]>::to_vec);
                self.spend(items.len() * size_of::<Id>())?;
                Value::List(items)
            }
            Function::Other => Value::Object(Box::default()),
        };
        self.push(value)
    }

    /// Counts bytes that are copied within the heap: a few instructions could copy the same ones for ever.
    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.copied += bytes;
        match self.copied > MOST_COPIED {
            true => Err(format!("it copies more than {MOST_COPIED} bytes")),
            false => Ok(()),
        }
    }

    fn global(&mut self, module: &str, name: &str) -> Result<Id, String> {
        let name = format!("{module}.{name}");
        self.spend(name.len())?;
        self.heap.add(Value::Global(name.into()))
    }

    /// Of a dictionary, or of a list of pairs.
    fn pairs(&self, id: Id) -> Vec<(Id, Id)> {
        match self.heap.get(id) {
            Value::Dict(pairs) => pairs.clone(),
            Value::List(items) => (items.iter())
                .filter_map(|item| match self.heap.list(*item)? {
                    [key, value] => Some((*key, *value)),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A known function or class of Python.
#[derive(Clone, Copy)]
enum Function {
    Tensor {
        is_typed: bool,
    },
    Parameter,
    FromType,
    OtherTensor,
    Dict,
    /// Its first argument is what makes values that are missing.
    DefaultDict,
    List,
    Other,
}

impl Function {
    fn of(value: &Value) -> Self {
        let Value::Global(name) = value else {
            return Self::Other;
        };
        match &**name {
            "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2" => Self::Tensor { is_typed: false },
            "torch._utils._rebuild_tensor_v3" => Self::Tensor { is_typed: true },
            "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state" => Self::Parameter,
            "torch._tensor._rebuild_from_type_v2" => Self::FromType,
            name if name.starts_with("torch._utils._rebuild") => Self::OtherTensor,
            "collections.OrderedDict" | "collections.Counter" | "builtins.dict" | "__builtin__.dict" => Self::Dict,
            "collections.defaultdict" => Self::DefaultDict,
            "collections.deque"
            | "torch.Size"
            | "builtins.set"
            | "builtins.frozenset"
            | "builtins.list"
            | "builtins.tuple"
            | "__builtin__.set"
            | "__builtin__.frozenset" => Self::List,
            _ => Self::Other,
        }
    }
}
