//! The output of `ffmpeg`: images in PNM format, and messages.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

use crate::FormatError;
use crate::frame::FrameSize;
use crate::images::pnm::header;

/// As much of the messages as is worth showing: the end of them.
const LONGEST_MESSAGE: usize = 2000;
/// Longer than any header: a magic number, two sizes and a maximum.
const LONGEST_HEADER: u64 = 64;

/// Why the images were not read to their end.
pub(super) enum Stop {
    /// Nobody wants more.
    Enough,
    /// They are no images.
    Malformed(String),
    /// They could not be used.
    Fault(FormatError),
}

/// Hands out image after image, `[height, width, channels]` bytes, all of one size. Yields the number of the image within
/// which they end, `None` where they end with one.
pub(super) fn images(
    from: impl Read,
    mut take: impl FnMut(FrameSize, &[u8]) -> Result<ControlFlow<()>, FormatError>,
) -> Result<Option<usize>, Stop> {
    let mut reader = BufReader::with_capacity(1 << 16, from);
    let mut pixels = Vec::new();
    let mut first = None;
    for number in 0.. {
        let unreadable = |cause: std::io::Error| Stop::Malformed(cause.to_string());
        if reader.fill_buf().map_err(unreadable)?.is_empty() {
            break;
        }
        let found = header(&mut reader.by_ref().take(LONGEST_HEADER)).map_err(unreadable)?;
        let Some(size) = found.filter(|found| found.maximum == 255).map(|found| found.size) else {
            // The header may be whole and wrong, or there may be no more of it.
            let ended = reader.fill_buf().map_err(unreadable)?.is_empty();
            return if ended {
                Ok(Some(number))
            } else {
                Err(malformed(number))
            };
        };
        let expected = *first.get_or_insert(size);
        if size != expected {
            return Err(Stop::Malformed(format!(
                "frame {number} is {}x{}, those before it {}x{}",
                size.height, size.width, expected.height, expected.width
            )));
        }
        // Grows with what arrives, whatever the header says.
        pixels.clear();
        let len = size.values();
        reader
            .by_ref()
            .take(len as u64)
            .read_to_end(&mut pixels)
            .map_err(unreadable)?;
        if pixels.len() < len {
            return Ok(Some(number));
        }
        match take(size, &pixels).map_err(Stop::Fault)? {
            ControlFlow::Continue(()) => {}
            ControlFlow::Break(()) => return Err(Stop::Enough),
        }
    }
    Ok(None)
}

fn malformed(number: usize) -> Stop {
    Stop::Malformed(format!("frame {number} is no PPM or PGM image of 8 bits"))
}

/// The end of what is written, without blanks around it. Reads to the end, so that the writer never waits.
pub(super) fn tail(mut from: impl Read) -> String {
    let mut end: Vec<u8> = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        end.extend(&buffer[..read]);
        end.drain(..end.len().saturating_sub(LONGEST_MESSAGE));
    }
    String::from_utf8_lossy(&end).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, Option<usize>), String> {
        let mut found = Vec::new();
        let ended = images(bytes, |_, pixels| {
            found.push(pixels.to_vec());
            Ok(ControlFlow::Continue(()))
        });
        match ended {
            Ok(ended) => Ok((found, ended)),
            Err(Stop::Malformed(problem)) => Err(problem),
            Err(_) => unreachable!("everything is taken"),
        }
    }

    #[test]
    fn images_follow_each_other() {
        let two = b"P6\n2 1\n255\n\n12345P6\n2 1\n255\nabcdef";
        assert_eq!(
            read(two).unwrap(),
            (vec![b"\n12345".to_vec(), b"abcdef".to_vec()], None)
        );
        assert_eq!(read(b"P5 1 2 255 xy").unwrap(), (vec![b"xy".to_vec()], None));
        assert_eq!(read(b"").unwrap(), (vec![], None));
        for cut in 1..two.len() {
            let (found, ended) = read(&two[..cut]).unwrap();
            assert_eq!(found.len(), usize::from(cut >= 17));
            assert_eq!(ended, (cut != 17).then_some(found.len()), "{cut}");
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for (bytes, problem) in [
            (&b"P6\n2 1\n65535\n000000000000"[..], "frame 0 is no PPM"),
            (b"P6\n99999 1\n255\n0", "frame 0 is no PPM"),
            (b"P6\n0 1\n255\n0", "frame 0 is no PPM"),
            (b"P5 1 1 255 xP4 1 1 255 y", "frame 1 is no PPM"),
            (b"P5 1 1 255 xP5 1 2 255 yz", "frame 1 is 2x1, those before it 1x1"),
            (&[b'0'; 100], "frame 0 is no PPM"),
        ] {
            let found = read(bytes).unwrap_err();
            assert!(found.contains(problem), "{found}");
        }
        // Nothing is allocated for what is only announced.
        assert_eq!(read(b"P6\n16384 16384\n255\nabc").unwrap(), (vec![], Some(0)));
    }

    #[test]
    fn the_end_of_long_messages_is_kept() {
        let text = format!("{}\nthe cause\n", "noise ".repeat(10_000));
        let end = tail(text.as_bytes());
        assert!(
            end.len() <= LONGEST_MESSAGE && end.ends_with("noise \nthe cause"),
            "{end}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            magic in proptest::option::of("P[56][ \n][0-9]{1,3}[ \n][0-9]{1,3}[ \n](255|[0-9]{1,5})[ \n]"),
        ) {
            let bytes = [magic.unwrap_or_default().as_bytes(), &bytes].concat();
            if let Ok((found, _)) = read(&bytes) {
                prop_assert!(found.iter().map(Vec::len).sum::<usize>() <= bytes.len());
            }
        }
    }
}
