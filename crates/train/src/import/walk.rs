//! The contents of a checkpoint, found in the values of its pickle: tensors by name, and the network's hyper-parameters.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde_json::Value as Json;

use super::value::{Heap, Id, Object, Tensor, Value};

/// Deeper than the values of any checkpoint that a Python program could write.
const DEEPEST: usize = 256;
/// The longest name of a tensor, in bytes.
const LONGEST: usize = 1 << 12;
/// Upper limit for the names of all tensors, in bytes.
const MOST_LETTERS: usize = 1 << 25;
/// Objects that are looked at for settings.
const MOST_LOOKED_AT: usize = 1 << 14;
/// The longest name of a setting.
const LONGEST_NAME: usize = 64;
/// The longest list that is a setting.
const LONGEST_LIST: usize = 16;

/// Where `torch.nn.Module` keeps what its state dict consists of.
const TABLES: [&str; 3] = ["_parameters", "_buffers", "_modules"];

/// The tensors found.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) tensors: BTreeMap<String, Tensor>,
    /// Tensors that hold no plain values, and what they are.
    pub(super) others: BTreeMap<String, String>,
    pub(super) settings: BTreeMap<String, Json>,
}

/// Everything below `root`. Names are the keys and attributes on the way, joined by dots; a module has the names of its
/// state dict.
///
/// # Errors
/// Says why no end is found.
pub(super) fn contents(heap: &Heap, root: Id) -> Result<Contents, String> {
    let mut walk = Walk {
        heap,
        contents: Contents {
            settings: settings(heap, root),
            ..Contents::default()
        },
        path: Vec::new(),
        entered: HashSet::new(),
        objects: HashSet::new(),
        // A dictionary may be in a file under several names, but not under more and more of them.
        left: 4 * heap.len() + 4096,
        letters: MOST_LETTERS,
    };
    walk.enter(root)?;
    Ok(walk.contents)
}

struct Walk<'h> {
    heap: &'h Heap,
    contents: Contents,
    path: Vec<String>,
    /// Those on the way to where the walk is: none is entered again from within.
    entered: HashSet<Id>,
    /// Objects of unknown classes, each of which is entered once only: they may refer to each other.
    objects: HashSet<Id>,
    left: usize,
    /// Remaining limit for names, in bytes.
    letters: usize,
}

