//! Batches, prefetched in an order that can be repeated.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use rand::seq::SliceRandom;

use crate::random::{Purpose, stream};
use crate::{ClipSource, DataError, HostBatch};

/// Batches that wait for the consumer; one more is being made.
const QUEUE: usize = 2;

/// How clips are put into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoaderConfig {
    /// Clips in a batch.
    pub batch: usize,
    /// Seed of the order.
    pub seed: u64,
    /// Whether every epoch has an order of its own; else clips come by number.
    pub shuffle: bool,
    /// Whether a last batch that is not full is left out.
    pub drop_last: bool,
}

/// Makes batches of a source's clips.
#[derive(Clone)]
pub struct Loader {
    source: Arc<dyn ClipSource>,
    config: LoaderConfig,
}

impl Loader {
    /// A loader that yields one batch per epoch at least.
    ///
    /// # Errors
    /// Names `train.batch` where it is 0 or, with `drop_last`, more than there are clips.
    pub fn new(source: Arc<dyn ClipSource>, config: LoaderConfig) -> Result<Self, DataError> {
        let loader = Self { source, config };
        let refuse = |problem: String, remedy: &str| {
            Err(foreframe_core::ConfigError::new("train.batch", problem, remedy).into())
        };
        if config.batch == 0 {
            return refuse("is 0".to_owned(), "use 1 or more");
        }
        if loader.batches() == 0 {
            return refuse(
                format!("is {}, but there are only {} clips", config.batch, loader.source.len()),
                "use a smaller batch, or more clips",
            );
        }
        Ok(loader)
    }

    /// Batches per epoch.
    pub fn batches(&self) -> usize {
        self.batches_from(0)
    }

    /// Batches that an epoch still has after its first `clip` clips.
    pub fn batches_from(&self, clip: usize) -> usize {
        let clips = self.source.len().saturating_sub(clip);
        match self.config.drop_last {
            true => clips / self.config.batch,
            false => clips.div_ceil(self.config.batch),
        }
    }

    /// Clips in a batch.
    pub fn batch_size(&self) -> usize {
        self.config.batch
    }

    /// Clips per epoch, with those of a last batch that is left out.
    pub fn clips(&self) -> usize {
        self.source.len()
    }

