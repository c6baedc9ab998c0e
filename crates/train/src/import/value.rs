//! The values of a pickle: one heap, in which they refer to each other by index.

use burn::tensor::DType;

/// The place of a value in the heap.
pub(super) type Id = u32;

/// More values than any checkpoint has; a file that goes on and on must end somewhere.
const MOST_VALUES: usize = 1 << 23;

/// More axes than `torch` allows a tensor.
const MOST_AXES: usize = 64;
/// The longest name of a storage or of its class.
const LONGEST: usize = 256;

/// A Python object, as far as it matters here. What a class of its own would make of it is not known: its parts are kept.
#[derive(Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Box<str>),
    /// Lists, tuples, sets and queues.
    List(Vec<Id>),
    /// Dictionaries of all kinds.
    Dict(Vec<(Id, Id)>),
    /// A class or function, by its module and name.
    Global(Box<str>),
    Object(Box<Object>),
    Storage(Box<Storage>),
    Tensor(Box<Tensor>),
    /// A tensor of a kind that holds no plain values, and what it is.
    OtherTensor(Box<str>),
    /// Bytes, and integers of more than 64 bits.
    Opaque,
}

/// An object of a class that is not looked into.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// Its attributes, as the pickle sets them.
    pub(super) state: Option<Id>,
    /// Items appended to it, if its class is that of a list.
    pub(super) items: Vec<Id>,
    /// Items set in it, if its class is that of a dictionary.
    pub(super) pairs: Vec<(Id, Id)>,
}

/// Where the bytes of tensors lie.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    pub(super) key: String,
    /// `FloatStorage`, ...
    class: Box<str>,
    /// Elements, or bytes where it has no type.
    pub(super) elements: u64,
    /// Where a view of another storage begins in that, in elements.
    start: u64,
}

/// A tensor whose values were not read yet.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    /// The key of its storage.
    pub(super) storage: String,
    /// The type of its values, or the name of one that is not known here.
    pub(super) dtype: Result<DType, String>,
    /// Where it begins, in elements.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    pub(super) stride: Vec<u64>,
    /// Elements from its beginning to its last one in the storage.
    pub(super) extent: u64,
}

/// All values of a pickle.
#[derive(Debug, Default)]
pub(super) struct Heap(Vec<Value>);

