use plotters::prelude::{
    ChartBuilder, Circle, Color, IntoDrawingArea, IntoFont, LineSeries, RGBColor, SVGBackend, ShapeStyle,
};

use crate::ReportError;
use crate::axis::Axis;

/// A line of a chart. Points that are not finite are left out.
pub(crate) struct Line {
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) ink: Ink,
}

/// Role of a line. The page's style sheet turns the placeholder into a color for light and dark.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Ink {
    First,
    Second,
    Third,
    Fourth,
    /// A noisy line behind the others.
    Faint,
}

const TEXT: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(1, 1, 2);
/// Coordinates are whole numbers, so the drawing is larger than it is shown.
const SIZE: (u32, u32) = (960, 560);

impl Ink {
    fn color(self) -> RGBColor {
        match self {
            Self::First => RGBColor(1, 1, 3),
            Self::Second => RGBColor(1, 1, 4),
            Self::Third => RGBColor(1, 1, 5),
            Self::Faint => RGBColor(1, 1, 6),
            Self::Fourth => RGBColor(1, 1, 7),
        }
    }

    /// Index of the line of a forecaster; only the first four have colors of their own.
    pub(crate) fn of(index: usize) -> Self {
        [Self::First, Self::Second, Self::Third, Self::Fourth]
            .get(index)
            .copied()
            .unwrap_or(Self::Faint)
    }

    /// The style sheet's name for the color.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
            Self::Fourth => "fourth",
            Self::Faint => "faint",
        }
    }
}

/// Draws lines over counted things (steps, epochs, lead times) as an SVG without a legend. The vertical axis is
/// logarithmic when all values are positive and span a factor of more than `log_from`. `None` when there is no point.
pub(crate) fn svg(lines: &[Line], x_name: &str, log_from: f64) -> Result<Option<String>, ReportError> {
    let finite = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
    let points = || lines.iter().flat_map(|line| &line.points).copied().filter(finite);
    let (left, right) = bounds(points().map(|(x, _)| x));
    let (low, high) = bounds(points().map(|(_, y)| y));
    if left > right {
        return Ok(None);
    }
    let mut text = String::new();
    let fail = |error: &dyn std::fmt::Display| ReportError::Chart(error.to_string());
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .margin_right(28)
            .x_label_area_size(92)
            .y_label_area_size(132)
            .build_cartesian_2d(Axis::of_counts(left, right), Axis::of_values(low, high, log_from))
            .map_err(|error| fail(&error))?;
        let label = || ("sans-serif", 36).into_font().color(&TEXT);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(GRID.stroke_width(2))
            .label_style(label())
            .axis_desc_style(label())
            .x_desc(x_name)
            .draw()
            .map_err(|error| fail(&error))?;
        for line in lines {
            let points = line.points.iter().copied().filter(finite);
            let width = if line.ink == Ink::Faint { 2 } else { 4 };
            let style = ShapeStyle {
                color: line.ink.color().into(),
                filled: true,
                stroke_width: width,
            };
            chart
                .draw_series(LineSeries::new(points.clone(), style))
                .map_err(|error| fail(&error))?;
            // Single points would be invisible, and few ones are what was measured.
            if line.ink != Ink::Faint && line.points.len() <= 40 {
                chart
                    .draw_series(points.map(|point| Circle::new(point, 7, style)))
                    .map_err(|error| fail(&error))?;
            }
        }
        area.present().map_err(|error| fail(&error))?;
    }
    Ok(Some(text))
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// At most `most` points, each the mean of as many neighbors as needed.
pub(crate) fn thin(points: &[(f64, f64)], most: usize) -> (Vec<(f64, f64)>, usize) {
    let each = points.len().div_ceil(most).max(1);
    let mean = |points: &[(f64, f64)]| {
        let sum = points
            .iter()
            .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / points.len() as f64, sum.1 / points.len() as f64)
    };
    (points.chunks(each).map(mean).collect(), each)
}