    /// The clip numbers of an epoch in order: a function of seed and epoch alone.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.source.len()).collect();
        if self.config.shuffle {
            order.shuffle(&mut stream(self.config.seed, Purpose::Order, epoch, 0));
        }
        order
    }

    /// Starts a thread that makes the batches of an epoch from its clip number `first_clip` on, counted in the order of the
    /// epoch. That order does not depend on the size of batches, so that an epoch can be continued with batches of another.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn epoch(&self, epoch: u64, first_clip: usize) -> Batches {
        let loader = self.clone();
        let (sender, receiver) = sync_channel(QUEUE);
        let work = move || {
            let order = loader.order(epoch);
            let rest = order.get(first_clip..).unwrap_or_default();
            for clips in rest.chunks(loader.config.batch).take(loader.batches_from(first_clip)) {
                let batch = loader.batch(epoch, clips);
                let failed = batch.is_err();
                // Nobody listens any more once the consumer has dropped its end.
                if sender.send(batch).is_err() || failed {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("prefetch".to_owned()).spawn(work);
        Batches {
            receiver: Some(receiver),
            thread: Some(thread.expect("the system can start a thread")),
        }
    }

    fn batch(&self, epoch: u64, clips: &[usize]) -> Result<HostBatch, DataError> {
        let shape = self.source.shape();
        let mut values = vec![0.0; clips.len() * shape.clip_len()];
        for (clip, frames) in clips.iter().zip(values.chunks_exact_mut(shape.clip_len())) {
            self.source.read(epoch, *clip, frames)?;
        }
        Ok(HostBatch {
            values,
            clips: clips.len(),
            shape,
        })
    }
}

/// The batches of one epoch. It ends after the first error. Dropping it stops the thread behind it.
pub struct Batches {
    receiver: Option<Receiver<Result<HostBatch, DataError>>>,
    thread: Option<JoinHandle<()>>,
}

impl Iterator for Batches {
    type Item = Result<HostBatch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.receiver.as_ref()?.recv().ok();
        if batch.is_none() {
            self.receiver = None;
            if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                resume_unwind(panic);
            }
        }
        batch
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        // A full queue would block the thread for ever; without a receiver its next send fails.
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there concerns nobody who does not want the batch.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use foreframe_core::ClipShape;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Clips whose every value is their number; clip 13 cannot be read, clip 17 is a bug.
    struct Numbers {
        clips: usize,
        read: AtomicUsize,
    }

    impl ClipSource for Numbers {
        fn shape(&self) -> ClipShape {
            ClipShape::new([2, 1, 1, 1, 2])
        }

        fn len(&self) -> usize {
            self.clips
        }

        fn read(&self, epoch: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
            self.read.fetch_add(1, Ordering::SeqCst);
            assert!(index != 17, "clip 17 is a bug");
            if index == 13 {
                return Err(DataError::config("path", "is unlucky", "use another"));
            }
            frames
                .iter_mut()
                .enumerate()
                .for_each(|(at, value)| *value = (1000 * epoch as usize + 10 * index + at) as f32);
            Ok(())
        }
    }

    fn loader(clips: usize, shuffle: bool, drop_last: bool) -> Loader {
        let read = AtomicUsize::new(0);
        let config = LoaderConfig {
            batch: 4,
            seed: 9,
            shuffle,
            drop_last,
        };
        Loader::new(Arc::new(Numbers { clips, read }), config).unwrap()
    }

    fn clips(batches: Batches) -> Vec<Vec<f32>> {
        batches
            .map(|batch| batch.unwrap().values.chunks(6).map(|clip| clip[0]).collect())
            .collect()
    }

    #[test]
    fn an_epoch_holds_every_clip_once() {
        assert_eq!(
            clips(loader(10, false, false).epoch(0, 0)),
            [vec![0., 10., 20., 30.], vec![40., 50., 60., 70.], vec![80., 90.]]
        );
        let dropped = loader(10, false, true);
        assert_eq!((dropped.batches(), clips(dropped.epoch(0, 0)).len()), (2, 2));
        let shuffled = loader(12, true, false);
        let mut all = clips(shuffled.epoch(1, 0)).concat();
        assert_ne!(all[..4], [1000., 1010., 1020., 1030.]);
        all.sort_by(f32::total_cmp);
        assert_eq!(all, (0..12).map(|clip| (1000 + 10 * clip) as f32).collect::<Vec<_>>());
    }

    #[test]
    fn any_clip_can_be_resumed_from() {
        let loader = loader(12, true, false);
        let whole = clips(loader.epoch(2, 0));
        for first in 0..14 {
            let (rest, expected) = (loader.epoch(2, first), &whole.concat()[first.min(12)..]);
            let expected: Vec<&[f32]> = expected.chunks(4).collect();
            assert_eq!(loader.batches_from(first), expected.len());
            assert_eq!(clips(rest), expected);
            // Clips that fill no batch at the end are left out, wherever the batches begin.
            let full = self::loader(12, true, true);
            assert_eq!(full.batches_from(first), clips(full.epoch(2, first)).len());
            assert!(
                clips(full.epoch(2, first))
                    .iter()
                    .eq(expected.iter().filter(|batch| batch.len() == 4))
            );
        }
        assert_eq!(clips(loader.clone().epoch(2, 0)), whole);
        let next: Vec<f32> = clips(loader.epoch(3, 0)).concat();
        assert_ne!(next.iter().map(|clip| clip - 1000.).collect::<Vec<_>>(), whole.concat());
    }

    #[test]
    fn an_error_is_passed_on_and_ends_the_epoch() {
        let mut batches = loader(16, false, false).epoch(0, 8);
        assert!(batches.next().unwrap().is_ok());
        assert!(batches.next().unwrap().unwrap_err().to_string().contains("unlucky"));
        assert!(batches.next().is_none());
        assert!(batches.next().is_none());
    }

    #[test]
    fn a_bug_in_a_source_is_not_swallowed() {
        let mut batches = loader(20, false, false).epoch(0, 16);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| batches.next())).unwrap_err();
        assert!(
            panic
                .downcast_ref::<String>()
                .is_some_and(|text| text.contains("clip 17"))
                || panic.is::<&str>()
        );
    }

    #[test]
    fn an_epoch_can_be_left_and_is_not_read_ahead() {
        let source = Arc::new(Numbers {
            clips: 12,
            read: AtomicUsize::new(0),
        });
        let config = LoaderConfig {
            batch: 1,
            seed: 0,
            shuffle: false,
            drop_last: false,
        };
        let mut batches = Loader::new(source.clone(), config).unwrap().epoch(0, 0);
        batches.next().unwrap().unwrap();
        drop(batches);
        // The thread has ended: nothing else holds the source.
        assert_eq!(Arc::strong_count(&source), 1);
        assert!(source.read.load(Ordering::SeqCst) <= 1 + QUEUE + 2);
    }

    #[test]
    fn batches_are_cut_into_past_and_future() {
        let batch = loader(4, false, false).epoch(0, 0).next().unwrap().unwrap();
        assert_eq!(batch.past(1), [10., 11., 12., 13.]);
        assert_eq!(batch.future(3), [34., 35.]);
        let clip = batch.to_clip(&Device::flex());
        assert_eq!(
            (clip.past.dims(), clip.future.dims()),
            ([4, 2, 1, 1, 2], [4, 1, 1, 1, 2])
        );
        let future = clip.future.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(future, [4., 5., 14., 15., 24., 25., 34., 35.]);
    }

    #[test]
    fn impossible_batches_are_refused() {
        let source = || {
            Arc::new(Numbers {
                clips: 3,
                read: AtomicUsize::new(0),
            })
        };
        let refused = |batch, drop_last| {
            let config = LoaderConfig {
                batch,
                seed: 0,
                shuffle: true,
                drop_last,
            };
            Loader::new(source(), config).err().map(|error| error.to_string())
        };
        assert_eq!(refused(0, false).unwrap(), "`train.batch` is 0: use 1 or more");
        assert!(refused(4, true).unwrap().contains("only 3 clips"));
        assert_eq!(refused(4, false), None);
    }
}
