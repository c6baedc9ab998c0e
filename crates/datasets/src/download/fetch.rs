//! One file over HTTP.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use ureq::http::StatusCode;

use super::{File, Progress, is_genuine};
use foreframe_data::DataError;

/// A server that is silent for longer is given up; slow ones are not.
const SILENCE: Duration = Duration::from_secs(30);

/// Fetches `file` into `folder`, from the first source that delivers it.
pub(super) fn fetch(file: &File, folder: &Path, progress: &mut impl FnMut(Progress<'_>)) -> Result<(), DataError> {
    let path = folder.join(&file.name);
    let part = folder.join(format!("{}.part", file.name));
    let mut answers = Vec::new();
    for source in &file.sources {
        match receive(source, file, &part, progress)? {
            Outcome::Complete => {}
            Outcome::Failed(answer) => {
                tracing::warn!("{source}: {answer}");
                answers.push(format!("{source}: {answer}"));
                continue;
            }
        }
        if is_genuine(file, &part)? {
            return fs::rename(&part, &path).map_err(DataError::io("write", &path));
        }
        // Going on from wrong bytes can only yield wrong bytes.
        fs::remove_file(&part).map_err(DataError::io("remove", &part))?;
        answers.push(format!(
            "{source}: delivered another file (its SHA-256 is not that of the manifest)"
        ));
    }
    Err(DataError::Download {
        file: file.name.clone(),
        problem: answers.join("; "),
        remedy: format!(
            "run the same command again to go on where it stopped, or fetch the file yourself and put it at `{}`",
            path.display()
        ),
    })
}

enum Outcome {
    Complete,
    /// A failure of the server or the connection.
    Failed(String),
}

/// Appends to `part` what one source has of it.
///
/// Errors are those of the own disk, which no other source can mend.
fn receive(
    source: &str,
    file: &File,
    part: &Path,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<Outcome, DataError> {
    let mut output = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(part)
        .map_err(DataError::io("write", part))?;
    let mut done = output.seek(SeekFrom::End(0)).map_err(DataError::io("write", part))?;
    if done == file.size {
        return Ok(Outcome::Complete);
    }
    if done > file.size {
        restart(&mut output, &mut done).map_err(DataError::io("write", part))?;
    }
    let mut response = match request(source, done) {
        Ok(response) => response,
        Err(cause) => return Ok(Outcome::Failed(cause.to_string())),
    };
    match response.status() {
        StatusCode::PARTIAL_CONTENT if starts_at(&response, done) => {}
        StatusCode::OK => restart(&mut output, &mut done).map_err(DataError::io("write", part))?,
        status => return Ok(Outcome::Failed(format!("answered {status}"))),
    }
    let mut body = response.body_mut().as_reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(cause) => {
                return Ok(Outcome::Failed(format!(
                    "broke off after {done} of {} bytes: {cause}",
                    file.size
                )));
            }
        };
        done += read as u64;
        if done > file.size {
            restart(&mut output, &mut done).map_err(DataError::io("write", part))?;
            return Ok(Outcome::Failed(format!(
                "delivers more than the {} bytes of the manifest",
                file.size
            )));
        }
        output
            .write_all(&buffer[..read])
            .map_err(DataError::io("write", part))?;
        progress(Progress {
            file: &file.name,
            done,
            total: file.size,
        });
    }
    output.sync_all().map_err(DataError::io("write", part))?;
    match done == file.size {
        true => Ok(Outcome::Complete),
        false => Ok(Outcome::Failed(format!(
            "broke off after {done} of {} bytes",
            file.size
        ))),
    }
}

fn request(source: &str, from: u64) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        // Files packed with gzip are wanted as they are.
        .accept_encoding("identity")
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .into();
    let mut request = agent.get(source);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
    }
    request.call()
}

/// Whether the answer to a request for a range begins where it was asked to.
fn starts_at(response: &ureq::http::Response<ureq::Body>, from: u64) -> bool {
    let range = response
        .headers()
        .get("Content-Range")
        .and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

fn restart(output: &mut fs::File, done: &mut u64) -> io::Result<()> {
    output.set_len(0)?;
    output.rewind()?;
    *done = 0;
    Ok(())
}

#[cfg(test)]
mod tests;
