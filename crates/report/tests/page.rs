//! The page of a run: what it shows, what it tolerates, what it refuses.

use std::fs;
use std::path::Path;

use foreframe_metrics::{Comparison, Row, ScoreOptions, ScoreSpec, Scores};
use foreframe_report::{Frames, ReportError, Sample, write_gif, write_run_page, write_score_page};

const INFO: &str = r#"{"model":"ustep","preset":"small","data":"moving-digits","status":"finished","reason":"all epochs done",
"started":"2026-01-02T03:04:05Z","finished":"2026-01-02T04:04:05Z","seconds":3600.5,"command":"foreframe train ustep --set 'a=<b>'",
"version":"0.1.0","commit":"abc1234","device":"flex (2 threads)","threads":2,"seed":7,"parameters":1234567,
"multiply_accumulates":9876543210,"data_fingerprint":"feed","best":{"epoch":3,"validation_loss":0.012345,"checkpoint":"000000300"}}"#;

fn comparison() -> Comparison {
    let row = |model: &str, error: f32| {
        let spec = ScoreSpec {
            lead_times: 10,
            channels: 1,
            height: 16,
            width: 16,
            mean: vec![0.0],
            std: vec![1.0],
        };
        let options = ScoreOptions {
            thresholds: vec![0.25, 4.0],
            fss_scales: vec![3],
            ..ScoreOptions::default()
        };
        let mut scores = Scores::with_options(spec, options).unwrap();
        let truth: Vec<f32> = (0..2560).map(|i| (i % 13) as f32 / 16.0).collect();
        let growth = |i: usize| error * (0.4 + (i / 256) as f32 / 10.0).sqrt();
        let forecast: Vec<f32> = truth.iter().enumerate().map(|(i, value)| value + growth(i)).collect();
        scores.add(&forecast, &truth).unwrap();
        let mut summary = scores.summary().unwrap();
        // A score of whole clips.
        let mut whole = summary.metric("mse").unwrap().clone();
        (whole.name, whole.total, whole.per_lead_time) = ("fvd".into(), f64::from(1000.0 * error), Vec::new());
        summary.metrics.push(whole);
        Row {
            model: model.into(),
            summary,
        }
    };
    let rows = vec![
        row("ustep", 0.05),
        row("advection", 0.08),
        row("climatology", 0.2),
        row("persistence", 0.125),
    ];
    Comparison::new("moving-digits", "test", rows)
}

/// A run folder as the trainer leaves it.
fn run(folder: &Path) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    for part in ["eval", "samples"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    write("run.json", INFO);
    write("config.toml", "model = \"ustep\"\n# <script>alert(1)</script>\n");
    let loss = |step: usize| 0.4 / (1.0 + step as f64 / 20.0) + 0.01 + 0.004 * ((step * 37 % 11) as f64);
    let steps: String = (1..=900)
        .map(|step| {
            let (loss, rate) = (loss(step), 1e-3 * (1.0 - step as f64 / 1000.0));
            let norm = 0.5 + 3.0 / step as f64;
            format!(
                "{{\"step\":{step},\"epoch\":{},\"loss\":{loss},\"learning_rate\":{rate},\"grad_norm\":{norm},\
                 \"clips_per_second\":51.5}}\n",
                step / 100
            )
        })
        .collect();
    write("steps.jsonl", &steps);
    let epochs: String = (1..=9)
        .map(|epoch| {
            let (train, validation) = (loss(epoch * 100 - 50), 1.1 * loss(epoch * 100));
            let validation = if epoch % 2 == 1 {
                validation.to_string()
            } else {
                String::new()
            };
            format!("{epoch},{},{train},{validation},0.001,400.25\n", epoch * 100)
        })
        .collect();
    write(
        "epochs.csv",
        &format!("epoch,step,train_loss,validation_loss,learning_rate,seconds\n{epochs}"),
    );
    write("log.txt", "first line\nlast <line>\n");
    write("eval/test.json", &serde_json::to_string_pretty(&comparison()).unwrap());
    let values: Vec<f32> = (0..5 * 4096)
        .map(|i| ((i % 64) as f32 / 9.0 + (i / 4096) as f32).sin())
        .collect();
    let frames = Frames {
        values: &values,
        time: 5,
        channels: 1,
        height: 64,
        width: 64,
    };
    let sample = Sample {
        past: frames,
        truth: Some(frames),
        forecast: frames,
        range: (-1.0, 1.0),
    };
    write_gif(
        &folder.join("samples/clip-0.gif"),
        &sample,
        "ustep on moving-digits, clip 0",
    )
    .unwrap();
}

