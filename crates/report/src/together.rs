//! The learning curves of several runs in one picture.

use std::path::Path;

use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, IntoFont, LineSeries, PathElement, RGBColor, SVGBackend, SeriesLabelPosition,
    WHITE,
};

use crate::ReportError;
use crate::axis::Axis;
use crate::run::{Epoch, Run};

/// Okabe and Ito's colors, which people tell apart whatever their eyes.
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(60, 60, 60),
];
const GRID: RGBColor = RGBColor(225, 225, 225);
const SIZE: (u32, u32) = (960, 560);
/// A factor between the largest and the smallest loss from which the axis is logarithmic.
const LOG_FROM: f64 = 10.0;

/// A line of a picture of learning curves; lines of one color belong together, and the first of them names them.
pub(crate) struct Curve {
    pub(crate) name: Option<String>,
    pub(crate) color: usize,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws the validation losses of `runs`, each a name and the folder of a run, against the epoch, as an SVG.
///
/// # Errors
/// A folder is not that of a run, none of them was validated, or the file cannot be written.
pub fn write_curves(path: &Path, runs: &[(String, &Path)]) -> Result<(), ReportError> {
    let curves = runs.iter().enumerate().map(|(color, (name, folder))| {
        let points = validations(&Run::read(folder)?, |epoch| epoch.epoch as f64);
        let name = Some(name.clone());
        Ok(Curve { name, color, points })
    });
    let curves = curves.collect::<Result<Vec<Curve>, ReportError>>()?;
    crate::file::write(path, validation_svg(&curves, "epoch")?.as_bytes())
}

/// The validation losses of a run against what `place` says of their epochs.
pub(crate) fn validations(run: &Run, mut place: impl FnMut(&Epoch) -> f64) -> Vec<(f64, f64)> {
    let points = run.epochs.iter().map(|epoch| (place(epoch), epoch.validation_loss));
    points
        .filter_map(|(place, loss)| Some((place, loss.filter(|loss| loss.is_finite())?)))
        .collect()
}

/// Validation losses as an SVG with a legend.
pub(crate) fn validation_svg(curves: &[Curve], x_name: &str) -> Result<String, ReportError> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    if points().next().is_none() {
        return Err(ReportError::Chart(
            "none of these runs has a validation loss yet".to_owned(),
        ));
    }
    let bounds = |value: fn(&(f64, f64)) -> f64| {
        points()
            .map(value)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
    };
    let ((first, last), (low, high)) = (bounds(|point| point.0), bounds(|point| point.1));
    let mut svg = String::new();
    let fail = |error: &dyn std::fmt::Display| ReportError::Chart(error.to_string());
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(|error| fail(&error))?;
        let mut chart = ChartBuilder::on(&area)
            .margin(16)
            .x_label_area_size(52)
            .y_label_area_size(84)
            .build_cartesian_2d(Axis::of_counts(first, last), Axis::of_values(low, high, LOG_FROM))
            .map_err(|error| fail(&error))?;
        let font = || ("sans-serif", 20).into_font();
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .label_style(font())
            .axis_desc_style(font())
            .x_desc(x_name)
            .y_desc("validation loss")
            .draw()
            .map_err(|error| fail(&error))?;
        for Curve { name, color, points } in curves {
            let style = COLORS[color % COLORS.len()].stroke_width(3);
            let series = chart
                .draw_series(LineSeries::new(points.iter().copied(), style).point_size(4))
                .map_err(|error| fail(&error))?;
            if let Some(name) = name {
                series
                    .label(name.as_str())
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 28, y)], style));
            }
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .legend_area_size(36)
            .background_style(WHITE.mix(0.85))
            .label_font(font())
            .draw()
            .map_err(|error| fail(&error))?;
        area.present().map_err(|error| fail(&error))?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: &Path, losses: &[&str]) {
        std::fs::create_dir_all(folder).unwrap();
        let lines = losses
            .iter()
            .zip(1..)
            .map(|(loss, epoch)| format!("{epoch},{epoch},0.5,{loss},1e-3,1\n"));
        let header = "epoch,step,train_loss,validation_loss,learning_rate,seconds\n".to_owned();
        std::fs::write(folder.join("epochs.csv"), header + &lines.collect::<String>()).unwrap();
    }

    #[test]
    fn every_run_has_a_line_and_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        run(&one, &["0.5", "0.3", "0.2"]);
        run(&other, &["0.6", "", "0.1"]);
        let path = folder.path().join("curves.svg");
        write_curves(&path, &[("first net".into(), &one), ("second net".into(), &other)]).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        for text in ["first net", "second net", "validation loss", "#0072B2", "#D55E00"] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn runs_without_validation_are_said_to_have_none() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), &[""]);
        let path = folder.path().join("curves.svg");
        let error = write_curves(&path, &[("net".into(), folder.path())]).unwrap_err();
        assert!(error.to_string().contains("validation loss"), "{error}");
        assert!(!path.exists());
        let nothing = folder.path().join("nothing");
        assert!(matches!(
            write_curves(&path, &[("net".into(), &nothing)]).unwrap_err(),
            ReportError::NotARun { .. }
        ));
    }
}
