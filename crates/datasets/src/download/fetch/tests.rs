use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread::JoinHandle;

use super::super::{FileState, Manifest, get, state};
use super::*;
use foreframe_data::fingerprint::hex;
use sha2::{Digest, Sha256};

/// How the server treats one connection.
#[derive(Clone, Copy)]
enum Answer {
    /// The whole file, ranges honored.
    Whole,
    /// Announces everything that was asked for and closes after this many bytes.
    BreakOff(usize),
    /// The whole file whatever range was asked for.
    NoRanges,
    /// `404 Not Found`.
    Missing,
    /// A range that begins elsewhere.
    WrongRange,
}

/// Serves `content` on the loopback interface, one connection per answer; yields the `Range` headers it received.
fn serve(content: Vec<u8>, answers: Vec<Answer>) -> (String, JoinHandle<Vec<Option<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/data.bin", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut ranges = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            let range = head.iter().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("range: bytes=")
                    .map(str::to_owned)
            });
            let from: usize = range
                .as_deref()
                .map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
            let last = content.len() - 1;
            let (status, body) = match (answer, from) {
                (Answer::Missing, _) => ("404 Not Found".to_owned(), &content[..0]),
                (Answer::NoRanges, _) | (_, 0) => ("200 OK".to_owned(), &content[..]),
                (Answer::WrongRange, _) => (
                    format!("206 Partial Content\r\nContent-Range: bytes 1-{last}/*"),
                    &content[1..],
                ),
                _ => (
                    format!("206 Partial Content\r\nContent-Range: bytes {from}-{last}/*"),
                    &content[from..],
                ),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let sent = if let Answer::BreakOff(sent) = answer {
                sent.min(body.len())
            } else {
                body.len()
            };
            // A client that has heard enough may have closed its end.
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&body[..sent]));
            ranges.push(range);
        }
        ranges
    });
    (address, thread)
}

fn content() -> Vec<u8> {
    (0..200_000u32).map(|value| (value * 7 % 251) as u8).collect()
}

fn manifest(sources: Vec<String>, sha256: Option<String>) -> Manifest {
    let mut manifest = super::super::find("moving-mnist").unwrap();
    manifest.files = vec![File {
        name: "data.bin".to_owned(),
        size: content().len() as u64,
        sha256,
        optional: false,
        sources,
    }];
    manifest
}

fn digest() -> Option<String> {
    Some(hex(&Sha256::digest(content())))
}

fn paths(folder: &tempfile::TempDir) -> [PathBuf; 2] {
    ["data.bin", "data.bin.part"].map(|name| folder.path().join(name))
}

#[test]
fn a_file_is_fetched_once() {
    let folder = tempfile::tempdir().unwrap();
    let [path, part] = paths(&folder);
    let (address, server) = serve(content(), vec![Answer::Whole]);
    let manifest = manifest(vec![address], digest());
    let mut reports = Vec::new();
    let got = get(&manifest, folder.path(), false, |progress| reports.push(progress.done)).unwrap();
    assert_eq!(got, std::slice::from_ref(&path));
    assert_eq!(fs::read(&path).unwrap(), content());
    assert!(!part.exists());
    assert!(reports.is_sorted() && reports.last() == Some(&(content().len() as u64)));
    assert_eq!(server.join().unwrap(), [None]);
    // The server is gone: what is there is not fetched again.
    get(&manifest, folder.path(), false, |_| {}).unwrap();
}

#[test]
fn an_interrupted_download_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let [path, part] = paths(&folder);
    let (address, server) = serve(content(), vec![Answer::BreakOff(70_000), Answer::Whole]);
    let manifest = manifest(vec![address], digest());
    let error = get(&manifest, folder.path(), false, |_| {}).unwrap_err().to_string();
    assert!(
        error.contains("`data.bin`") && error.contains("broke off after 70000 of 200000"),
        "{error}"
    );
    assert!(error.contains("run the same command again"), "{error}");
    assert!(!path.exists());
    assert_eq!(fs::read(&part).unwrap(), content()[..70_000]);
    get(&manifest, folder.path(), false, |_| {}).unwrap();
    assert_eq!(fs::read(&path).unwrap(), content());
    assert!(!part.exists());
    assert_eq!(server.join().unwrap(), [None, Some("70000-".to_owned())]);
}

#[test]
fn a_server_without_ranges_starts_over() {
    let folder = tempfile::tempdir().unwrap();
    let [path, part] = paths(&folder);
    fs::write(&part, &content()[..1000]).unwrap();
    let (address, server) = serve(content(), vec![Answer::NoRanges]);
    get(&manifest(vec![address], digest()), folder.path(), false, |_| {}).unwrap();
    assert_eq!(fs::read(&path).unwrap(), content());
    assert_eq!(server.join().unwrap(), [Some("1000-".to_owned())]);
}

#[test]
fn the_next_source_is_asked_where_one_fails() {
    let folder = tempfile::tempdir().unwrap();
    let [path, part] = paths(&folder);
    fs::write(&part, &content()[..1000]).unwrap();
    let (address, server) = serve(
        content(),
        vec![Answer::Missing, Answer::WrongRange, Answer::BreakOff(9), Answer::Whole],
    );
    get(&manifest(vec![address; 4], digest()), folder.path(), false, |_| {}).unwrap();
    assert_eq!(fs::read(&path).unwrap(), content());
    assert_eq!(server.join().unwrap().last(), Some(&Some("1009-".to_owned())));
}

#[test]
fn a_wrong_file_does_not_get_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let [path, part] = paths(&folder);
    let mut wrong = content();
    wrong[5] ^= 1;
    let longer = [content(), vec![0]].concat();
    for (delivered, expected) in [(wrong, "SHA-256"), (longer, "more than the 200000 bytes")] {
        let (address, server) = serve(delivered, vec![Answer::Whole]);
        let error = get(&manifest(vec![address], digest()), folder.path(), false, |_| {})
            .unwrap_err()
            .to_string();
        assert!(error.contains("data.bin") && error.contains(expected), "{error}");
        assert!(!path.exists());
        assert!(
            fs::metadata(&part).map_or(0, |metadata| metadata.len()) == 0,
            "wrong bytes were kept"
        );
        server.join().unwrap();
    }
}

#[test]
fn a_damaged_file_is_replaced_and_an_unknown_digest_is_not_checked() {
    let folder = tempfile::tempdir().unwrap();
    let [path, _] = paths(&folder);
    fs::write(&path, vec![0; content().len()]).unwrap();
    let (address, server) = serve(content(), vec![Answer::Whole]);
    let manifest_of_one = manifest(vec![address], digest());
    let state_now = || state(&manifest_of_one.files[0], folder.path()).unwrap();
    assert_eq!(state_now(), FileState::Damaged);
    get(&manifest_of_one, folder.path(), false, |_| {}).unwrap();
    assert_eq!(state_now(), FileState::Intact);
    server.join().unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(state_now(), FileState::Missing);
    fs::write(&path, vec![0; content().len()]).unwrap();
    get(
        &manifest(vec!["http://127.0.0.1:9/data.bin".to_owned()], None),
        folder.path(),
        false,
        |_| {},
    )
    .unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"in the way").unwrap();
    let manifest = manifest(vec!["http://127.0.0.1:9/data.bin".to_owned()], digest());
    let error = get(&manifest, &file.join("below"), false, |_| {})
        .unwrap_err()
        .to_string();
    assert!(error.contains("below"), "{error}");
}