#[test]
fn the_page_holds_the_numbers_and_nothing_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let path = write_run_page(folder.path()).unwrap();
    assert_eq!(path, folder.path().join("report.html"));
    let page = fs::read_to_string(&path).unwrap();
    let total = |name: &str| comparison().rows[0].summary.metric(name).unwrap().total;
    for expected in [
        "ustep",
        "moving-digits",
        "preset small",
        ">finished<",
        "1.23 M",
        "9.88 G",
        "0.012345",
        "1 h 0 min",
        "epoch 3",
        "51.5",
        "feed",
        "flex (2 threads)",
        "abc1234",
        "000000300",
        "foreframe train ustep --set 'a=&lt;b&gt;'",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "last &lt;line&gt;",
        "<polyline",
        "data:image/gif;base64,R0lGODlh",
        "mean of 3 steps",
        "openstl_psnr ↑",
        "K1 0.01",
        "csi_0.25 ↑",
        "bias_0.25 →1",
        "fss_0.25_3px ↑",
        "Critical success index",
        "Skill of ustep",
        "against climatology",
    ] {
        assert!(page.contains(expected), "`{expected}` is not on the page");
    }
    // In the totals, and in no chart or table by lead time.
    assert_eq!(page.matches(">fvd ↓<").count(), 1);
    for name in ["openstl_mse", "mse", "ssim"] {
        assert!(page.contains(&foreframe_metrics::format_value(total(name))), "{name}");
    }
    assert!(page.contains("-60.0 %"), "mae against persistence");
    assert!(!page.contains("<script"), "text is escaped");
    for reference in ["src=\"http", "href=", "url(", "@import", "src=\"//"] {
        assert!(!page.contains(reference), "`{reference}` reaches outside of the page");
    }
    for file in ["run.json", "steps.jsonl", "epochs.csv", "config.toml"] {
        assert!(!page.contains(&format!("{file} is missing.")), "{file}");
    }
}

#[test]
fn an_interrupted_run_has_a_page_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        write_run_page(folder.path()),
        Err(ReportError::NotARun { .. })
    ));
    fs::write(
        folder.path().join("run.json"),
        r#"{"model":"tau","status":"interrupted","reason":"SIGTERM"}"#,
    )
    .unwrap();
    // A NaN loss is null, and the last line was being written when the run ended.
    fs::write(
        folder.path().join("steps.jsonl"),
        "{\"step\":1,\"loss\":null}\n{\"step\":2,\"loss\":0.5}\n{\"step\":3,\"lo",
    )
    .unwrap();
    let page = fs::read_to_string(write_run_page(folder.path()).unwrap()).unwrap();
    for expected in [
        "was interrupted",
        "SIGTERM",
        "config.toml is missing",
        "epochs.csv is missing",
        "was not evaluated",
        "The last line of steps.jsonl is incomplete",
    ] {
        assert!(page.contains(expected), "`{expected}` is not on the page");
    }
}

#[test]
fn broken_lines_are_errors_that_name_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, place) in [
        (
            "steps.jsonl",
            "{\"step\":1,\"loss\":0.5}\n{\"step\":\n",
            "steps.jsonl, line 2: ",
        ),
        (
            "steps.jsonl",
            "{\"loss\":0.5}\n",
            "steps.jsonl, line 1: missing field `step`",
        ),
        (
            "epochs.csv",
            "epoch,step,train_loss\n1,100,0.5\n2,200,much\n",
            "epochs.csv, line 3: train_loss is `much`",
        ),
        (
            "epochs.csv",
            "epoch,step\n1,2,3\n",
            "epochs.csv, line 2: 3 cells under a header of 2",
        ),
        ("run.json", "{\n\"model\":", "run.json, line 2: "),
        ("eval/test.json", "[]", "test.json, line 1: "),
    ] {
        run(folder.path());
        fs::write(folder.path().join(name), text).unwrap();
        let error = write_run_page(folder.path()).unwrap_err();
        assert!(
            matches!(error, ReportError::Parse { .. }) && error.to_string().contains(place),
            "{error}"
        );
        assert!(!folder.path().join("report.html").exists());
    }
}

#[test]
fn a_comparison_alone_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.html");
    let mut comparison = comparison();
    (comparison.data, comparison.split) = ("<truth>.npy".into(), String::new());
    write_score_page(&path, &comparison).unwrap();
    let page = fs::read_to_string(&path).unwrap();
    for part in [
        "<title>scores on &lt;truth&gt;.npy</title>",
        "Scores on &lt;truth&gt;.npy",
        "ustep, advection, climatology, persistence",
        "<svg",
        "against persistence",
        "Numbers by lead time",
        "Critical success index",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for part in ["<truth>", "http://", "https://", "split of"] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(part), "{part}");
    }
    let error = write_score_page(&folder.path().join("no/scores.html"), &comparison).unwrap_err();
    assert!(matches!(error, ReportError::Write { .. }), "{error}");
}
