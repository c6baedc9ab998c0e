//! TaxiBJ: taxis that flow in and out of the squares of a grid over Beijing.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;

use crate::location::located;
use crate::numbered::not_empty;
use foreframe_data::fingerprint::fingerprint;
use foreframe_data::noise::disturb;
use foreframe_data::{ClipSource, DataConfig, DataError, Dataset, Normalization, Protocol, Splits};
use foreframe_formats::npy::Mapped;
use foreframe_formats::npz;

const ARCHIVE: &str = "dataset.npz";
const ARRAYS: [&str; 4] = ["X_train", "Y_train", "X_test", "Y_test"];

/// Inflow and outflow of taxis on a 32x32 grid over Beijing every half hour (Zhang et al., AAAI 2017).
pub const fn taxibj() -> Dataset {
    Dataset {
        name: "taxibj",
        about: "inflow and outflow of taxis on a 32x32 grid over Beijing, half-hourly; dataset.npz",
        source: "Zhang, Zheng, Qi, AAAI 2017, arXiv:1610.00081; no license stated",
        defaults,
        keys: &["path", "validation_clips"],
        frame: |_| Some([2, 32, 32]),
        open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: taxibj().name.to_owned(),
        past: 4,
        future: 4,
        // As many as are left for the test.
        validation_clips: 500,
        ..DataConfig::default()
    }
}

/// Observed and future frames are in an array each.
struct Pairs {
    observed: Arc<Mapped>,
    followed: Arc<Mapped>,
    clips: Range<usize>,
    shape: ClipShape,
}

impl ClipSource for Pairs {
    fn shape(&self) -> ClipShape {
        self.shape
    }

    fn len(&self) -> usize {
        self.clips.len()
    }

    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        assert!(index < self.clips.len(), "clip {index} of {}", self.clips.len());
        assert_eq!(frames.len(), self.shape.clip_len(), "room for one clip");
        let clip = self.clips.start + index;
        let len = self.shape.frame_len();
        let (past, future) = frames.split_at_mut(self.shape.past * len);
        let there = self.observed.shape()[1];
        // The newest of the observed frames, the first of those that followed.
        self.observed.read((clip * there + there - self.shape.past) * len, past);
        self.followed.read(clip * self.followed.shape()[1] * len, future);
        for (file, values) in [(&self.observed, past), (&self.followed, future)] {
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(DataError::not_finite(
                    file.path(),
                    format!("clip {clip}, value {at} of its frames"),
                    values[at],
                ));
            }
            // The counts were scaled to -1..1 before the file was written.
            values.iter_mut().for_each(|value| *value = (*value + 1.0) / 2.0);
        }
        Ok(())
    }
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    let folder = &located(config)?;
    let (files, arrays) = arrays(folder)?;
    let [height, width] = [arrays[0].shape()[3], arrays[0].shape()[4]];
    let clip = config.clip(arrays[0].shape()[2], height, width)?;
    let [x_train, y_train, x_test, y_test] = arrays.map(Arc::new);
    for (field, asked, array) in [("past", clip.past, &x_train), ("future", clip.future, &y_train)] {
        let there = array.shape()[1];
        if asked > there {
            let problem = format!(
                "is {asked}, but `{}` holds {there} such frames per clip",
                folder.display()
            );
            return Err(DataError::config(field, problem, format!("use {there} or less")));
        }
    }
    let (all, test) = (x_train.shape()[0], x_test.shape()[0]);
    let train = |clips| {
        Arc::new(Pairs {
            observed: Arc::clone(&x_train),
            followed: Arc::clone(&y_train),
            clips,
            shape: clip,
        })
    };
    let test: Arc<dyn ClipSource> = Arc::new(Pairs {
        observed: x_test,
        followed: y_test,
        clips: 0..test,
        shape: clip,
    });
    // Clips begin a frame apart, so that those just before the border reach over it.
    let gap = x_train.shape()[1] + y_train.shape()[1] - 1;
    let border = all.saturating_sub(config.validation_clips);
    let (train, validation, description): (_, Arc<dyn ClipSource>, _) = match config.protocol {
        Protocol::Own => (
            train(0..border.saturating_sub(gap)),
            train(border..all),
            format!(
                "validation: the last {} clips of X_train; {gap} clips that overlap them train nothing",
                all - border
            ),
        ),
        Protocol::OpenStl => (
            train(0..all),
            Arc::clone(&test),
            "validation: the test clips".to_owned(),
        ),
    };
    for (split, clips) in [
        ("train", train.len()),
        ("validation", validation.len()),
        ("test", test.len()),
    ] {
        not_empty(folder, split, clips)?;
    }
    let splits = Splits {
        input: None,
        train,
        validation,
        test,
        normalization: Normalization::identity(),
        clip,
        fingerprint: fingerprint(config, "taxibj 1", &files)?,
        description,
    };
    disturb(splits, config, false)
}

