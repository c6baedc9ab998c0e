//! The files that `torch.save` writes: archives with one entry for every storage, and before PyTorch 1.6 a stream.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use burn::tensor::TensorData;
use serde_json::Value as Json;
use zip::{CompressionMethod, ZipArchive};

use super::pickle;
use super::value::{Heap, Id, Storage, Value};
use super::walk::{Contents, contents};

/// The first number of a stream, as protocol 2 and later write it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// It begins within so many bytes.
const MAGIC_WITHIN: usize = 32;
/// The pickle of an archive describes the tensors and holds none of their values.
const LONGEST_PICKLE: u64 = 1 << 27;
/// Upper limit for a tensor that repeats its values, in bytes.
const MOST_REPEATED: usize = 1 << 24;

/// How a file of `torch.save` begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Archive,
    Stream,
    /// Older, or something else.
    Other,
}

impl Kind {
    pub(super) fn of(start: &[u8]) -> Self {
        let within = &start[..start.len().min(MAGIC_WITHIN)];
        if start.starts_with(b"PK\x03\x04") {
            Self::Archive
        } else if within.windows(MAGIC.len()).any(|window| window == MAGIC) {
            Self::Stream
        } else {
            Self::Other
        }
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct PyTorch {
    storages: Storages,
    contents: Contents,
}

#[derive(Debug)]
enum Storages {
    Archive {
        archive: Box<RefCell<ZipArchive<BufReader<File>>>>,
        file: File,
        /// Prefix of the names of the entries.
        folder: String,
    },
    Stream {
        file: File,
        /// Where each begins, and its length, in bytes.
        places: HashMap<String, (u64, u64)>,
    },
}

impl PyTorch {
    /// # Errors
    /// Says what is wrong with the file.
    pub(super) fn open(path: &Path, kind: Kind) -> Result<Self, String> {
        let file = File::open(path).map_err(|cause| cause.to_string())?;
        match kind {
            Kind::Archive => Self::archive(file),
            _ => Self::stream(file),
        }
    }

    fn archive(file: File) -> Result<Self, String> {
        let cut = |cause: &dyn std::fmt::Display| format!("it is no whole archive ({cause}): copy it again");
        let again = file.try_clone().map_err(|cause| cause.to_string())?;
        let mut archive = ZipArchive::new(BufReader::new(again)).map_err(|cause| cut(&cause))?;
        let is_pickle = |name: &Cow<'_, str>| name == "data.pkl" || name.ends_with("/data.pkl");
        let names = archive.file_names().filter_map(Result::ok).filter(is_pickle);
        let pickle = names.min_by_key(|name| name.len()).map(Cow::into_owned);
        let pickle = pickle.ok_or("the archive has no `data.pkl`, as those of torch.save have")?;
        let folder = pickle.trim_end_matches("data.pkl").to_owned();
        let mut whole = |name: &str| -> Result<Option<Vec<u8>>, String> {
            let Ok(entry) = archive.by_name(name) else {
                return Ok(None);
            };
            let mut bytes = Vec::new();
            let read = entry.take(LONGEST_PICKLE + 1).read_to_end(&mut bytes);
            let read = read.map_err(|cause| cut(&cause))?;
            match read as u64 > LONGEST_PICKLE {
                true => Err(format!("its `{name}` has more than {LONGEST_PICKLE} bytes")),
                false => Ok(Some(bytes)),
            }
        };
        if whole(&format!("{folder}byteorder"))?.as_deref() == Some(b"big") {
            return Err(BIG_ENDIAN.to_owned());
        }
        let (heap, root) = pickle::read(&mut Cursor::new(whole(&pickle)?.unwrap_or_default()))?;
        Ok(Self {
            contents: contents(&heap, root)?,
            storages: Storages::Archive {
                archive: Box::new(RefCell::new(archive)),
                file,
                folder,
            },
        })
    }

    fn stream(file: File) -> Result<Self, String> {
        let length = file.metadata().map_err(|cause| cause.to_string())?.len();
        let mut input = BufReader::new(file);
        let _magic = pickle::read(&mut input)?;
        let _version = pickle::read(&mut input)?;
        let (heap, system) = pickle::read(&mut input)?;
        let is_little = heap.entry(system, "little_endian").map(|id| heap.get(id));
        if matches!(is_little, Some(Value::Bool(false))) {
            return Err(BIG_ENDIAN.to_owned());
        }
        let (heap, root) = pickle::read(&mut input)?;
        let (listed, keys) = pickle::read(&mut input)?;
        let keys = listed.list(keys).ok_or("it does not list its storages")?;
        let sizes = storages(&heap);
        let mut start = input.stream_position().map_err(|cause| cause.to_string())?;
        let mut places = HashMap::new();
        for key in keys {
            let key = listed.name(*key);
            let storage = sizes.get(key.as_str()).and_then(|storage| storage.bytes());
            let bytes = storage.ok_or_else(|| format!("nothing says how long its storage `{key}` is"))?;
            // The number of elements comes first, once more.
            start = start.saturating_add(8);
            let end = start.saturating_add(bytes);
            if end > length {
                return Err("it is cut short: copy it again".to_owned());
            }
            places.insert(key, (start, bytes));
            start = end;
        }
        Ok(Self {
            contents: contents(&heap, root)?,
            storages: Storages::Stream {
                file: input.into_inner(),
                places,
            },
        })
    }

    pub(super) fn shapes(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        let tensors = self.contents.tensors.iter();
        tensors.map(|(name, tensor)| (name.clone(), tensor.shape.clone()))
    }

    /// Tensors that hold no plain values, and what they are.
    pub(super) const fn others(&self) -> &BTreeMap<String, String> {
        &self.contents.others
    }

    pub(super) const fn settings(&self) -> &BTreeMap<String, Json> {
        &self.contents.settings
    }

    /// # Errors
    /// Says what is wrong with the tensor.
    pub(super) fn read(&self, name: &str) -> Result<TensorData, String> {
        let tensor = self.contents.tensors.get(name).ok_or("there is no such tensor")?;
        let dtype = tensor.dtype.clone();
        let dtype = dtype.map_err(|kind| format!("its values are of the type {kind}: save it as float32"))?;
        let size = dtype.size();
        let (start, length) = (tensor.offset * size as u64, tensor.extent * size as u64);
        let bytes = tensor.count().saturating_mul(size);
        if bytes as u64 > length && bytes > MOST_REPEATED {
            return Err("it repeats the same values: save a copy, tensor.contiguous()".to_owned());
        }
        let values = self.storages.read(&tensor.storage, start, length)?;
        if values.len() as u64 != length {
            return Err(format!(
                "the file is cut short in its storage `{}`: copy it again",
                tensor.storage
            ));
        }
        let values = tensor.gather(values, size);
        TensorData::try_from_bytes_vec(values, tensor.shape.clone(), dtype).map_err(|error| error.to_string())
    }
}

const BIG_ENDIAN: &str =
    "it was written on a big-endian machine: load it there or with PyTorch, and save it as safetensors";

/// All storages by their keys.
fn storages(heap: &Heap) -> HashMap<&str, &Storage> {
    let values = (0..heap.len() as Id).map(|id| heap.get(id));
    let storages = values.filter_map(|value| match value {
        Value::Storage(storage) => Some((storage.key.as_str(), &**storage)),
        _ => None,
    });
    storages.collect()
}

impl Storages {
    /// `length` bytes of a storage from `start` on, or as many as there are.
    fn read(&self, key: &str, start: u64, length: u64) -> Result<Vec<u8>, String> {
        let failed = |cause: &dyn std::fmt::Display| {
            format!("its storage `{key}` cannot be read ({cause}): copy the file again")
        };
        let mut bytes = Vec::new();
        match self {
            Self::Archive { archive, file, folder } => {
                let mut archive = archive.borrow_mut();
                let name = format!("{folder}data/{key}");
                let mut entry = archive.by_name(&name).map_err(|cause| failed(&cause))?;
                let (size, is_stored) = (entry.size(), entry.compression() == CompressionMethod::Stored);
                // Checksums are of whole entries; a part of one that is not packed can be read by itself. torch.save can
                // be told to leave checksums out, which are 0 then.
                match entry
                    .data_start()
                    .filter(|_| is_stored && (entry.crc32() == 0 || length < size))
                {
                    Some(place) => {
                        let (start, length) = (start.min(size), length.min(size.saturating_sub(start)));
                        drop(entry);
                        part(file, place.saturating_add(start), length, &mut bytes)
                    }
                    None => std::io::copy(&mut entry.by_ref().take(start), &mut std::io::sink())
                        .and_then(|_| entry.take(length).read_to_end(&mut bytes)),
                }
                .map_err(|cause| failed(&cause))?;
            }
            Self::Stream { file, places } => {
                let (place, size) = places.get(key).ok_or_else(|| failed(&"it is not in the file"))?;
                let (start, length) = (start.min(*size), length.min(size.saturating_sub(start)));
                part(file, place + start, length, &mut bytes).map_err(|cause| failed(&cause))?;
            }
        }
        Ok(bytes)
    }
}

fn part(mut file: &File, start: u64, length: u64, bytes: &mut Vec<u8>) -> std::io::Result<usize> {
    file.seek(SeekFrom::Start(start))?;
    file.take(length).read_to_end(bytes)
}
