//! Videos where there is nothing to decode them.

use crate::program::{command, stderr};

#[test]
fn without_ffmpeg_the_message_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clip.avi"), b"RIFF").unwrap();
    for arguments in [
        &["data", "convert", "clip.avi", "--output", "clip.npy"][..],
        &["train", "stlight", "--data-path", "clip.avi", "--steps", "1"],
    ] {
        let output = command(folder.path(), arguments)
            .env("PATH", "/nonexistent")
            .output()
            .unwrap();
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            message.contains("clip.avi` is a video") && message.contains("install ffmpeg"),
            "{message}"
        );
    }
    assert!(!folder.path().join("clip.npy").exists());
}
