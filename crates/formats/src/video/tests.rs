use std::path::PathBuf;

use super::*;

/// A program in place of `ffmpeg`, which says itself what it does.
const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/ffmpeg");

struct Folder {
    folder: tempfile::TempDir,
    program: Ffmpeg,
}

impl Folder {
    fn new() -> Self {
        Self {
            program: Ffmpeg {
                program: STAND_IN.into(),
            },
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A video of which `ffmpeg` would write these bytes.
    fn video(&self, name: &str, codec: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, b"a video").unwrap();
        fs::write(self.folder.path().join(format!("{name}.{codec}.out")), bytes).unwrap();
        path
    }

    fn message(&self, path: &Path) -> String {
        let message = self.program.frames(path, Color::Found).unwrap_err().to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(!unpacked(path, "frames.npy").exists());
        message
    }
}

fn values(array: &Mapped) -> Vec<f32> {
    let mut values = vec![0.0; array.len()];
    array.read(0, &mut values);
    values
}

#[test]
fn frames_are_decoded_once_gray_where_all_are() {
    let folder = Folder::new();
    let path = folder.video(
        "a b.avi",
        "ppm",
        b"P6\n2 1\n255\n\x01\x01\x01\x02\x02\x02P6\n2 1\n255\n\x03\x03\x03\x04\x04\x05",
    );
    let array = folder.program.frames(&path, Color::Found).unwrap();
    assert_eq!(array.shape(), [2, 3, 1, 2]);
    assert_eq!(values(&array), [1., 2., 1., 2., 1., 2., 3., 4., 3., 4., 3., 5.]);
    // Nothing is decoded again, until the video is another one.
    let gone = Ffmpeg {
        program: "/nonexistent/ffmpeg".into(),
    };
    assert_eq!(gone.frames(&path, Color::Found).unwrap().shape(), [2, 3, 1, 2]);
    let gray = b"P6\n2 1\n255\n\x01\x01\x01\x02\x02\x02";
    folder.video("a b.avi", "ppm", gray);
    folder.video("a b.avi", "pgm", b"P5\n2 1\n255\n\x01\x02");
    let old = std::time::SystemTime::UNIX_EPOCH;
    let made = File::options().write(true).open(unpacked(&path, "frames.npy")).unwrap();
    made.set_modified(old).unwrap();
    let array = folder.program.frames(&path, Color::Found).unwrap();
    assert_eq!((array.shape(), values(&array)), (&[1, 1, 1, 2][..], vec![1., 2.]));
    assert_eq!(folder.program.frames(&path, Color::Rgb).unwrap().shape(), [1, 3, 1, 2]);
}

#[test]
fn what_cannot_be_decoded_is_told_with_the_cause() {
    let folder = Folder::new();
    let whole = b"P6\n2 1\n255\n\x01\x01\x01\x02\x02\x02";
    let cut = folder.video("cut.avi", "ppm", &whole[..whole.len() - 1]);
    assert!(folder.message(&cut).contains("what ffmpeg wrote ends within frame 0"));
    fs::write(folder.folder.path().join("cut.avi.err"), "moov atom not found\n").unwrap();
    let message = folder.message(&cut);
    assert!(
        message.contains("ffmpeg ended with exit status: 3: moov atom not found: fetch it again, or repair it"),
        "{message}"
    );
    // Also where all that arrived was whole.
    let late = folder.video("late.avi", "ppm", whole);
    fs::write(folder.folder.path().join("late.avi.err"), "truncated\n").unwrap();
    assert!(folder.message(&late).contains("truncated"));
    let other = folder.video("other.avi", "ppm", &[whole, &b"P6\n1 2\n255\n123456"[..]].concat());
    assert!(folder.message(&other).contains("frame 1 is 2x1, those before it 1x2"));
    assert!(
        folder
            .message(&folder.video("none.avi", "ppm", b""))
            .contains("holds no frame")
    );
    assert!(
        folder
            .message(&folder.video("text.avi", "ppm", b"not an image at all"))
            .contains("frame 0 is no PPM")
    );
    assert!(
        folder
            .message(&folder.folder.path().join("absent.avi"))
            .contains("check the path")
    );
    let gone = Ffmpeg {
        program: "/nonexistent/ffmpeg".into(),
    };
    let message = gone.frames(&late, Color::Found).unwrap_err().to_string();
    assert!(
        message.contains("late.avi` is a video, and there is no `ffmpeg`") && message.contains("install ffmpeg"),
        "{message}"
    );
}
