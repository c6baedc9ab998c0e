use std::path::Path;

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::text::Alignment;

use crate::animation::offset;
use crate::canvas::{Canvas, PLAIN, Panel, SMALL, STRONG, fit, zoom};
use crate::colors::{FUTURE, MUTED, PAST, Scale, TEXT};
use crate::{Frames, ReportError, Sample, file};

const MARGIN: u32 = 16;
const GAP: u32 = 4;
/// Room for the rows' names.
const NAMES: u32 = 72;
/// Room for a line of times.
const TIMES: u32 = 18;
/// Most columns: of a longer forecast, evenly spaced frames are shown.
const COLUMNS: usize = 12;

/// Writes one picture with a column per time step and the rows past, truth, forecast and absolute error (past and
/// forecast only, where the truth is not known).
///
/// Of more than 12 frames 12 are shown, evenly spaced, the first and the last among them; each is labeled with its time.
/// Colors are those of [`write_gif`](crate::write_gif).
///
/// # Errors
/// [`ReportError::Frames`] when the frames do not fit together, [`ReportError::Write`] when the file cannot be written.
pub fn write_strip(path: &Path, sample: &Sample, title: &str) -> Result<(), ReportError> {
    sample.check()?;
    file::write_png(path, &picture(sample, title).into_image())
}

/// Writes where errors are large: the mean absolute error per pixel, one panel per channel, each with its own scale.
/// `errors` is `[1, C, H, W]` in physical units, as `foreframe_metrics::Scores::error_map` gives it.
///
/// # Errors
/// [`ReportError::Frames`] when the values do not fit their size, [`ReportError::Write`] when the file cannot be written.
pub fn write_error_map(path: &Path, errors: &Frames, title: &str) -> Result<(), ReportError> {
    errors.check("the error map")?;
    let zoom = zoom(errors, 256);
    let (across, down) = ((errors.width as u32 * zoom).max(132), errors.height as u32 * zoom);
    let channels = errors.channels as u32;
    let width = 2 * MARGIN + channels * (across + 12) - 12;
    let mut canvas = Canvas::new(width, down + 100);
    canvas.text(
        &fit(title, width - 2 * MARGIN, &STRONG),
        (MARGIN, 12),
        Alignment::Left,
        &STRONG,
        TEXT,
    );
    let pixels = errors.height * errors.width;
    for (index, values) in errors.frame(0).chunks_exact(pixels).enumerate() {
        let left = MARGIN + index as u32 * (across + 12);
        let largest = values
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .fold(0.0, f32::max);
        let scale = Scale::error(largest);
        let name = if channels == 1 {
            "mean absolute error".into()
        } else {
            format!("channel {}", index + 1)
        };
        canvas.text(&name, (left, 40), Alignment::Left, &PLAIN, MUTED);
        canvas.frame(Panel { left, top: 60, zoom }, values, errors.width, 1, &scale);
        canvas.scale_bar(left, 60 + down + 10, across, &scale);
    }
    file::write_png(path, &canvas.into_image())
}

/// Writes frames side by side, each under its label; values that are not finite are magenta.
///
/// Of more than 12 frames 12 are shown, evenly spaced, the first and the last among them.
///
/// # Errors
/// [`ReportError::Frames`] when the values do not fit their size or the range, [`ReportError::Write`] when the file cannot
/// be written.
pub fn write_frames(
    path: &Path,
    frames: &Frames,
    label: impl Fn(usize) -> String,
    range: (f32, f32),
    title: &str,
) -> Result<(), ReportError> {
    let sample = Sample {
        past: *frames,
        truth: None,
        forecast: *frames,
        range,
    };
    sample.check()?;
    let zoom = zoom(frames, 112);
    let across = (frames.width as u32 * zoom).max(28) + GAP;
    let down = frames.height as u32 * zoom + GAP;
    let width = (2 * MARGIN + NAMES + shown(frames.time).len() as u32 * across - GAP).max(420);
    let mut canvas = Canvas::new(width, 40 + TIMES + down + 48);
    let fitting = fit(title, width - 2 * MARGIN, &STRONG);
    canvas.text(&fitting, (MARGIN, 12), Alignment::Left, &STRONG, TEXT);
    let scale = Scale::field(range);
    let mut row = Row {
        canvas: &mut canvas,
        sample: &sample,
        zoom,
        across,
        down,
        top: 36,
    };
    row.times(frames.time, label);
    row.frames(
        "frames",
        TEXT,
        frames.time,
        |time| Some(frames.frame(time).to_vec()),
        &scale,
    );
    let (top, left) = (row.top + 8, MARGIN + NAMES);
    if frames.channels != 3 {
        canvas.scale_bar(left, top, 280, &scale);
    }
    file::write_png(path, &canvas.into_image())
}

