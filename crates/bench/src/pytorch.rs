//! PyTorch beside us, in processes of its own.

mod environment;
mod worker;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::case::Case;
use crate::engine::Engine;
use crate::error::BenchError;
use crate::precision::Precision;
pub use environment::repository;
pub(crate) use worker::{Failure, Worker};

/// The command that starts PyTorch.
#[derive(Clone, Debug)]
pub struct PyTorch {
    /// An interpreter that has PyTorch; without one an environment is made.
    pub python: Option<PathBuf>,
    /// Whether `torch.compile` is measured too.
    pub compile: bool,
    /// The clone of the repository that has PyTorch's half.
    pub repository: PathBuf,
}

/// How a worker is started.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) python: PathBuf,
    pub(crate) script: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// On a GPU rather than the processor.
    pub(crate) on_device: bool,
    /// Whether the C library keeps memory that PyTorch frees, as it does for Foreframe. It is the faster way, but may
    /// take more memory.
    pub(crate) keeps_memory: bool,
}

/// A worker's description of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) version: String,
    pub(crate) device: String,
    pub(crate) compiles: bool,
}

/// How PyTorch runs a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Eager,
    Compile,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Compile => "compile",
        }
    }
}

impl Setup {
    /// Finds worker and interpreter, or makes the latter.
    ///
    /// # Errors
    /// There is no Python, or PyTorch cannot be installed.
    pub(crate) fn find(
        pytorch: &PyTorch,
        threads: usize,
        on_device: bool,
        precision: Precision,
        say: &dyn Fn(&str),
    ) -> Result<Self, BenchError> {
        let device = if on_device { "cuda" } else { "cpu" };
        let folder = pytorch.repository.join(environment::FOLDER);
        let python = match &pytorch.python {
            Some(python) => python.clone(),
            None => environment::interpreter(&folder, say)?,
        };
        let threads = threads.to_string();
        let arguments = [
            "--threads",
            &threads,
            "--device",
            device,
            "--precision",
            precision.name(),
        ];
        Ok(Self {
            python,
            script: folder.join(environment::WORKER),
            arguments: arguments.map(str::to_owned).into(),
            on_device,
            keeps_memory: !on_device && cfg!(all(target_os = "linux", target_env = "gnu")),
        })
    }

    /// Starts a worker and asks what it is.
    ///
    /// # Errors
    /// It ends before it answers.
    pub(crate) fn describe(&self) -> Result<Description, BenchError> {
        let answer = self
            .start()?
            .ask(&json!({ "do": "describe" }))
            .map_err(|failure| BenchError::Worker {
                python: self.python.clone(),
                said: failure.to_string(),
            })?;
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        Ok(Description {
            version: text("torch"),
            device: text("device"),
            compiles: answer["compile"].as_bool().unwrap_or_default(),
        })
    }

    /// Starts a worker.
    ///
    /// # Errors
    /// There is no such interpreter.
    pub(crate) fn start(&self) -> Result<Worker, BenchError> {
        let allocator = if self.keeps_memory { "retain" } else { "system" };
        let arguments = [
            self.arguments.as_slice(),
            &["--allocator".to_owned(), allocator.to_owned()],
        ]
        .concat();
        Worker::start(&self.python, &self.script, &arguments).map_err(|cause| BenchError::NoPython {
            program: self.python.clone(),
            cause,
        })
    }
}

/// PyTorch as an engine, with a worker for this mode alone.
pub(crate) struct Measured {
    setup: Setup,
    mode: Mode,
    worker: Option<Worker>,
    variant: Option<String>,
}

impl Measured {
    pub(crate) fn new(setup: Setup, mode: Mode) -> Self {
        Self {
            setup,
            mode,
            worker: None,
            variant: None,
        }
    }

    /// Asks the worker; one that is gone is replaced when the next case is prepared.
    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let Some(worker) = &mut self.worker else {
            return Err("the worker is gone".to_owned());
        };
        worker.ask(request).map_err(|failure| {
            if matches!(failure, Failure::Gone(_)) {
                self.worker = None;
            }
            failure.to_string()
        })
    }
}

impl Engine for Measured {
    fn prepare(&mut self, case: &Case, variant: Option<&str>) -> Result<(), String> {
        self.variant = None;
        if self.worker.is_none() {
            self.worker = Some(self.setup.start().map_err(|error| error.to_string())?);
        }
        let answer = self.ask(&request(case, variant, self.mode))?;
        self.variant = answer["variant"].as_str().map(str::to_owned);
        Ok(())
    }

    fn run(&mut self, repetitions: usize) -> Result<Vec<f64>, String> {
        seconds(&self.ask(&json!({ "do": "run", "repetitions": repetitions }))?)
    }

    fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    fn release(&mut self) {
        // A worker that is gone holds nothing.
        let _ = self.ask(&json!({ "do": "release" }));
    }
}

/// A request to build a network.
pub(crate) fn request(case: &Case, variant: Option<&str>, mode: Mode) -> Value {
    let mut described = case.request();
    if let Some(variant) = variant {
        described["variant"] = json!(variant);
    }
    json!({ "do": "prepare", "case": described, "mode": mode.name() })
}

fn seconds(answer: &Value) -> Result<Vec<f64>, String> {
    serde_json::from_value(answer["seconds"].clone()).map_err(|_| format!("the worker answers {answer}"))
}
