//! Learning rate and momentum over time.

use std::f64::consts::PI;

use crate::config::{Per, ScheduleConfig, ScheduleKind};
use crate::optimizer::StepRates;

/// Momentum of a one-cycle schedule while the learning rate is lowest and highest.
const MOMENTUM: (f64, f64) = (0.95, 0.85);

/// How long a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLength {
    /// Optimizer steps.
    pub steps: u64,
    /// Epochs, of which the last may be cut short.
    pub epochs: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
}

/// The schedule of one run: a pure function of step and epoch.
#[derive(Clone, Debug)]
pub struct Schedule {
    config: ScheduleConfig,
    beta1: f64,
    length: RunLength,
}

impl Schedule {
    /// The schedule of a run. `beta1` is the optimizer's own, used where the schedule does not replace it.
    pub fn new(config: &ScheduleConfig, beta1: f64, length: RunLength) -> Self {
        Self {
            config: config.clone(),
            beta1,
            length,
        }
    }

    /// Values for step `step` of the run, which is one of epoch `epoch`, both counted from 0.
    pub fn rates(&self, step: u64, epoch: u64) -> StepRates {
        let (time, total, epoch) = match self.config.per {
            Per::Step => (step, self.length.steps.max(1), self.length.steps_per_epoch),
            Per::Epoch => (epoch, self.length.epochs.max(1), 1),
        };
        let (time, total) = (time as f64, total as f64);
        match self.config.kind {
            ScheduleKind::Constant => self.fixed_momentum(self.config.learning_rate),
            ScheduleKind::Cosine => {
                self.fixed_momentum(self.cosine(time, total, (self.config.warm_up as u64 * epoch) as f64))
            }
            ScheduleKind::OneCycle => self.one_cycle(time, total),
        }
    }

    fn fixed_momentum(&self, learning_rate: f64) -> StepRates {
        StepRates {
            learning_rate,
            beta1: self.beta1,
        }
    }

    /// timm's `CosineLRScheduler`, one cycle, no prefix: the warm-up covers the beginning of the cosine.
    fn cosine(&self, time: f64, total: f64, warm_up: f64) -> f64 {
        let config = &self.config;
        let (peak, end) = (config.learning_rate, config.final_rate);
        if time < warm_up {
            return config.warm_up_rate + time * (peak - config.warm_up_rate) / warm_up;
        }
        if time >= total {
            return end;
        }
        let exponent = config.time_exponent;
        end + 0.5 * (peak - end) * (1.0 + (PI * time.powf(exponent) / total.powf(exponent)).cos())
    }

    /// `torch.optim.lr_scheduler.OneCycleLR` with cosine annealing in two phases.
    fn one_cycle(&self, time: f64, total: f64) -> StepRates {
        let config = &self.config;
        let peak = config.learning_rate;
        let start = peak / config.initial_division;
        let end = start / config.final_division;
        let turn = config.rise * total - 1.0;
        // A run too short for a rise starts at the peak instead of dividing by zero.
        let (rate, momentum) = if time <= turn && turn > 0.0 {
            let part = time / turn;
            (anneal(start, peak, part), anneal(MOMENTUM.0, MOMENTUM.1, part))
        } else {
            let turn = turn.max(0.0);
            let part = match total - 1.0 - turn {
                rest if rest > 0.0 => ((time - turn) / rest).min(1.0),
                _ => 0.0,
            };
            (anneal(peak, end, part), anneal(MOMENTUM.1, MOMENTUM.0, part))
        };
        StepRates {
            learning_rate: rate,
            beta1: if config.cycle_momentum { momentum } else { self.beta1 },
        }
    }
}