impl Walk<'_> {
    fn enter(&mut self, id: Id) -> Result<(), String> {
        let heap = self.heap;
        match heap.get(id) {
            Value::Tensor(tensor) => {
                let (name, tensor) = (self.name()?, Tensor::clone(tensor));
                return match self.contents.tensors.insert(name.clone(), tensor) {
                    Some(_) => Err(format!("two of its tensors are called `{name}`")),
                    None => Ok(()),
                };
            }
            Value::OtherTensor(kind) => {
                let name = self.name()?;
                self.contents.others.insert(name, kind.to_string());
                return Ok(());
            }
            Value::List(_) | Value::Dict(_) | Value::Object(_) => {}
            _ => return Ok(()),
        }
        self.left = self.left.checked_sub(1).ok_or("it refers to itself again and again")?;
        if self.path.len() > DEEPEST || self.path.iter().map(String::len).sum::<usize>() > LONGEST {
            return Err(format!("its values lie more than {DEEPEST} levels deep"));
        }
        if !self.entered.insert(id) {
            return Ok(());
        }
        match heap.get(id) {
            Value::List(items) => self.items(items)?,
            Value::Dict(pairs) => self.pairs(pairs)?,
            Value::Object(object) => self.object(id, object)?,
            _ => {}
        }
        self.entered.remove(&id);
        Ok(())
    }

    fn name(&mut self) -> Result<String, String> {
        let name = self.path.join(".");
        let left = self.letters.checked_sub(name.len() + size_of::<Tensor>());
        self.letters = left.ok_or("it holds more tensors than any checkpoint")?;
        Ok(name)
    }

    fn below(&mut self, name: String, id: Id) -> Result<(), String> {
        self.path.push(name);
        self.enter(id)?;
        self.path.pop();
        Ok(())
    }

    fn items(&mut self, items: &[Id]) -> Result<(), String> {
        let mut numbered = items.iter().enumerate();
        numbered.try_for_each(|(index, item)| self.below(index.to_string(), *item))
    }

    fn pairs(&mut self, pairs: &[(Id, Id)]) -> Result<(), String> {
        let is_long =
            |key: Id| matches!(self.heap.get(key), Value::Text(name) | Value::Global(name) if name.len() > LONGEST);
        if pairs.iter().any(|(key, _)| is_long(*key)) {
            return Err(format!("a key has more than {LONGEST} bytes"));
        }
        // Of several with the same key the last one counts.
        let last: BTreeMap<String, Id> = pairs
            .iter()
            .map(|(key, value)| (self.heap.name(*key), *value))
            .collect();
        last.into_iter().try_for_each(|(name, value)| self.below(name, value))
    }

    fn object(&mut self, id: Id, object: &Object) -> Result<(), String> {
        if let Some(state) = object.state {
            let tables = TABLES.map(|table| self.heap.entry(state, table));
            if let [Some(parameters), Some(buffers), Some(modules)] = tables {
                return self.module(state, [parameters, buffers, modules]);
            }
        }
        if !self.objects.insert(id) {
            return Ok(());
        }
        self.items(&object.items)?;
        self.pairs(&object.pairs)?;
        match object.state.map(|state| self.heap.get(state)) {
            Some(Value::Dict(pairs)) => self.pairs(pairs),
            // Attributes, and those that the class keeps apart.
            Some(Value::List(parts)) => parts.iter().try_for_each(|part| self.enter(*part)),
            _ => Ok(()),
        }
    }

    fn module(&mut self, state: Id, tables: [Id; 3]) -> Result<(), String> {
        let transient = self.heap.entry(state, "_non_persistent_buffers_set");
        let transient = transient.and_then(|names| self.heap.list(names)).unwrap_or_default();
        let transient: Vec<String> = transient.iter().map(|name| self.heap.name(*name)).collect();
        for table in tables {
            let Value::Dict(pairs) = self.heap.get(table) else {
                continue;
            };
            let kept = |(key, _): &&(Id, Id)| !transient.contains(&self.heap.name(*key));
            let pairs: Vec<(Id, Id)> = pairs.iter().filter(kept).copied().collect();
            self.pairs(&pairs)?;
        }
        Ok(())
    }
}

/// Values by their names, wherever they stand: those of Lightning's `hyper_parameters` first, then what lies higher.
fn settings(heap: &Heap, root: Id) -> BTreeMap<String, Json> {
    let mut settings = BTreeMap::new();
    let mut seen = HashSet::new();
    let first = heap.entry(root, "hyper_parameters").into_iter();
    let mut queue: VecDeque<Id> = first.chain([root]).collect();
    while let Some(id) = queue.pop_front() {
        if seen.len() > MOST_LOOKED_AT || !seen.insert(id) {
            continue;
        }
        let pairs: Vec<(Id, Id)> = match heap.get(id) {
            Value::Dict(pairs) => pairs.clone(),
            Value::Object(object) => {
                queue.extend(object.state);
                object.pairs.clone()
            }
            _ => continue,
        };
        for (key, value) in pairs {
            match (heap.get(key), plain(heap, value)) {
                (Value::Text(name), Some(value)) if name.len() <= LONGEST_NAME => {
                    settings.entry(name.to_string()).or_insert(value);
                }
                _ => queue.push_back(value),
            }
        }
    }
    settings
}

/// A number, a word, or a short list of them; as OmegaConf keeps them, too.
fn plain(heap: &Heap, id: Id) -> Option<Json> {
    let scalar = |id: Id| match heap.get(id) {
        Value::Bool(value) => Some(Json::from(*value)),
        Value::Int(value) => Some(Json::from(*value)),
        Value::Float(value) => Some(Json::from(*value)),
        Value::Text(text) if text.len() <= LONGEST_NAME => Some(Json::from(&**text)),
        _ => None,
    };
    match heap.get(id) {
        Value::List(items) if (1..=LONGEST_LIST).contains(&items.len()) => {
            items.iter().map(|item| scalar(*item)).collect()
        }
        Value::Object(object) => scalar(heap.entry(object.state?, "_val")?),
        _ => scalar(id),
    }
}
