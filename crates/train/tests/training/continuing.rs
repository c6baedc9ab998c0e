//! A run goes on with another length, other batches or another average, and sees every clip once all the same.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use foreframe_train::run::Status;
use foreframe_train::weights::load_weights;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::resume::{assert_same_after, epochs, steps};
use crate::toy::{TOY, alone, checkpoint, config, run, run_with, splits};

/// Clips of an epoch in the sweep: a prime, so that hardly a batch divides it.
const CLIPS: usize = 43;

/// Weights stand still and nothing is dropped, so that the loss of a step tells which clips it saw.
const STILL: [&str; 5] = [
    "train.schedule.learning_rate=1e-30",
    "network.dropout=0.0",
    "network.norm=false",
    "train.clip_norm=0",
    "train.keep=1",
];

/// A constant rate, which does not depend on the length of the run.
const CONSTANT: &str = "train.schedule.kind=constant";

#[test]
fn a_run_that_got_more_steps_is_the_run_that_had_them_at_once() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // After 15 steps the third epoch is over; `validate_every` would leave it without a validation.
    for (name, ends, more) in [
        ("within", &[13][..], "train.keep=2"),
        ("whole", &[15], "train.keep=2"),
        ("unvalidated", &[15], "train.validate_every=2"),
        ("often", &[1, 2, 6, 19], "train.validate_every=3"),
        ("patient", &[13, 14], "train.patience=9"),
    ] {
        let [straight, extended] = ["straight", "extended"].map(|run| folder.path().join(format!("{name}-{run}")));
        let of = |steps: u64| config(&[CONSTANT, more, &format!("train.steps={steps}")]);
        run(&of(30), &straight, false, None).unwrap();
        for (index, end) in ends.iter().enumerate() {
            let outcome = run(&of(*end), &extended, index > 0, None).unwrap();
            assert_eq!((outcome.step, outcome.status), (*end, Status::Finished));
            let validated = outcome.best.unwrap();
            assert!(validated.validation_loss.is_finite(), "the end is validated");
            // Nothing is done twice where nothing is left.
            let written = (steps(&extended), epochs(&extended));
            run(&of(*end), &extended, true, None).unwrap();
            assert_eq!((steps(&extended), epochs(&extended)), written, "{name}");
        }
        run(&of(30), &extended, true, None).unwrap();
        assert_same_after(30, &straight, &extended);
    }
}

/// Numbers that look random (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        let state = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = state.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Expected course of a run, worked out from the losses of single clips.
struct Expected<'a> {
    /// By epoch, in the order of the epoch.
    clips: &'a [Vec<f64>],
    epoch: usize,
    clip: usize,
    /// Epoch from 1, and loss.
    steps: Vec<(usize, f64)>,
}

impl Expected<'_> {
    fn close(&mut self, batch: usize) {
        if CLIPS - self.clip < batch {
            (self.epoch, self.clip) = (self.epoch + 1, 0);
        }
    }

    fn step(&mut self, batch: usize, accumulate: usize) {
        let count = batch * accumulate.min((CLIPS - self.clip) / batch);
        let seen = &self.clips[self.epoch][self.clip..self.clip + count];
        self.steps
            .push((self.epoch + 1, seen.iter().sum::<f64>() / count as f64));
        self.clip += count;
        self.close(batch);
    }
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-5 * expected
}

