//! Where the files of published datasets lie.

use std::path::{Path, PathBuf};

use foreframe_data::{DataConfig, DataError, whole_frames};

/// Where the files of a published dataset lie that is read with all of its channels.
pub(super) fn located(config: &DataConfig) -> Result<PathBuf, DataError> {
    whole_frames(config)?;
    placed(config)
}

/// Where the files of a published dataset lie.
pub(super) fn placed(config: &DataConfig) -> Result<PathBuf, DataError> {
    let path = config
        .path
        .clone()
        .unwrap_or_else(|| Path::new("datasets").join(&config.name));
    if path.exists() {
        return Ok(path);
    }
    let remedy = format!(
        "`foreframe data get {}` says where to get it; or name its folder (data.path, --data-path)",
        config.name
    );
    Err(DataError::file(&path, "is not there", remedy))
}