/// From `start` to `end` along half a cosine.
fn anneal(start: f64, end: f64, part: f64) -> f64 {
    end + (start - end) / 2.0 * (1.0 + (PI * part).cos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn golden(name: &str) -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/misc/lr_schedules.json");
        let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        all[name].clone()
    }

    fn length(steps: u64, steps_per_epoch: u64) -> RunLength {
        RunLength {
            steps,
            epochs: steps.div_ceil(steps_per_epoch),
            steps_per_epoch,
        }
    }

    fn numbers(value: &Value) -> Vec<f64> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|number| number.as_f64().unwrap())
            .collect()
    }

    fn close(ours: f64, theirs: f64, what: &str) {
        assert!(
            (ours - theirs).abs() <= 1e-12 * theirs.abs() + 1e-18,
            "{what}: {ours:e}, expected {theirs:e}"
        );
    }

    #[test]
    fn one_cycle_is_pytorchs() {
        for name in ["onecycle", "onecycle_fdf"] {
            let case = golden(name);
            let defaults = ScheduleConfig::default();
            let config = ScheduleConfig {
                learning_rate: case["args"]["lr"].as_f64().unwrap(),
                final_division: case["args"]["final_div_factor"]
                    .as_f64()
                    .unwrap_or(defaults.final_division),
                ..defaults
            };
            let schedule = Schedule::new(&config, 0.9, length(30, 5));
            let (rates, betas) = (numbers(&case["lr_used_at_step"]), numbers(&case["beta1_used_at_step"]));
            assert_eq!(rates.len(), 30);
            for (step, (rate, beta)) in rates.into_iter().zip(betas).enumerate() {
                let ours = schedule.rates(step as u64, step as u64 / 5);
                close(ours.learning_rate, rate, &format!("{name} {step}"));
                close(ours.beta1, beta, &format!("{name} beta1 {step}"));
            }
            let fixed = Schedule::new(
                &ScheduleConfig {
                    cycle_momentum: false,
                    ..config
                },
                0.9,
                length(30, 5),
            );
            assert_eq!(fixed.rates(17, 3).beta1, 0.9);
        }
    }

    /// The published file lists what the scheduler computes for an epoch; upstream applies it one epoch late.
    #[test]
    fn cosine_is_timms() {
        for name in ["cosine", "cosine_warm", "cosine_k"] {
            let case = golden(name);
            let args = &case["args"];
            let config = ScheduleConfig {
                kind: ScheduleKind::Cosine,
                per: Per::Epoch,
                learning_rate: args["lr"].as_f64().unwrap(),
                warm_up: args["warmup_epoch"].as_u64().unwrap() as usize,
                time_exponent: args["lr_k_decay"].as_f64().unwrap_or(1.0),
                ..ScheduleConfig::default()
            };
            let rates = numbers(&case["lr_after_step_e"]);
            assert_eq!(rates.len(), 6);
            let by_epoch = Schedule::new(&config, 0.9, length(42, 7));
            let by_step = Schedule::new(
                &ScheduleConfig {
                    per: Per::Step,
                    ..config
                },
                0.9,
                length(42, 7),
            );
            for (epoch, rate) in (0..).zip(rates) {
                let first = epoch * 7;
                close(
                    by_epoch.rates(first, epoch).learning_rate,
                    rate,
                    &format!("{name} {epoch}"),
                );
                assert_eq!(by_epoch.rates(first, epoch), by_epoch.rates(first + 6, epoch));
                close(
                    by_step.rates(first, epoch).learning_rate,
                    rate,
                    &format!("{name} {epoch} by step"),
                );
                assert_ne!(by_step.rates(first, epoch), by_step.rates(first + 6, epoch));
            }
        }
    }

    #[test]
    fn no_run_is_too_short() {
        for kind in [ScheduleKind::OneCycle, ScheduleKind::Cosine, ScheduleKind::Constant] {
            let config = ScheduleConfig {
                kind,
                ..ScheduleConfig::default()
            };
            for total in 1..8 {
                let schedule = Schedule::new(&config, 0.9, length(total, 1));
                for step in 0..total + 2 {
                    let rates = schedule.rates(step, step);
                    assert!(
                        rates.learning_rate > 0.0 && rates.learning_rate <= 1e-3,
                        "{kind:?} {step}/{total}: {rates:?}"
                    );
                    assert!((0.85..=0.95).contains(&rates.beta1));
                }
            }
        }
    }
}
