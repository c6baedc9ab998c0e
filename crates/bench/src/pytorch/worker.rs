//! A process that answers requests, one line of JSON each.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A worker process, ended when dropped.
pub(crate) struct Worker {
    process: Child,
    /// Closed to have the worker end.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    words: Words,
    listener: JoinHandle<()>,
}

/// The last lines that a process wrote on standard error.
type Words = Arc<Mutex<VecDeque<String>>>;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The request cannot be fulfilled; the worker goes on.
    Refused(String),
    /// The worker has ended.
    Gone(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Refused(said) | Self::Gone(said) => f.write_str(said),
        }
    }
}

impl Worker {
    pub(crate) fn start(program: &Path, script: &Path, arguments: &[String]) -> std::io::Result<Self> {
        let mut process = Command::new(program)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(requests), Some(answers), Some(words)) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take())
        else {
            return Err(std::io::Error::other("no pipe to the worker"));
        };
        let said = Words::default();
        let kept = Arc::clone(&said);
        let listener = std::thread::spawn(move || listen(BufReader::new(words), &kept));
        Ok(Self {
            process,
            requests: Some(requests),
            answers: BufReader::new(answers),
            words: said,
            listener,
        })
    }

    /// Asks and waits for the answer.
    pub(crate) fn ask(&mut self, request: &Value) -> Result<Value, Failure> {
        let mut line = String::new();
        let Some(requests) = &mut self.requests else {
            return Err(Failure::Gone(self.last_words()));
        };
        let exchanged = writeln!(requests, "{request}")
            .and_then(|()| requests.flush())
            .and_then(|()| self.answers.read_line(&mut line));
        match exchanged {
            Ok(length) if length > 0 => parse(&line),
            _ => Err(Failure::Gone(self.last_words())),
        }
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    fn last_words(&mut self) -> String {
        self.requests = None;
        let status = self.process.wait();
        // The output of a dead process arrives soon; its own children may keep the pipe open for longer.
        within(Duration::from_secs(1), || self.listener.is_finished());
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        match (words.back(), status) {
            (Some(last), _) => last.clone(),
            (None, Ok(status)) => format!("the worker ended with {status}"),
            (None, Err(error)) => error.to_string(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that reads ends by itself, and so do the compilers that it has started.
        self.requests = None;
        if !within(Duration::from_secs(2), || {
            matches!(self.process.try_wait(), Ok(Some(_)))
        }) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Whether `done` comes true in time.
fn within(time: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if done() {
            return true;
        }
        if start.elapsed() > time {
            return false;
        }
        sleep(Duration::from_millis(10));
    }
}

fn listen(lines: impl BufRead, words: &Words) {
    const KEPT: usize = 20;
    for line in lines
        .lines()
        .map_while(Result::ok)
        .filter(|line| !line.trim().is_empty())
    {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == KEPT {
            words.pop_front();
        }
        words.push_back(line);
    }
}

fn parse(line: &str) -> Result<Value, Failure> {
    let answer: Value =
        serde_json::from_str(line).map_err(|_| Failure::Refused(format!("no JSON: {}", line.trim_end())))?;
    match answer["error"].as_str() {
        Some(error) => Err(Failure::Refused(error.lines().next().unwrap_or_default().to_owned())),
        None => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_is_refused_and_what_is_no_json_is_told() {
        assert_eq!(parse("{\"ok\": true}"), Ok(json!({ "ok": true })));
        let refused = |said: &str| Err(Failure::Refused(said.to_owned()));
        assert_eq!(
            parse("{\"error\": \"ValueError: no\\nmore\"}"),
            refused("ValueError: no")
        );
        assert_eq!(parse("Segmentation fault\n"), refused("no JSON: Segmentation fault"));
    }

    #[cfg(unix)]
    fn shell(script: &str) -> Worker {
        let arguments = [script.to_owned()];
        Worker::start(Path::new("sh"), Path::new("-c"), &arguments).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn a_worker_answers_line_by_line() {
        let mut worker = shell("while read -r line; do echo \"$line\"; done");
        for number in 0..3 {
            let request = json!({ "do": "run", "repetitions": number });
            assert_eq!(worker.ask(&request), Ok(request));
        }
        assert!(worker.id() > 0);
    }

    #[cfg(unix)]
    #[test]
    fn the_last_words_of_a_worker_that_ends_are_told() {
        let mut worker = shell("read -r line; echo first >&2; echo 'no module torch' >&2; exit 3");
        let gone = |said: &str| Err(Failure::Gone(said.to_owned()));
        assert_eq!(worker.ask(&json!({})), gone("no module torch"));
        let mut worker = shell("exit 3");
        assert!(matches!(worker.ask(&json!({})), Err(Failure::Gone(said)) if said.contains('3')));
    }

    #[cfg(unix)]
    #[test]
    fn a_worker_is_killed_when_dropped() {
        let worker = shell("sleep 600");
        let start = std::time::Instant::now();
        drop(worker);
        assert!(start.elapsed().as_secs() < 60);
    }
}