impl Heap {
    pub(super) fn add(&mut self, value: Value) -> Result<Id, String> {
        if self.0.len() >= MOST_VALUES {
            return Err(format!("it describes more than {MOST_VALUES} objects"));
        }
        self.0.push(value);
        Ok((self.0.len() - 1) as Id)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, id: Id) -> &Value {
        &self.0[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Value {
        &mut self.0[id as usize]
    }

    /// The members of a list or tuple.
    pub(super) fn list(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The attribute or entry `name` of a dictionary.
    pub(super) fn entry(&self, id: Id, name: &str) -> Option<Id> {
        let Value::Dict(pairs) = self.get(id) else {
            return None;
        };
        // Of several with the same key the last one counts.
        let mut pairs = pairs.iter().rev();
        let is_named = |key: Id| matches!(self.get(key), Value::Text(text) if **text == *name);
        pairs.find(|(key, _)| is_named(*key)).map(|(_, value)| *value)
    }

    /// A size, offset or count.
    pub(super) fn size(&self, id: Id) -> Result<u64, String> {
        match self.get(id) {
            Value::Int(value) => u64::try_from(*value).map_err(|_| format!("a size is {value}")),
            _ => Err("a size is no number".to_owned()),
        }
    }

    fn sizes(&self, id: Id) -> Result<Vec<u64>, String> {
        let items = self.list(id).filter(|items| items.len() <= MOST_AXES);
        let items = items.ok_or("the size of a tensor is no tuple of a few numbers")?;
        items.iter().map(|item| self.size(*item)).collect()
    }

    /// A key as a part of a longer name.
    pub(super) fn name(&self, id: Id) -> String {
        match self.get(id) {
            Value::Text(text) | Value::Global(text) => text.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => format!("<{id}>"),
        }
    }
}

impl Storage {
    /// From `('storage', class, key, location, elements)`, in files before PyTorch 1.6 with the view of another storage.
    pub(super) fn of(heap: &Heap, id: Id) -> Result<Self, String> {
        let wrong = "it refers to bytes elsewhere, but not as torch.save does";
        let [kind, class, key, _, elements, view @ ..] = heap.list(id).ok_or(wrong)? else {
            return Err(wrong.to_owned());
        };
        if !matches!(heap.get(*kind), Value::Text(kind) if **kind == *"storage") {
            return Err(wrong.to_owned());
        }
        let (class, key) = (heap.name(*class), heap.name(*key));
        if class.len() > LONGEST || key.len() > LONGEST {
            return Err(wrong.to_owned());
        }
        let start = match view.first().and_then(|view| heap.list(*view)) {
            Some([_, start, _]) => heap.size(*start)?,
            _ => 0,
        };
        Ok(Self {
            key,
            class: class.rsplit('.').next().unwrap_or_default().into(),
            elements: heap.size(*elements)?,
            start,
        })
    }

    /// The type of its elements, which storages of newer files may leave open.
    pub(super) fn dtype(&self) -> Option<DType> {
        dtype(self.class.strip_suffix("Storage").unwrap_or_default())
    }

    /// All its bytes, if their number can be known.
    pub(super) fn bytes(&self) -> Option<u64> {
        let size = match &*self.class {
            "UntypedStorage" => 1,
            "ComplexFloatStorage" => 8,
            "ComplexDoubleStorage" => 16,
            "QInt8Storage" | "QUInt8Storage" => 1,
            "QInt32Storage" => 4,
            _ => self.dtype()?.size() as u64,
        };
        self.elements.checked_mul(size)
    }
}

/// By the name of the storage without `Storage`, or of the type.
fn dtype(name: &str) -> Option<DType> {
    Some(match name {
        "Double" | "float64" | "double" => DType::F64,
        "Float" | "float32" | "float" => DType::F32,
        "Half" | "float16" | "half" => DType::F16,
        "BFloat16" | "bfloat16" => DType::BF16,
        "Long" | "int64" | "long" => DType::I64,
        "Int" | "int32" | "int" => DType::I32,
        "Short" | "int16" | "short" => DType::I16,
        "Char" | "int8" => DType::I8,
        "uint64" => DType::U64,
        "uint32" => DType::U32,
        "uint16" => DType::U16,
        // A truth value is one byte; no network reads it, but it must be accounted for.
        "Byte" | "Bool" | "uint8" | "bool" => DType::U8,
        _ => return None,
    })
}

impl Tensor {
    /// From the arguments `(storage, offset, size, stride, ...)`; the seventh is the type where the storage has none.
    pub(super) fn rebuilt(heap: &Heap, arguments: Id, is_typed: bool) -> Result<Self, String> {
        let wrong = "a tensor is not described as torch.save does";
        let arguments = heap.list(arguments).ok_or(wrong)?;
        let [storage, offset, shape, stride, rest @ ..] = arguments else {
            return Err(wrong.to_owned());
        };
        let Value::Storage(storage) = heap.get(*storage) else {
            return Err(wrong.to_owned());
        };
        let dtype = match (is_typed, rest) {
            (true, [_, _, name, ..]) => {
                let name = heap.name(*name);
                dtype(name.strip_prefix("torch.").unwrap_or(&name)).ok_or(name)
            }
            _ => storage.dtype().ok_or_else(|| storage.class.to_string()),
        };
        let (shape, stride) = (heap.sizes(*shape)?, heap.sizes(*stride)?);
        let too_large = || format!("a tensor of {shape:?} with strides {stride:?} is larger than any memory");
        let offset = (heap.size(*offset)?.checked_add(storage.start)).ok_or_else(too_large)?;
        if shape.len() != stride.len() {
            return Err(wrong.to_owned());
        }
        let count = shape.iter().try_fold(1u64, |count, size| count.checked_mul(*size));
        let count = count.filter(|count| *count <= 1 << 48).ok_or_else(too_large)?;
        let last = (shape.iter().zip(&stride)).try_fold(0u64, |last, (size, step)| {
            last.checked_add(size.saturating_sub(1).checked_mul(*step)?)
        });
        let extent = match count {
            0 => 0,
            _ => last.and_then(|last| last.checked_add(1)).ok_or_else(too_large)?,
        };
        if let Ok(dtype) = &dtype {
            let bytes = (offset.checked_add(extent)).and_then(|end| end.checked_mul(dtype.size() as u64));
            let held = storage.bytes().ok_or_else(too_large)?;
            if bytes.ok_or_else(too_large)? > held {
                return Err(format!(
                    "a tensor of {shape:?} with strides {stride:?} reaches beyond its {held} bytes"
                ));
            }
        }
        Ok(Self {
            storage: storage.key.clone(),
            dtype,
            offset,
            // Each is at most their product, or one of them is 0.
            shape: (shape.iter())
                .map(|size| usize::try_from(*size).map_err(|_| too_large()))
                .collect::<Result<_, _>>()?,
            stride,
            extent,
        })
    }

    /// How many values it has.
    pub(super) fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its values in the order of its axes, of `bytes` from its first to its last one.
    pub(super) fn gather(&self, bytes: Vec<u8>, size: usize) -> Vec<u8> {
        let mut expected = 1;
        let mut is_plain = true;
        for (size, step) in self.shape.iter().zip(&self.stride).rev() {
            is_plain &= *size == 1 || *step == expected;
            expected = expected.saturating_mul(*size as u64);
        }
        if is_plain {
            return bytes;
        }
        let count = self.count();
        let mut values = Vec::with_capacity(count * size);
        let mut index = vec![0; self.shape.len()];
        let mut at = 0;
        for _ in 0..count {
            let from = at as usize * size;
            values.extend_from_slice(&bytes[from..from + size]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                at += self.stride[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                at -= self.stride[axis] * self.shape[axis] as u64;
                index[axis] = 0;
            }
        }
        values
    }
}
