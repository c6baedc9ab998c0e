//! PGM and PPM, the plainest of image formats: a header in text, then gray values or red, green and blue.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::FormatError;
use crate::frame::FrameSize;
use crate::frame::LONGEST_SIDE;

/// Headers are short, comments in them are not long either.
const LONGEST_HEADER: u64 = 4096;

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) size: FrameSize,
    /// The maximum value, white; above 255, values have two bytes, big-endian.
    pub(crate) maximum: u16,
}

/// Reads a header and the one blank after it; `None` where there is none, or one of an image of an absurd size. Give it a
/// reader that ends where a header must have ended.
pub(crate) fn header(reader: &mut impl Read) -> io::Result<Option<Header>> {
    let channels = match word(reader)?.as_slice() {
        b"P5" => 1,
        b"P6" => 3,
        _ => return Ok(None),
    };
    let mut numbers = [0u16; 3];
    for number in &mut numbers {
        let text = String::from_utf8(word(reader)?).ok();
        match text.and_then(|text| text.parse().ok()).filter(|value| *value > 0) {
            Some(value) => *number = value,
            None => return Ok(None),
        }
    }
    let [width, height, maximum] = numbers;
    if [width, height].iter().any(|side| u32::from(*side) > LONGEST_SIDE) {
        return Ok(None);
    }
    Ok(Some(Header {
        size: FrameSize {
            channels,
            height: height.into(),
            width: width.into(),
        },
        maximum,
    }))
}

/// The bytes up to the next blank, which is taken too, without blanks and comments before them; none where they end
/// without one.
fn word(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut word = Vec::new();
    let mut is_comment = false;
    let mut byte = [0];
    while reader.read(&mut byte)? == 1 {
        match byte[0] {
            b'\n' if is_comment => is_comment = false,
            _ if is_comment => {}
            b'#' if word.is_empty() => is_comment = true,
            blank if blank.is_ascii_whitespace() && word.is_empty() => {}
            blank if blank.is_ascii_whitespace() => return Ok(word),
            other => word.push(other),
        }
    }
    Ok(Vec::new())
}

fn open(path: &Path) -> Result<(Header, BufReader<File>), FormatError> {
    let mut reader = BufReader::new(File::open(path).map_err(FormatError::io("read", path))?);
    let found = header(&mut reader.by_ref().take(LONGEST_HEADER)).map_err(FormatError::io("read", path))?;
    let found = found.ok_or_else(|| {
        FormatError::file(
            path,
            "cannot be decoded: it is no PGM or PPM image in binary (P5 or P6)",
            "remove it, or export it again",
        )
    })?;
    Ok((found, reader))
}

/// Reads the size from the header alone.
pub(super) fn probe(path: &Path) -> Result<FrameSize, FormatError> {
    open(path).map(|(header, _)| header.size)
}

/// Reads an image, `[channels, height, width]` in 0..1.
pub(super) fn decode(path: &Path) -> Result<(FrameSize, Vec<f32>), FormatError> {
    let (Header { size, maximum }, reader) = open(path)?;
    let width = if maximum > 255 { 2 } else { 1 };
    let len = size.values() * width;
    // Grows with what is there, whatever the header says.
    let mut bytes = Vec::new();
    let read = reader.take(len as u64).read_to_end(&mut bytes);
    read.map_err(FormatError::io("read", path))?;
    if bytes.len() < len {
        return Err(FormatError::file(
            path,
            format!(
                "is truncated: {} of {len} bytes of a {}x{} image",
                bytes.len(),
                size.height,
                size.width
            ),
            "remove it, or export it again",
        ));
    }
    let value = |at: usize| match width {
        1 => f32::from(bytes[at]),
        _ => f32::from(u16::from_be_bytes([bytes[2 * at], bytes[2 * at + 1]])),
    };
    let pixels = size.height * size.width;
    let planes = (0..size.channels)
        .flat_map(|channel| (0..pixels).map(move |pixel| pixel * size.channels + channel))
        .map(|at| value(at) / f32::from(maximum));
    Ok((size, planes.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{decode, probe};
    use proptest::prelude::*;
    use std::fs;

    #[test]
    fn gray_and_color_of_one_and_two_bytes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let (size, values) = decode(&path).unwrap();
            assert_eq!(probe(&path).unwrap(), size);
            ([size.channels, size.height, size.width], values)
        };
        // The first value of the second image is a line feed, which is no blank after the header.
        assert_eq!(read("a.pgm", b"P5 2 1 5 \x05\x01"), ([1, 1, 2], vec![1.0, 0.2]));
        assert_eq!(
            read("a.PGM", b"P5\n# by a radar\n2\n#\n1 255\n\n\xff"),
            ([1, 1, 2], vec![10.0 / 255.0, 1.0])
        );
        let deep = b"P5\n1 2\n1000\n\x03\xe8\x00\x64";
        assert_eq!(read("b.pgm", deep), ([1, 2, 1], vec![1.0, 0.1]));
        let color = b"P6 1 2 4 \x00\x01\x02\x03\x04\x00";
        assert_eq!(read("c.ppm", color), ([3, 2, 1], vec![0.0, 0.75, 0.25, 1.0, 0.5, 0.0]));
    }

    #[test]
    fn bad_images_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pgm");
        for (bytes, problem) in [
            (&b""[..], "is no PGM"),
            (b"P2 1 1 255 7", "is no PGM"),
            (b"P5 1 1", "is no PGM"),
            (b"P5 0 1 255 ", "is no PGM"),
            (b"P5 1 1 65536 \x00\x00", "is no PGM"),
            (b"P5 20000 1 255 \x00", "is no PGM"),
            (b"P5 16384 16384 255 \x00", "is truncated: 1 of 268435456 bytes"),
            (b"P5 1 1 256 \x00", "is truncated: 1 of 2 bytes"),
        ] {
            fs::write(&path, bytes).unwrap();
            let message = decode(&path).unwrap_err().to_string();
            assert!(message.contains("a.pgm`") && message.contains(problem), "{message}");
        }
        let endless = [&b"P5 #"[..], &[b'x'; 10_000]].concat();
        fs::write(&path, endless).unwrap();
        assert!(probe(&path).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100), front in "(P[56] [0-9]{1,2} [0-9]{1,2} [0-9]{1,5} )?") {
            let bytes = [front.as_bytes(), &bytes].concat();
            let mut rest = bytes.as_slice();
            if let Some(found) = header(&mut rest).unwrap() {
                prop_assert!(found.maximum > 0 && found.size.values() > 0);
                prop_assert!(rest.len() < bytes.len());
            }
        }
    }
}
