//! Checks of the configuration that several datasets share.

use super::{DataConfig, Protocol};
use crate::DataError;
use crate::channels::other_channels;

/// Refuses a size below `least`, or one that can only be a slip of the keyboard.
pub fn at_least(field: &str, value: usize, least: usize) -> Result<(), DataError> {
    const MOST: usize = 1 << 24;
    if value < least {
        return Err(DataError::config(
            field,
            format!("is {value}"),
            format!("use {least} or more"),
        ));
    }
    if value > MOST {
        return Err(DataError::config(
            field,
            format!("is {value}"),
            format!("use {MOST} or less"),
        ));
    }
    Ok(())
}

/// Refuses shares that leave nothing to train on, or, of data that always have three splits, nothing in another.
pub fn check_positive_shares(config: &DataConfig) -> Result<(), DataError> {
    match shares(config).into_iter().find(|(_, share)| *share == 0.0) {
        Some((field, _)) => Err(DataError::config(
            field,
            format!("is 0, but `{}` always has this split", config.name),
            "use a share between 0 and 1, e.g. 0.1",
        )),
        None => check_shares(config),
    }
}

fn shares(config: &DataConfig) -> [(&'static str, f64); 2] {
    [
        ("validation_share", config.validation_share),
        ("test_share", config.test_share),
    ]
}

/// Refuses shares that leave nothing to train on. A share of 0 means that there is no such split.
pub fn check_shares(config: &DataConfig) -> Result<(), DataError> {
    for (field, share) in shares(config) {
        if !(0.0..1.0).contains(&share) {
            return Err(DataError::config(
                field,
                format!("is {share}"),
                "use a share between 0 and 1, e.g. 0.1, or 0 for no such split",
            ));
        }
    }
    if config.validation_share + config.test_share >= 1.0 {
        return Err(DataError::config(
            "validation_share",
            format!(
                "and data.test_share are {} and {}, which leaves nothing to train on",
                config.validation_share, config.test_share
            ),
            "let their sum be well below 1",
        ));
    }
    Ok(())
}

/// Refuses a protocol that nobody has published for these data.
pub fn no_published_protocol(config: &DataConfig) -> Result<(), DataError> {
    match config.protocol {
        Protocol::Own => Ok(()),
        Protocol::OpenStl => Err(DataError::config(
            "protocol",
            format!("is `openstl`, but nothing has been published for `{}`", config.name),
            "leave it out; validation is a part of the training data",
        )),
    }
}

/// Refuses to choose channels of frames that are read as they were published, or to add some.
///
/// # Errors
/// Names the key.
pub fn whole_frames(config: &DataConfig) -> Result<(), DataError> {
    match other_channels(config, &DataConfig::default()) {
        None => Ok(()),
        Some(key) => Err(DataError::config(
            key,
            format!(
                "is set, but `{}` comes with the channels it was published with",
                config.name
            ),
            "leave it out; for files of your own it counts (data.name = \"files\", --data-path)",
        )),
    }
}
