//! How likely true frames are shown at a step of a run.

use foreframe_core::{Sampling, SamplingRule};

use crate::config::SamplingConfig;

/// The share of a run after which no future frame is shown, where the configuration names no step.
const STOP_SHARE: f64 = 0.4;

/// Scheduled sampling as a function of the step alone, so that a resumed run goes on where it was. The rules are OpenSTL's:
/// `schedule_sampling` and `reserve_schedule_sampling_exp`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplingSchedule {
    rule: SamplingRule,
    stop: u64,
    rate: f64,
    start: u64,
    decay: f64,
}

impl SamplingSchedule {
    /// The schedule of a run of `steps` steps, of a network whose paper has the rule `published`.
    pub fn new(config: &SamplingConfig, published: Option<SamplingRule>, steps: u64) -> Self {
        let stop = match config.stop {
            0 => ((steps as f64 * STOP_SHARE).round() as u64).max(1),
            stop => stop,
        };
        let or = |value: f64, otherwise: f64| if value > 0.0 { value } else { otherwise };
        Self {
            rule: config.schedule.rule(published),
            stop,
            rate: or(config.rate, 1.0 / stop as f64),
            start: if config.start > 0 { config.start } else { stop / 2 },
            decay: or(config.decay, stop as f64 / 10.0),
        }
    }

    /// The likelihoods at the step after `done` steps.
    pub fn at(&self, done: u64) -> Sampling {
        match self.rule {
            SamplingRule::TeacherForcing => Sampling::TEACHER_FORCING,
            SamplingRule::FreeRunning => Sampling::FREE_RUNNING,
            _ if done >= self.stop => Sampling::FREE_RUNNING,
            SamplingRule::Scheduled => Sampling {
                observed: 1.0,
                future: (1.0 - self.rate * (done + 1) as f64).max(0.0),
            },
            SamplingRule::Reverse if done < self.start => Sampling {
                observed: 0.5,
                future: 0.5,
            },
            SamplingRule::Reverse => {
                let since = (done - self.start) as f64;
                Sampling {
                    observed: 1.0 - 0.5 * (-since / self.decay).exp(),
                    future: 0.5 - 0.5 * since / (self.stop - self.start) as f64,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SamplingChoice;

    fn golden() -> serde_json::Value {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/golden/misc/scheduled_sampling.json"
        );
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn reverse_sampling_is_openstls() {
        let golden = &golden()["reverse"];
        let config = SamplingConfig {
            schedule: SamplingChoice::Reverse,
            start: golden["config"]["r_sampling_step_1"].as_u64().unwrap(),
            stop: golden["config"]["r_sampling_step_2"].as_u64().unwrap(),
            decay: golden["config"]["r_exp_alpha"].as_f64().unwrap(),
            rate: 0.0,
        };
        let schedule = SamplingSchedule::new(&config, None, 100_000);
        let expected = golden["r_eta_and_eta"].as_array().unwrap();
        let steps = golden["iters"].as_array().unwrap();
        assert!(!steps.is_empty() && steps.len() == expected.len());
        for (step, expected) in steps.iter().zip(expected) {
            let sampling = schedule.at(step.as_u64().unwrap());
            assert!(
                (sampling.observed - expected[0].as_f64().unwrap()).abs() < 1e-12,
                "{step}"
            );
            assert!(
                (sampling.future - expected[1].as_f64().unwrap()).abs() < 1e-12,
                "{step}"
            );
        }
    }

    #[test]
    fn scheduled_sampling_is_openstls() {
        let golden = &golden()["normal"];
        let config = SamplingConfig {
            schedule: SamplingChoice::Scheduled,
            stop: golden["config"]["sampling_stop_iter"].as_u64().unwrap(),
            rate: golden["config"]["sampling_changing_rate"].as_f64().unwrap(),
            ..SamplingConfig::default()
        };
        let schedule = SamplingSchedule::new(&config, None, 125_000);
        // The reference adds rounding errors up.
        for (step, expected) in (0..).zip(golden["eta_first_5_calls"].as_array().unwrap()) {
            assert!((schedule.at(step).future - expected.as_f64().unwrap()).abs() < 1e-12);
        }
        assert_eq!(schedule.at(0).observed, 1.0);
        assert!(schedule.at(49_998).future > 0.0);
        assert_eq!(schedule.at(50_000), Sampling::FREE_RUNNING);
    }

    #[test]
    fn a_short_run_ends_free_running_too() {
        let config = SamplingConfig::default();
        let schedule = SamplingSchedule::new(&config, Some(SamplingRule::Scheduled), 1000);
        assert!((schedule.at(199).future - 0.5).abs() < 1e-12);
        assert_eq!(schedule.at(400), Sampling::FREE_RUNNING);
        let reverse = SamplingSchedule::new(&config, Some(SamplingRule::Reverse), 1000);
        assert_eq!(reverse.at(0).observed, 0.5);
        assert!(reverse.at(300).observed > 0.9);
        assert_eq!(reverse.at(400), Sampling::FREE_RUNNING);
        // The shortest run there is.
        assert_eq!(
            SamplingSchedule::new(&config, Some(SamplingRule::Reverse), 1)
                .at(0)
                .future,
            0.5
        );
    }

    #[test]
    fn auto_is_what_the_paper_has() {
        let at = |published| SamplingSchedule::new(&SamplingConfig::default(), published, 10).at(0);
        assert_eq!(at(None), Sampling::FREE_RUNNING);
        assert_eq!(at(Some(SamplingRule::TeacherForcing)), Sampling::TEACHER_FORCING);
    }
}
