use std::io::{Cursor, Write};
use std::path::Path;

use image::{ImageFormat, RgbImage};
use tempfile::Builder;

use crate::ReportError;

/// Writes a file beside its place and renames it, so that its name never stands for something partial.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let fail = |source| ReportError::write(path, source);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    #[cfg(unix)]
    let builder = {
        // A temporary file is private by default; what becomes a report should be as readable as the user's other files.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    };
    let mut file = builder.prefix(".report-").tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(fail)?;
    file.persist(path)
        .map_err(|error| ReportError::write(path, error.error))?;
    Ok(())
}

pub(crate) fn write_png(path: &Path, image: &RgbImage) -> Result<(), ReportError> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| encoding(path, error))?;
    write(path, &bytes.into_inner())
}

pub(crate) fn encoding(path: &Path, error: image::ImageError) -> ReportError {
    ReportError::write(path, std::io::Error::other(error))
}
