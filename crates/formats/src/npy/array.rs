//! Arrays in memory.

use std::io::Write;
use std::path::Path;

use super::Mapped;
use super::header::f32_header;
use crate::{FormatError, replace};

/// An array of f32 in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its size, axis by axis.
    pub shape: Vec<usize>,
    /// The values, the last axis fastest.
    pub values: Vec<f32>,
}

/// Reads a whole `.npy` file of numbers, converted to f32 and nothing else.
///
/// # Errors
/// Names the file and what is wrong with it, or the place of the first value that is not finite.
pub fn read_array(path: &Path) -> Result<Array, FormatError> {
    let mapped = Mapped::open(path)?;
    // The file was found to be as long as its header says, so this is at most four times its size.
    let mut values = vec![0.0; mapped.len()];
    mapped.read(0, &mut values);
    let shape = mapped.shape().to_vec();
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(Array { shape, values }),
        Some(index) => Err(FormatError::NotFinite {
            path: path.to_owned(),
            place: format!("index {:?}", place(index, &shape)),
            value: values[index],
        }),
    }
}

/// Writes an f32 `.npy` file, whole or not at all.
///
/// # Errors
/// Names the file that cannot be written.
///
/// # Panics
/// If `shape` does not have as many values as are given.
pub fn write_array(path: &Path, shape: &[usize], values: &[f32]) -> Result<(), FormatError> {
    assert_eq!(
        shape.iter().product::<usize>(),
        values.len(),
        "{shape:?} is another number of values"
    );
    replace::write(path, |writer| {
        writer.write_all(&f32_header(shape))?;
        replace::write_f32(writer, values)
    })
}

/// The coordinates of value number `index`.
fn place(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut place: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let coordinate = index % size;
            index /= size;
            coordinate
        })
        .collect();
    place.reverse();
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_written_is_read_and_mapped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.npy");
        let values: Vec<f32> = (0..24).map(|value| value as f32 / 7.0).collect();
        write_array(&path, &[2, 3, 4], &values).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 128 + 96);
        assert_eq!(
            read_array(&path).unwrap(),
            Array {
                shape: vec![2, 3, 4],
                values: values.clone()
            }
        );
        let mapped = Mapped::open(&path).unwrap();
        let mut row = [0.0; 4];
        mapped.read(20, &mut row);
        assert_eq!(row, values[20..]);
    }

    #[test]
    fn bad_files_are_named_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.npy");
        let message = |path: &Path| read_array(path).unwrap_err().to_string();
        assert!(message(&path).contains("clip.npy`: ") && message(&path).contains("check the path"));
        assert!(
            message(folder.path()).contains("is no file"),
            "{}",
            message(folder.path())
        );
        fs::write(&path, b"").unwrap();
        assert!(message(&path).contains("clip.npy` is empty: fetch"));
        write_array(&path, &[2, 2], &[0.0, 1.0, f32::NAN, 3.0]).unwrap();
        assert!(
            message(&path).contains("clip.npy` holds NaN at index [1, 0]"),
            "{}",
            message(&path)
        );
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(message(&path).contains("clip.npy` is truncated"));
        let missing = folder.path().join("missing").join("clip.npy");
        assert!(
            write_array(&missing, &[1], &[0.0])
                .unwrap_err()
                .to_string()
                .contains("missing")
        );
    }
}
