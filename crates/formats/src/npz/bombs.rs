//! Archives that are made to fill a disk.

use std::fs;
use std::path::Path;

use super::{array, names};
use crate::samples::{archive, float_array as npy};

/// The places where an archive says how large its only array is: in front of it, and in the directory at the end.
fn announce(archive: &mut [u8], size: usize) {
    for (mark, place) in [(b"PK\x03\x04", 22), (b"PK\x01\x02", 24)] {
        let found = archive.windows(4).position(|bytes| bytes == mark).unwrap();
        archive[found + place..][..4].copy_from_slice(&(size as u32).to_le_bytes());
    }
}

fn refused(folder: &Path, bytes: &[u8]) -> String {
    let path = folder.join("a.npz");
    fs::write(&path, bytes).unwrap();
    let message = array(&path, "x").unwrap_err().to_string();
    assert!(message.contains("a.npz` holds `x.npy`, which "), "{message}");
    let unpacked = folder.join("a.npz.unpacked");
    let left = fs::read_dir(unpacked).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left of what was unpacked: {message}");
    message
}

#[test]
fn an_array_that_becomes_more_than_it_announces_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = npy(&[2], &[1.0, 2.0]);
    let mut more = good.clone();
    more.resize(16 << 20, 0);
    let mut bomb = archive(&[("x", more.clone())], true);
    assert!(bomb.len() < 64 << 10);
    // Array and archive agree on what it is not.
    announce(&mut bomb, good.len());
    let message = refused(folder.path(), &bomb);
    assert!(
        message.contains("not as long as it announces") || message.contains("cannot be unpacked"),
        "{message}"
    );
    // The archive tells the truth, the array does not.
    let message = refused(folder.path(), &archive(&[("x", more)], true));
    assert!(
        message.contains("where its header, shape [2] of <f4, announces 8"),
        "{message}"
    );
    // Less than announced.
    let mut short = archive(&[("x", good[..good.len() - 4].to_vec())], true);
    announce(&mut short, good.len());
    let message = refused(folder.path(), &short);
    assert!(
        message.contains("not as long as it announces") || message.contains("cannot be unpacked"),
        "{message}"
    );
}

#[test]
fn archives_within_archives_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let inner = archive(&[("x", npy(&[2], &[1.0, 2.0]))], true);
    for packed in [false, true] {
        let path = folder.path().join("a.npz");
        fs::write(&path, archive(&[("x", inner.clone())], packed)).unwrap();
        assert_eq!(names(&path).unwrap(), ["x"]);
        let message = array(&path, "x").unwrap_err().to_string();
        assert!(message.contains("is no .npy file"), "{message}");
    }
}
