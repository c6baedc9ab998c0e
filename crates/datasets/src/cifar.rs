//! The binary batches of CIFAR-10: records of a label and 32x32 pixels, all red, then all green, then all blue.

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use foreframe_data::DataError;
use foreframe_formats::FrameSize;

/// The size of every image.
pub(crate) const SIZE: FrameSize = FrameSize {
    channels: 3,
    height: 32,
    width: 32,
};
const PIXELS: usize = 3 * 32 * 32;
const RECORD: usize = 1 + PIXELS;

/// Batches that stay in their files.
#[derive(Debug)]
pub(crate) struct Batches {
    maps: Vec<Mmap>,
}

impl Batches {
    /// Maps batches of whole records.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, DataError> {
        let maps = paths.iter().map(|path| map(path)).collect::<Result<_, _>>()?;
        Ok(Self { maps })
    }

    /// Number of images.
    pub(crate) fn len(&self) -> usize {
        self.maps.iter().map(|map| map.len() / RECORD).sum()
    }

    /// One image, `[3, 32, 32]` in 0..1.
    ///
    /// # Panics
    /// If there is no image of that number.
    pub(crate) fn image(&self, mut number: usize) -> Vec<f32> {
        for map in &self.maps {
            let images = map.len() / RECORD;
            if number < images {
                let pixels = &map[number * RECORD + 1..][..PIXELS];
                return pixels.iter().map(|pixel| f32::from(*pixel) / 255.0).collect();
            }
            number -= images;
        }
        panic!("{number} images too many were asked for");
    }
}

fn map(path: &Path) -> Result<Mmap, DataError> {
    let file = File::open(path).map_err(DataError::io("read", path))?;
    let metadata = file.metadata().map_err(DataError::io("read", path))?;
    if !metadata.is_file() || metadata.len() == 0 || metadata.len() % RECORD as u64 != 0 {
        return Err(DataError::file(
            path,
            format!(
                "is no batch of CIFAR-10: its {} bytes are not whole records of {RECORD}",
                metadata.len()
            ),
            "unpack cifar-10-binary.tar.gz again (the binary version, not the one for Python)",
        ));
    }
    // SAFETY: the map is read only and private to this type; see `npy::Mapped`.
    unsafe { Mmap::map(&file) }.map_err(DataError::io("map", path))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::fs;

    /// A batch of images that are `first`, `first + 1` ... everywhere, in red, and half as much in green.
    pub(crate) fn batch(first: u8, images: u8) -> Vec<u8> {
        (first..first + images)
            .flat_map(|value| [vec![9], vec![value; 1024], vec![value / 2; 1024], vec![0; 1024]].concat())
            .collect()
    }

    #[test]
    fn batches_are_one_list_of_images() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a.bin", "b.bin"].map(|name| folder.path().join(name));
        fs::write(&paths[0], batch(10, 2)).unwrap();
        fs::write(&paths[1], batch(20, 3)).unwrap();
        let batches = Batches::open(&paths).unwrap();
        assert_eq!(batches.len(), 5);
        let image = batches.image(3);
        assert_eq!((image[0], image[1024], image[3071]), (21. / 255., 10. / 255., 0.0));
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        let message = || Batches::open(std::slice::from_ref(&path)).unwrap_err().to_string();
        assert!(message().contains("check the path"));
        for bytes in [vec![], vec![0; RECORD - 1], vec![0; 2 * RECORD + 1]] {
            fs::write(&path, bytes).unwrap();
            assert!(message().contains("a.bin` is no batch of CIFAR-10"), "{}", message());
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(message().contains("a.bin"));
    }
}
