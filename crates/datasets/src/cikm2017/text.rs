//! The format of the competition: a line of text per sample.
//!
//! `id,label,v v v ...` with 15 times x 4 heights x 101 x 101 values of 0 to 255, or -1 where there is none.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use foreframe_data::DataError;
use foreframe_formats::npy::{Mapped, byte_header};
use foreframe_formats::npz::is_newer;
use foreframe_formats::replace;

/// Heights of the radar's scan.
pub(super) const LEVELS: usize = 4;
const TIMES: usize = super::LENGTH;
const SIDE: usize = 101;
const PLANE: usize = SIDE * SIDE;
const VALUES: usize = TIMES * LEVELS * PLANE;
/// Values of five characters and more than a thousand for id and label.
const LONGEST_LINE: u64 = (5 * VALUES + 4096) as u64;

/// Maps the samples of a file at one height, `[samples, 15, 101, 101]` bytes, which are decoded once, line by line, into
/// the folder `<file>.unpacked`.
pub(super) fn decoded(path: &Path, level: usize) -> Result<Mapped, DataError> {
    let made = made(path, level);
    if !is_newer(&made, path) {
        decode(path, level, &made)?;
    }
    Ok(Mapped::open(&made)?)
}

fn made(path: &Path, level: usize) -> PathBuf {
    let mut folder = path.file_name().unwrap_or_default().to_owned();
    folder.push(".unpacked");
    path.with_file_name(folder).join(format!("height-{level}.npy"))
}

fn decode(path: &Path, level: usize, to: &Path) -> Result<(), DataError> {
    let file = File::open(path).map_err(DataError::io("read", path))?;
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(DataError::io("create", folder))?;
    tracing::info!("decoding `{}` into `{}`", path.display(), to.display());
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut line = Vec::new();
    let mut fault = None;
    let written = replace::write(to, |writer| {
        let header = |samples| byte_header(&[samples, TIMES, SIDE, SIDE]);
        // As long as any header will be; the number of samples is known at the end.
        let reserved = header(0).len();
        writer.write_all(&header(0))?;
        let mut samples = 0;
        loop {
            line.clear();
            let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
            match read {
                Ok(0) => break,
                Ok(_) if line.trim_ascii().is_empty() => continue,
                Ok(_) => {}
                Err(cause) => {
                    fault = Some(DataError::io("read", path)(cause));
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
            samples += 1;
            match sample(&line, level) {
                Some(values) => writer.write_all(&values)?,
                None => {
                    fault = Some(DataError::file(
                        path,
                        format!("has a sample {samples} that is not `id,label,` and {VALUES} values of -1 to 255"),
                        "fetch it again",
                    ));
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
        }
        let header = header(samples);
        assert_eq!(header.len(), reserved, "the header of {samples} samples");
        writer.rewind()?;
        writer.write_all(&header)
    });
    match fault {
        Some(fault) => Err(fault),
        None => Ok(written?),
    }
}

/// The values of a line at one height, `[15, 101, 101]`; missing ones are 0, as nothing is seen there.
pub(super) fn sample(line: &[u8], level: usize) -> Option<Vec<u8>> {
    let mut parts = line.trim_ascii().splitn(3, |byte| *byte == b',');
    let (_, _, numbers) = (parts.next()?, parts.next()?, parts.next()?);
    let mut values = Vec::with_capacity(TIMES * PLANE);
    let mut count = 0;
    for number in numbers.split(|byte| *byte == b' ').filter(|number| !number.is_empty()) {
        let value = match number {
            b"-1" => 0,
            digits => byte(digits)?,
        };
        if count / PLANE % LEVELS == level && count < VALUES {
            values.push(value);
        }
        count += 1;
    }
    (count == VALUES).then_some(values)
}

fn byte(digits: &[u8]) -> Option<u8> {
    let mut value = 0u8;
    for digit in digits {
        value = value
            .checked_mul(10)?
            .checked_add(digit.checked_sub(b'0').filter(|digit| *digit < 10)?)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_number_is_read_as_rust_reads_it(text in "[0-9+-]{1,5}") {
            let expected = if text.starts_with('+') { None } else { text.parse::<u8>().ok() };
            prop_assert_eq!(byte(text.as_bytes()), expected);
        }

        #[test]
        fn any_line_is_refused_unless_it_is_whole(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(sample(&line, 0), None);
        }
    }
}