/// The four arrays, out of the archive or from `.npy` files of their names, and the files they lie in.
fn arrays(path: &Path) -> Result<(Vec<PathBuf>, [Mapped; 4]), DataError> {
    let archive = if path.is_dir() {
        path.join(ARCHIVE)
    } else {
        path.to_owned()
    };
    let apart = ARRAYS.map(|name| path.join(format!("{name}.npy")));
    let (files, arrays) = if archive.is_file() {
        let arrays = ARRAYS.map(|name| npz::array(&archive, name));
        (vec![archive], arrays)
    } else if apart[0].is_file() {
        let arrays = apart.each_ref().map(|path| Mapped::open(path));
        (apart.to_vec(), arrays)
    } else {
        return Err(DataError::file(
            path,
            format!("holds no {ARCHIVE}, nor {}.npy", ARRAYS[0]),
            "`foreframe data get taxibj` says where to get it",
        ));
    };
    let [a, b, c, d] = arrays;
    let arrays = [a?, b?, c?, d?];
    let first = arrays[0].shape().to_vec();
    for (name, array) in ARRAYS.iter().zip(&arrays) {
        let shape = array.shape();
        let frames = arrays[usize::from(name.starts_with('Y'))].shape().get(1);
        if shape.len() != 5 || shape[2..] != first[2..] || shape.get(1) != frames || array.is_empty() {
            return Err(DataError::file(
                array.path(),
                format!("holds {name} of shape {shape:?}, not [clips, frames, 2, 32, 32]"),
                "use the published file",
            ));
        }
    }
    for pair in [0, 2] {
        let [clips, followed] = [arrays[pair].shape()[0], arrays[pair + 1].shape()[0]];
        if clips != followed {
            return Err(DataError::file(
                arrays[pair].path(),
                format!(
                    "holds {clips} clips in {} but {followed} in {}",
                    ARRAYS[pair],
                    ARRAYS[pair + 1]
                ),
                "use the published file",
            ));
        }
    }
    Ok((files, arrays))
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_formats::samples::{archive, float_array as npy};
    use std::fs;

    /// Clips whose frames follow each other, a frame apart: frame `t` of clip `n` is `n + t` of 200, scaled to -1..1.
    fn miniature(train: usize, test: usize, y_test: usize) -> Vec<(&'static str, Vec<u8>)> {
        let array = |clips: usize, shift: usize| {
            let value = |at: usize| (at / 32 + at / 8 % 4 + shift) as f32 / 100.0 - 1.0;
            npy(&[clips, 4, 2, 2, 2], &(0..clips * 32).map(value).collect::<Vec<_>>())
        };
        vec![
            ("X_train", array(train, 0)),
            ("Y_train", array(train, 4)),
            ("X_test", array(test, 100)),
            ("Y_test", array(y_test, 104)),
        ]
    }

    fn first_values(source: &Arc<dyn ClipSource>, index: usize) -> Vec<u32> {
        let shape = source.shape();
        let mut frames = vec![f32::NAN; shape.clip_len()];
        source.read(0, index, &mut frames).unwrap();
        frames
            .chunks(shape.frame_len())
            .map(|frame| (frame[0] * 200.0).round() as u32)
            .collect()
    }

    #[test]
    fn validation_shares_no_frame_with_training_unless_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = DataConfig {
            path: Some(folder.path().to_owned()),
            validation_clips: 5,
            ..defaults()
        };
        for packed in [false, true] {
            fs::write(folder.path().join(ARCHIVE), archive(&miniature(30, 6, 6), packed)).unwrap();
            config.protocol = Protocol::Own;
            let splits = open(&config).unwrap();
            assert_eq!(splits.clip, ClipShape::new([4, 4, 2, 2, 2]));
            assert_eq!(
                [splits.train.len(), splits.validation.len(), splits.test.len()],
                [18, 5, 6]
            );
            assert_eq!(first_values(&splits.train, 17), (17..25).collect::<Vec<_>>());
            assert_eq!(first_values(&splits.validation, 0), (25..33).collect::<Vec<_>>());
            assert_eq!(first_values(&splits.test, 5), (105..113).collect::<Vec<_>>());
            config.protocol = Protocol::OpenStl;
            let splits = open(&config).unwrap();
            assert_eq!(
                [splits.train.len(), splits.validation.len(), splits.test.len()],
                [30, 6, 6]
            );
            assert!(Arc::ptr_eq(&splits.validation, &splits.test));
        }
        // Fewer frames: the newest observed, the first to come.
        (config.past, config.future) = (2, 1);
        assert_eq!(first_values(&open(&config).unwrap().train, 3), [5, 6, 7]);
        // The same arrays in files of their own.
        fs::remove_file(folder.path().join(ARCHIVE)).unwrap();
        for (name, bytes) in miniature(30, 6, 6) {
            fs::write(folder.path().join(format!("{name}.npy")), bytes).unwrap();
        }
        assert_eq!(first_values(&open(&config).unwrap().train, 3), [5, 6, 7]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = DataConfig {
            path: Some(folder.path().to_owned()),
            ..defaults()
        };
        let message = |config: &DataConfig| open(config).unwrap_err().to_string();
        assert!(message(&config).contains("holds no dataset.npz"));
        let write =
            |arrays: &[(&str, Vec<u8>)]| fs::write(folder.path().join(ARCHIVE), archive(arrays, false)).unwrap();
        write(&miniature(30, 6, 5));
        assert!(message(&config).contains("6 clips in X_test but 5 in Y_test"));
        write(&miniature(30, 6, 6));
        assert!(message(&config).contains("leaves no clip for the train split"));
        config.past = 5;
        assert!(message(&config).contains("`data.past` is 5, but"));
        write(&miniature(30, 6, 6)[..3]);
        assert!(message(&config).contains("holds no array `Y_test`"));
        let mut flat = miniature(30, 6, 6);
        flat[1].1 = npy(&[8], &[0.0; 8]);
        write(&flat);
        assert!(message(&config).contains("Y_train of shape [8]"));
        (config.past, config.validation_clips) = (4, 2);
        let mut missing = miniature(30, 6, 6);
        missing[0].1 = npy(&[30, 4, 2, 2, 2], &[f32::NAN; 960]);
        write(&missing);
        let splits = open(&config).unwrap();
        let error = splits
            .train
            .read(0, 3, &mut vec![0.0; splits.clip.clip_len()])
            .unwrap_err()
            .to_string();
        assert!(error.contains("NaN at clip 3"), "{error}");
    }
}
