use maud::{Markup, PreEscaped, html};

use crate::ReportError;
use crate::chart::{Ink, Line, svg, thin};
use crate::run::{Run, Step};

/// Most points of the line of a chart over steps.
const POINTS: usize = 400;

/// How the training went: loss, learning rate, gradient norm.
pub(crate) fn section(run: &Run) -> Result<Markup, ReportError> {
    let per_epoch = |value: fn(&crate::run::Epoch) -> Option<f64>| -> Vec<(f64, f64)> {
        run.epochs
            .iter()
            .filter_map(|epoch| Some((epoch.step as f64, value(epoch)?)))
            .collect()
    };
    let (losses, each) = per_step(run, |step| step.loss);
    let training = per_epoch(|epoch| epoch.train_loss);
    let validation = per_epoch(|epoch| epoch.validation_loss);
    let (rates, _) = per_step(run, |step| step.learning_rate);
    let (norms, _) = per_step(run, |step| step.grad_norm);
    let (has_losses, has_training, has_validation) = (!losses.is_empty(), !training.is_empty(), !validation.is_empty());
    let loss = svg(
        &[
            Line {
                points: losses,
                ink: Ink::Faint,
            },
            Line {
                points: training,
                ink: Ink::First,
            },
            Line {
                points: validation,
                ink: Ink::Second,
            },
        ],
        "step",
        10.0,
    )?;
    let rate = svg(
        &[Line {
            points: rates,
            ink: Ink::Third,
        }],
        "step",
        1e3,
    )?;
    let norm = svg(
        &[Line {
            points: norms,
            ink: Ink::Third,
        }],
        "step",
        10.0,
    )?;
    let of_steps = match each {
        1 => "training, every step".to_owned(),
        _ => format!("training, mean of {each} steps"),
    };
    Ok(html! {
        @if loss.is_some() || rate.is_some() || norm.is_some() {
            h2 { "Training" }
            div.grid {
                @if let Some(loss) = loss {
                    figure.card {
                        h3 { "Loss" }
                        (PreEscaped(loss))
                        figcaption {
                            @if has_losses { (key(Ink::Faint, &of_steps)) }
                            @if has_training { (key(Ink::First, "training, mean of an epoch")) }
                            @if has_validation { (key(Ink::Second, "validation")) }
                        }
                    }
                }
                @if let Some(rate) = rate {
                    figure.card { h3 { "Learning rate" } (PreEscaped(rate)) }
                }
                @if let Some(norm) = norm {
                    figure.card { h3 { "Gradient norm" } (PreEscaped(norm)) figcaption { "before clipping" } }
                }
            }
        }
    })
}

/// An entry of a legend.
pub(crate) fn key(ink: Ink, name: &str) -> Markup {
    html! { span.key.(ink.class()) { (name) } }
}

fn per_step(run: &Run, value: fn(&Step) -> Option<f64>) -> (Vec<(f64, f64)>, usize) {
    let points: Vec<(f64, f64)> = run
        .steps
        .iter()
        .filter_map(|step| Some((step.step as f64, value(step)?)))
        .collect();
    thin(&points, POINTS)
}
