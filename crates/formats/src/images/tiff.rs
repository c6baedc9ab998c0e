//! The size that a TIFF file declares, before a decoder allocates memory for it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Whether the lists of values that the first image announces fit into a file of `len` bytes. A file that is no TIFF, or ends
/// too early, is left to the decoder.
pub(super) fn lists_fit(file: &mut File, len: u64) -> io::Result<bool> {
    let mut header = Vec::new();
    file.by_ref().take(16).read_to_end(&mut header)?;
    let is_big_endian = header.starts_with(b"MM");
    let number = |bytes: &[u8]| {
        let digits = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        match is_big_endian {
            true => bytes.iter().fold(0, digits),
            false => bytes.iter().rev().fold(0, digits),
        }
    };
    if header.len() < 16 || !(is_big_endian || header.starts_with(b"II")) {
        return Ok(true);
    }
    // Classic TIFF and BigTIFF: the offset of the list, the width of its length, that of an entry and of a count in it.
    let (offset, length, entry, count) = match number(&header[2..4]) {
        42 => (number(&header[4..8]), 2, 12, 4),
        43 => (number(&header[8..16]), 8, 20, 8),
        _ => return Ok(true),
    };
    let mut entries = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    // One list is enough of a damaged file, too; a whole one has no more than 65,535 entries.
    file.take(8 + 20 * 65_536).read_to_end(&mut entries)?;
    let Some((announced, entries)) = entries.split_at_checked(length) else {
        return Ok(true);
    };
    let announced = usize::try_from(number(announced)).unwrap_or(usize::MAX);
    Ok(entries.chunks_exact(entry).take(announced).all(|entry| {
        let width = match number(&entry[2..4]) {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => 1,
        };
        let values = number(&entry[4..4 + count]);
        values.checked_mul(width).is_some_and(|bytes| bytes <= len)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GrayImage};

    #[test]
    fn a_list_longer_than_its_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tiff");
        DynamicImage::ImageLuma8(GrayImage::new(9, 7)).save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let fits = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            lists_fit(&mut File::open(&path).unwrap(), bytes.len() as u64).unwrap()
        };
        assert!(fits(&whole) && fits(&whole[..10]) && fits(b"") && fits(b"\x89PNG, or something of its kind"));
        let place = u32::from_le_bytes(whole[4..8].try_into().unwrap()) as usize + 2;
        let mut long = whole.clone();
        long[place + 4..place + 8].copy_from_slice(&(1u32 << 20).to_le_bytes());
        assert!(!fits(&long));
        let mut far = whole;
        far[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(fits(&far));
    }
}