fn picture(sample: &Sample, title: &str) -> Canvas {
    let zoom = zoom(&sample.past, 112);
    let columns = shown(sample.past.time).len().max(shown(sample.forecast.time).len()) as u32;
    // Times stay readable above frames of a few pixels.
    let across = (sample.past.width as u32 * zoom).max(28) + GAP;
    let down = sample.past.height as u32 * zoom + GAP;
    let rows = if sample.truth.is_some() { 4 } else { 2 };
    let width = (2 * MARGIN + NAMES + columns * across - GAP).max(420);
    let mut canvas = Canvas::new(width, 40 + 2 * TIMES + rows * down + 48);
    canvas.text(
        &fit(title, width - 2 * MARGIN, &STRONG),
        (MARGIN, 12),
        Alignment::Left,
        &STRONG,
        TEXT,
    );

    let (field, error) = (Scale::field(sample.range), Scale::error(sample.largest_error()));
    let mut row = Row {
        canvas: &mut canvas,
        sample,
        zoom,
        across,
        down,
        top: 36,
    };
    row.times(sample.past.time, |time| offset(time, sample.past.time));
    row.frames(
        "past",
        PAST,
        sample.past.time,
        |time| Some(sample.past.frame(time).to_vec()),
        &field,
    );
    row.top += 8;
    row.times(sample.forecast.time, |time| format!("+{}", time + 1));
    if let Some(truth) = &sample.truth {
        row.frames(
            "truth",
            TEXT,
            truth.time,
            |time| Some(truth.frame(time).to_vec()),
            &field,
        );
    }
    let forecast = &sample.forecast;
    row.frames(
        "forecast",
        FUTURE,
        forecast.time,
        |time| Some(forecast.frame(time).to_vec()),
        &field,
    );
    row.frames("error", TEXT, forecast.time, |time| sample.error(time), &error);

    let (top, left) = (row.top + 8, MARGIN + NAMES);
    let half = ((width - left - MARGIN - 24) / 2).min(280);
    if sample.past.channels != 3 {
        canvas.scale_bar(left, top, half, &field);
    }
    if let Some(note) = sample.channel_note() {
        canvas.text(&note, (left + half / 2, top + 9), Alignment::Center, &SMALL, MUTED);
    }
    if sample.truth.is_some() {
        canvas.scale_bar(left + half + 24, top, half, &error);
        canvas.text(
            "absolute error",
            (left + half + 24 + half / 2, top + 9),
            Alignment::Center,
            &SMALL,
            MUTED,
        );
    }
    canvas
}

/// Draws row after row.
struct Row<'a> {
    canvas: &'a mut Canvas,
    sample: &'a Sample<'a>,
    zoom: u32,
    /// From one column, and one row, to the next.
    across: u32,
    down: u32,
    top: u32,
}

impl Row<'_> {
    fn times(&mut self, count: usize, label: impl Fn(usize) -> String) {
        for (column, time) in shown(count).into_iter().enumerate() {
            let middle = MARGIN + NAMES + column as u32 * self.across + (self.across - GAP) / 2;
            self.canvas
                .text(&label(time), (middle, self.top + 4), Alignment::Center, &SMALL, MUTED);
        }
        self.top += TIMES;
    }

    fn frames(
        &mut self,
        name: &str,
        color: Rgb888,
        count: usize,
        frame: impl Fn(usize) -> Option<Vec<f32>>,
        scale: &Scale,
    ) {
        let frames: Vec<Vec<f32>> = shown(count).into_iter().filter_map(frame).collect();
        if frames.is_empty() {
            return;
        }
        let middle = (self.down - GAP) / 2;
        self.canvas.text(
            name,
            (MARGIN, self.top + middle.saturating_sub(6)),
            Alignment::Left,
            &PLAIN,
            color,
        );
        let (width, pixels) = (self.sample.past.width, self.sample.past.width * self.sample.past.height);
        for (column, values) in frames.iter().enumerate() {
            let left = MARGIN + NAMES + column as u32 * self.across;
            let channels = values.len() / pixels;
            self.canvas.frame(
                Panel {
                    left,
                    top: self.top,
                    zoom: self.zoom,
                },
                values,
                width,
                channels,
                scale,
            );
        }
        self.top += self.down;
    }
}

/// The frames that are shown of a number of them.
fn shown(count: usize) -> Vec<usize> {
    if count <= COLUMNS {
        return (0..count).collect();
    }
    (0..COLUMNS)
        .map(|column| column * (count - 1) / (COLUMNS - 1))
        .collect()
}