#[test]
fn whatever_changes_every_clip_is_seen_once() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = |set: &[String], name: &str, resume: bool, limit| {
        let set: Vec<&str> = STILL.into_iter().chain(set.iter().map(String::as_str)).collect();
        run_with(
            &config(&set),
            &splits(CLIPS),
            &folder.path().join(name),
            resume,
            limit,
            &mut (),
        )
        .unwrap()
    };
    let single = ["train.batch=1", "train.accumulate=1", "train.steps=0", "train.epochs=9"].map(str::to_owned);
    run(&single, "single", false, None);
    let losses = steps(&folder.path().join("single"));
    let losses: Vec<f64> = losses.iter().map(|step| step[2].as_f64().unwrap()).collect();
    let by_epoch: Vec<Vec<f64>> = losses.chunks(CLIPS).map(<[f64]>::to_vec).collect();
    assert_eq!((by_epoch.len(), by_epoch[8].len()), (9, CLIPS));
    for seed in 0..40 {
        let mut random = Random(seed);
        let name = format!("seed-{seed}");
        let mut expected = Expected {
            clips: &by_epoch,
            epoch: 0,
            clip: 0,
            steps: Vec::new(),
        };
        let mut ended = false;
        for session in 0..4 {
            let begun = (expected.epoch, expected.clip);
            let batch = 1 + random.below(9) as usize;
            let accumulate = 1 + random.below(3) as usize;
            let ema = ["0.0", "0.9"][random.below(2) as usize];
            let mut set = vec![
                format!("train.batch={batch}"),
                format!("train.accumulate={accumulate}"),
                format!("train.ema={ema}"),
            ];
            let done = expected.steps.len();
            let limit = (random.below(3) == 0).then(|| done + random.below(9) as usize);
            let reached = |expected: &Expected<'_>| limit.is_some_and(|limit| expected.steps.len() >= limit);
            if expected.clip > 0 {
                expected.close(batch);
            }
            if random.below(3) == 0 {
                let epochs = (expected.epoch + usize::from(expected.clip > 0)).max(1);
                set.extend([format!("train.epochs={epochs}"), "train.steps=0".to_owned()]);
                while expected.epoch < epochs && !reached(&expected) {
                    expected.step(batch, accumulate);
                }
                if ended && expected.epoch == epochs && expected.steps.len() == done {
                    // An ended run that has nothing to do stays as it is.
                    (expected.epoch, expected.clip) = begun;
                }
            } else {
                let total = done + 1 + random.below(10) as usize;
                set.push(format!("train.steps={total}"));
                while expected.steps.len() < total && !reached(&expected) {
                    expected.step(batch, accumulate);
                }
            }
            let outcome = run(&set, &name, session > 0, limit.map(|limit| limit as u64));
            let context = format!("seed {seed}, session {session}: {set:?}, at most {limit:?}");
            let logged = steps(&folder.path().join(&name));
            assert_eq!(logged.len(), expected.steps.len(), "{context}");
            assert_eq!(outcome.step as usize, logged.len(), "{context}");
            for (step, (epoch, loss)) in logged.iter().zip(&expected.steps) {
                assert_eq!(step[1].as_u64().unwrap() as usize, *epoch, "{context}");
                let found = step[2].as_f64().unwrap();
                assert!(
                    close(found, *loss),
                    "{context}: step {} is {found}, not {loss}",
                    step[0]
                );
            }
            ended = outcome.status == Status::Finished && expected.clip > 0;
            let closed = expected.epoch + usize::from(ended);
            check_epochs(&folder.path().join(&name), &expected.steps, closed, &context);
        }
    }
}

/// Every closed epoch has one line, with its last step and the mean of its losses.
fn check_epochs(folder: &Path, steps: &[(usize, f64)], closed: usize, context: &str) {
    let lines = epochs(folder);
    assert_eq!(lines.len(), 1 + closed, "{context}: {lines:?}");
    for (epoch, line) in lines[1..].iter().enumerate() {
        let numbers: Vec<f64> = line.split(',').map(|number| number.parse().unwrap()).collect();
        let last = steps.iter().rposition(|(of, _)| *of == epoch + 1).unwrap();
        let losses: Vec<f64> = steps
            .iter()
            .filter(|(of, _)| *of == epoch + 1)
            .map(|(_, loss)| *loss)
            .collect();
        assert_eq!(
            (numbers[0], numbers[1]),
            (epoch as f64 + 1.0, last as f64 + 1.0),
            "{context}"
        );
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(close(numbers[2], mean), "{context}: {line}, expected {mean}");
    }
}

/// Every file below a folder with its content.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(content(&path)),
            false => all.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    all.sort();
    all
}

#[test]
fn what_cannot_be_continued_is_refused_and_nothing_is_touched() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    run(&config(&[]), folder.path(), false, Some(8)).unwrap();
    // Leftovers that the next run would remove.
    fs::create_dir_all(checkpoint(folder.path(), 9)).unwrap();
    fs::create_dir(folder.path().join("checkpoints/.000000010.1.part")).unwrap();
    let before = content(folder.path());
    for (set, key, words) in [
        (&["train.seed=4"][..], "`train.seed` is 4", "begun with 3"),
        (&["train.steps=7"], "`train.steps` is 7", "use 8 or more"),
        (
            &["train.steps=0", "train.epochs=1"],
            "`train.epochs` is 1",
            "begun epoch 2",
        ),
        (
            &["train.validation_clips=3"],
            "`train.validation_clips` is 3",
            "begun with 0",
        ),
    ] {
        let error = run(&config(set), folder.path(), true, None).unwrap_err().to_string();
        assert!(
            error.contains(key) && error.contains(words) && error.contains("--weights"),
            "{error}"
        );
        assert_eq!(content(folder.path()), before, "{set:?}");
        assert!(checkpoint(folder.path(), 9).exists());
    }
}

