//! The walk by which published loaders find their clips.

/// Metadata of a frame, known before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The recording it belongs to.
    pub(crate) recording: u32,
    /// Its number there. Clips have no gaps.
    pub(crate) number: u32,
    /// How far the walk goes back from the clip that this frame ends.
    pub(crate) back: u32,
}

/// The first frames of all clips of `length` frames, in the order of the walk: from the last frame backwards. Where the
/// `length` frames that end here belong together, they are a clip, and the walk goes on `back` frames earlier; elsewhere
/// it goes on one frame earlier.
pub(crate) fn walk_back(marks: &[Mark], length: usize) -> Vec<usize> {
    let mut starts = Vec::new();
    // One more than the place of the last frame of the next candidate.
    let mut end = marks.len();
    while end >= length && length > 0 {
        let (first, last) = (marks[end - length], marks[end - 1]);
        let whole = first.recording == last.recording && first.number as usize + length - 1 == last.number as usize;
        if whole {
            starts.push(end - length);
        }
        end = end.saturating_sub(if whole { last.back.max(1) as usize } else { 1 });
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The walks of the public loaders of KTH and of KITTI and Caltech, over recordings with gaps.
    #[test]
    fn the_published_walks_are_followed() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/golden/misc/sequence_indices.json"
        );
        let cases: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let cases = cases["sequence_indices"].as_array().unwrap();
        assert_eq!(cases.len(), 2);
        for case in cases {
            let list = |name: &str| -> Vec<usize> {
                let list = case[name].as_array().unwrap();
                list.iter().map(|value| value.as_u64().unwrap() as usize).collect()
            };
            let length = case["length"].as_u64().unwrap() as usize;
            let (recordings, numbers, categories) = (list("person"), list("frame"), list("category"));
            let marks = |kth: bool| -> Vec<Mark> {
                (0..recordings.len())
                    .map(|at| Mark {
                        recording: recordings[at] as u32,
                        // The walk of KITTI and Caltech does not look at numbers.
                        number: if kth { numbers[at] as u32 } else { at as u32 },
                        back: if kth && categories[recordings[at]] == 2 {
                            3
                        } else {
                            length as u32
                        },
                    })
                    .collect()
            };
            assert_eq!(walk_back(&marks(true), length), list("kth_indices"));
            assert_eq!(walk_back(&marks(false), length), list("kitti_indices"));
        }
        assert_eq!(walk_back(&[], 5), Vec::<usize>::new());
        assert_eq!(walk_back(&[], 0), Vec::<usize>::new());
    }
}
