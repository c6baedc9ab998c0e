//! The size of frames.

use std::path::Path;

use crate::FormatError;

/// Rows or columns beyond this are a damaged header or no frame that a network could take.
pub(crate) const LONGEST_SIDE: u32 = 16_384;

/// The size of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSize {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl FrameSize {
    /// Values of a frame.
    pub fn values(self) -> usize {
        self.channels * self.height * self.width
    }
}

/// Checks that `path` has the size and color of `first`.
pub fn same_size(first: &Path, expected: FrameSize, path: &Path, found: FrameSize) -> Result<(), FormatError> {
    let color = |size: FrameSize| if size.channels == 3 { "in color" } else { "gray" };
    if found.channels != expected.channels {
        return Err(FormatError::file(
            path,
            format!("is {} but `{}` is {}", color(found), first.display(), color(expected)),
            "convert all of them to one or the other",
        ));
    }
    if found != expected {
        return Err(FormatError::file(
            path,
            format!(
                "is {}x{} (rows x columns) but `{}` is {}x{}",
                found.height,
                found.width,
                first.display(),
                expected.height,
                expected.width
            ),
            format!("set data.resize = [{}, {}]", expected.height, expected.width),
        ));
    }
    Ok(())
}
