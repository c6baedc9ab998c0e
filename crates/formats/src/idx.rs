//! IDX, the format of the MNIST images.
//!
//! Two zero bytes, the type of the values (8: unsigned bytes), the number of axes, each size as a big-endian u32, and the
//! values. Files may be packed with gzip.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::FormatError;
use crate::error::Fault;

/// MNIST takes 47 MB; nothing of its kind takes more than this.
const LARGEST: u64 = 1 << 30;
const IMAGES_OF_BYTES: [u8; 4] = [0, 0, 8, 3];

/// Images of one size.
#[derive(Debug, PartialEq, Eq)]
pub struct Images {
    /// Number of images.
    pub count: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// `[count, height, width]`.
    pub pixels: Vec<u8>,
}

enum Trouble {
    Reading(io::Error),
    Content(Fault),
}

impl Images {
    /// Reads an IDX file of images, packed with gzip or not.
    pub fn read(path: &Path) -> Result<Self, FormatError> {
        let file = File::open(path).map_err(FormatError::io("read", path))?;
        if !file.metadata().map_err(FormatError::io("read", path))?.is_file() {
            return Err(FormatError::file(path, "is no file", "name an IDX file of images"));
        }
        let mut reader = BufReader::new(file);
        let mut magic = Vec::new();
        reader
            .by_ref()
            .take(2)
            .read_to_end(&mut magic)
            .map_err(FormatError::io("read", path))?;
        let whole = magic.as_slice().chain(reader);
        let images = match magic.as_slice() {
            [0x1f, 0x8b] => Self::parse(MultiGzDecoder::new(whole)),
            _ => Self::parse(whole),
        };
        images.map_err(|trouble| match trouble {
            Trouble::Content(fault) => fault.at(path),
            Trouble::Reading(cause) => match cause.kind() {
                io::ErrorKind::UnexpectedEof => truncated().at(path),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                    FormatError::file(path, format!("cannot be unpacked: {cause}"), "fetch it again")
                }
                _ => FormatError::io("read", path)(cause),
            },
        })
    }

    fn parse(mut reader: impl Read) -> Result<Self, Trouble> {
        let mut header = [0; 16];
        reader.read_exact(&mut header).map_err(Trouble::Reading)?;
        if header[..4] != IMAGES_OF_BYTES {
            return Err(Trouble::Content(Fault::new(
                format!(
                    "begins with {:02x?}, images begin with {IMAGES_OF_BYTES:02x?}",
                    &header[..4]
                ),
                "name the IDX file of images (not of labels)",
            )));
        }
        let size = |index: usize| {
            let bytes = header[4 * index..][..4].try_into().expect("the header has four words");
            u32::from_be_bytes(bytes)
        };
        let [count, height, width] = [size(1), size(2), size(3)];
        let claimed = u64::from(count)
            .saturating_mul(u64::from(height))
            .saturating_mul(u64::from(width));
        if claimed == 0 || claimed > LARGEST {
            return Err(Trouble::Content(Fault::new(
                format!("announces {count} images of {height}x{width}"),
                "fetch it again",
            )));
        }
        // The buffer grows with what is there, not with what is announced; one byte more shows that there is more.
        let mut pixels = Vec::new();
        reader
            .take(claimed + 1)
            .read_to_end(&mut pixels)
            .map_err(Trouble::Reading)?;
        match (pixels.len() as u64).cmp(&claimed) {
            std::cmp::Ordering::Less => Err(Trouble::Content(truncated())),
            std::cmp::Ordering::Greater => Err(Trouble::Content(Fault::new(
                format!("holds more than the {count} images of {height}x{width} that it announces"),
                "fetch it again",
            ))),
            std::cmp::Ordering::Equal => Ok(Self {
                count: count as usize,
                height: height as usize,
                width: width as usize,
                pixels,
            }),
        }
    }
}

fn truncated() -> Fault {
    Fault::new("is truncated", "fetch it again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{gzip, idx_file};
    use std::fs;

    #[test]
    fn packed_or_not_the_images_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images");
        for bytes in [idx_file(3, 2), gzip(&idx_file(3, 2))] {
            fs::write(&path, bytes).unwrap();
            let images = Images::read(&path).unwrap();
            assert_eq!((images.count, images.height, images.width), (3, 2, 2));
            assert_eq!(images.pixels, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
        }
    }

    #[test]
    fn bad_files_are_named_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images");
        let message = |path: &Path| Images::read(path).unwrap_err().to_string();
        assert!(message(folder.path()).contains("is no file"));
        assert!(message(&path).contains("check the path"));
        let good = idx_file(3, 2);
        let with = |place: usize, bytes: &[u8]| {
            let mut file = good.clone();
            file[place..place + bytes.len()].copy_from_slice(bytes);
            file
        };
        let mut damaged = gzip(&idx_file(200, 28));
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0xff;
        for (bytes, expected) in [
            (vec![], "is truncated"),
            (good[..10].to_vec(), "is truncated"),
            (good[..good.len() - 1].to_vec(), "is truncated"),
            ([good.as_slice(), &[0]].concat(), "holds more than the 3 images"),
            (with(3, &[1]), "begins with [00, 00, 08, 01]"),
            (with(2, &[0x0d]), "begins with"),
            (with(4, &[0xff; 12]), "announces 4294967295 images"),
            (with(4, &[0; 4]), "announces 0 images"),
            (with(4, &[0, 0x40, 0, 0]), "is truncated"),
            (gzip(&good)[..20].to_vec(), "images`"),
            (gzip(&[good.as_slice(), &vec![0; 1 << 20]].concat()), "holds more than"),
            (damaged, "images`"),
        ] {
            fs::write(&path, &bytes).unwrap();
            let message = message(&path);
            assert!(
                message.contains(expected) && message.contains("images` "),
                "{expected}: {message}"
            );
        }
    }
}