#[test]
fn another_schedule_is_said() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    run(&config(&["train.steps=15"]), folder.path(), false, None).unwrap();
    run(
        &config(&["train.steps=30", "train.batch=5"]),
        folder.path(),
        true,
        Some(16),
    )
    .unwrap();
    let log = fs::read_to_string(folder.path().join("log.txt")).unwrap();
    let rates = |step: usize| steps(folder.path())[step - 1][3].as_f64().unwrap();
    let line = format!(
        "the learning-rate schedule now spans 30 steps instead of 15: step 16 uses {:.3e}, it would have used {:.3e}",
        rates(16),
        rates(15)
    );
    assert!(log.contains(&line), "{log}");
    assert!(
        log.contains("a step now sees 2 x 5 clips instead of 2 x 4 clips"),
        "{log}"
    );
    // The same again is no change.
    run(
        &config(&["train.steps=30", "train.batch=5"]),
        folder.path(),
        true,
        Some(17),
    )
    .unwrap();
    let again = fs::read_to_string(folder.path().join("log.txt")).unwrap();
    assert!(!again[log.len()..].contains("schedule"), "{again}");
}

#[test]
fn an_average_can_be_switched_on_and_off() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let of = |ema: &str| config(&[ema, "train.keep=9", "train.checkpoint_every=1", "network.norm=false"]);
    for (ema, stop) in [
        ("train.ema=0.9", 3),
        ("train.ema=0", 4),
        ("train.ema=0.9", 6),
        ("train.ema=0.8", 7),
    ] {
        run(&of(ema), folder.path(), stop > 3, Some(stop)).unwrap();
    }
    let values = |step, file| -> Vec<f64> {
        let path = checkpoint(folder.path(), step).join(file);
        let (network, _) = load_weights(&path, &[TOY], &Device::flex()).unwrap();
        let tensors = network.tensors().into_iter();
        tensors
            .flat_map(|tensor| tensor.data.iter::<f64>().collect::<Vec<_>>())
            .collect()
    };
    assert!(!checkpoint(folder.path(), 4).join("ema.bpk").exists());
    let mut average = values(4, "network.bpk");
    for (step, updates) in [(5, 1.0), (6, 2.0), (7, 3.0)] {
        let decay = (1.0 + updates) / (10.0 + updates);
        for (average, newest) in average.iter_mut().zip(values(step, "network.bpk")) {
            *average = *average * decay + newest * (1.0 - decay);
        }
        for (found, expected) in values(step, "ema.bpk").into_iter().zip(&average) {
            assert!(
                (found - expected).abs() < 1e-6,
                "step {step}: {found}, expected {expected}"
            );
        }
    }
}

/// Rewrites the newest state as versions wrote it that kept no position: an epoch that the run's end cut short was over.
fn make_old(folder: &Path) {
    let last = fs::read_to_string(folder.join("checkpoints/last")).unwrap();
    let path = folder.join("checkpoints").join(last).join("state.json");
    let file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let state = &file["state"];
    assert!(state["position"].is_object());
    let is_cut = state["ended"].is_object();
    let evaluated = if is_cut { &state["ended"] } else { state };
    let best = match &evaluated["best"] {
        Value::Null => "null".to_owned(),
        best => format!(
            r#"{{"epoch":{},"validation_loss":{},"checkpoint":{}}}"#,
            best["epoch"], best["validation_loss"], best["checkpoint"]
        ),
    };
    let old = format!(
        r#"{{"step":{},"epoch":{},"seed":{},"average_updates":{},"loss_sum":{},"seconds":{},"epoch_began":{},"best":{best},"since_best":{}}}"#,
        state["step"],
        state["epoch"].as_u64().unwrap() + u64::from(is_cut),
        state["seed"],
        state["average_updates"],
        if is_cut {
            r#""0""#.to_owned()
        } else {
            state["loss_sum"].to_string()
        },
        state["seconds"],
        state["epoch_began"],
        evaluated["since_best"],
    );
    let files = file["files"].to_string();
    let digest: String = Sha256::digest(format!("[{old},{files}]"))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    fs::write(
        path,
        format!(r#"{{"state":{old},"files":{files},"sha256":"{digest}"}}"#),
    )
    .unwrap();
}

#[test]
fn checkpoints_without_a_position_are_continued_where_they_were() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for (name, steps_asked, stop) in [
        ("interrupted", 60, Some(13)),
        ("boundary", 60, Some(15)),
        ("cut", 13, None),
    ] {
        let [new, old] = ["new", "old"].map(|format| folder.path().join(format!("{name}-{format}")));
        let begun = config(&[CONSTANT, &format!("train.steps={steps_asked}")]);
        for folder in [&new, &old] {
            run(&begun, folder, false, stop).unwrap();
        }
        make_old(&old);
        let onward = config(&[CONSTANT, "train.steps=40", "train.batch=3", "train.accumulate=1"]);
        // Killed as soon as the new configuration was written.
        let reached = stop.unwrap_or(13);
        run(&onward, &old, true, Some(reached)).unwrap();
        assert_eq!(steps(&old).len() as u64, reached);
        for folder in [&new, &old] {
            run(&onward, folder, true, None).unwrap();
        }
        assert_eq!(steps(&new), steps(&old), "{name}");
        assert_eq!(epochs(&new), epochs(&old), "{name}");
        assert_same_after(40, &new, &old);
    }
}
