use std::path::Path;

use embedded_graphics::text::Alignment;
use image::buffer::ConvertBuffer;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame};

use crate::canvas::{Canvas, PLAIN, Panel, SMALL, STRONG, fit, zoom};
use crate::colors::{EMPTY, FUTURE, MUTED, PAST, Scale, TEXT};
use crate::{ReportError, Sample, file};

const MARGIN: u32 = 16;
const GAP: u32 = 12;
/// Where the panels begin: below the title, the time line and the names.
const TOP: u32 = 70;
/// Room below the panels for the color scales.
const FOOT: u32 = 40;
/// Narrowest panel whose labels fit.
const NARROWEST: u32 = 132;

/// Writes an animation that never ends: the past frames first, then truth, forecast and absolute error side by side, lead
/// time by lead time (past and forecast only, where the truth is not known).
///
/// Small frames are enlarged so that a panel is about 256 pixels wide. Values outside of the range take the color of its
/// end, NaN is magenta. A GIF holds 256 colors: exact here for one channel, quantized frame by frame for three.
///
/// # Errors
/// [`ReportError::Frames`] when the frames do not fit together, [`ReportError::Write`] when the file cannot be written.
pub fn write_gif(path: &Path, sample: &Sample, title: &str) -> Result<(), ReportError> {
    sample.check()?;
    let film = Film::new(sample, title);
    let too_large = || {
        ReportError::Frames(format!(
            "{} x {} pixels are too many for a GIF",
            film.width, film.height
        ))
    };
    if u16::try_from(film.width).is_err() || u16::try_from(film.height).is_err() {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // The encoder's quality scale from 1 to 30 matters for color images only.
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 10);
    encoder
        .set_repeat(Repeat::Infinite)
        .map_err(|error| file::encoding(path, error))?;
    let steps = sample.past.time + sample.forecast.time;
    for step in 0..steps {
        let pause = if step + 1 == steps { 1200 } else { 250 };
        let frame = Frame::from_parts(
            film.picture(step).into_image().convert(),
            0,
            0,
            Delay::from_numer_denom_ms(pause, 1),
        );
        encoder
            .encode_frame(frame)
            .map_err(|error| file::encoding(path, error))?;
    }
    drop(encoder);
    file::write(path, &bytes)
}

/// Settings that all pictures of an animation share.
struct Film<'a> {
    sample: &'a Sample<'a>,
    title: &'a str,
    panels: Vec<Role>,
    zoom: u32,
    /// Size of a panel.
    across: u32,
    down: u32,
    width: u32,
    height: u32,
    field: Scale,
    error: Scale,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Past,
    Truth,
    Forecast,
    Error,
}

impl<'a> Film<'a> {
    fn new(sample: &'a Sample<'a>, title: &'a str) -> Self {
        let panels = match sample.truth {
            Some(_) => vec![Role::Past, Role::Truth, Role::Forecast, Role::Error],
            None => vec![Role::Past, Role::Forecast],
        };
        let zoom = zoom(&sample.past, 256);
        let across = (sample.past.width as u32 * zoom).max(NARROWEST);
        let down = sample.past.height as u32 * zoom;
        let count = panels.len() as u32;
        Self {
            width: 2 * MARGIN + count * across + (count - 1) * GAP,
            height: TOP + down + FOOT,
            field: Scale::field(sample.range),
            error: Scale::error(sample.largest_error()),
            sample,
            title,
            panels,
            zoom,
            across,
            down,
        }
    }

    fn picture(&self, step: usize) -> Canvas {
        let mut canvas = Canvas::new(self.width, self.height);
        let (past, future) = (self.sample.past.time, self.sample.forecast.time);
        let (clock, color) = match step.checked_sub(past) {
            None => (format!("observed {} of {past}", step + 1), PAST),
            Some(ahead) => (format!("lead time {} of {future}", ahead + 1), FUTURE),
        };
        let room = self.width - 2 * MARGIN - (clock.len() as u32 + 2) * 8;
        canvas.text(
            &fit(self.title, room, &STRONG),
            (MARGIN, 12),
            Alignment::Left,
            &STRONG,
            TEXT,
        );
        canvas.text(&clock, (self.width - MARGIN, 12), Alignment::Right, &STRONG, color);
        self.time_line(&mut canvas, step);
        for (index, &role) in self.panels.iter().enumerate() {
            self.panel(&mut canvas, MARGIN + index as u32 * (self.across + GAP), role, step);
        }
        self.scales(&mut canvas);
        canvas
    }

    /// One dash per frame, bright up to now.
    fn time_line(&self, canvas: &mut Canvas, step: usize) {
        let (past, steps) = (self.sample.past.time, self.sample.past.time + self.sample.forecast.time);
        let width = self.width - 2 * MARGIN;
        let edge = |index: usize| MARGIN + (u64::from(width) * index as u64 / steps as u64) as u32;
        for index in 0..steps {
            let bright = if index < past { PAST } else { FUTURE };
            let color = if index <= step { bright } else { EMPTY };
            let (left, right) = (edge(index), edge(index + 1));
            canvas.fill(left, 33, (right - left).saturating_sub(2).max(1), 4, color);
        }
    }

    fn panel(&self, canvas: &mut Canvas, left: u32, role: Role, step: usize) {
        let past = self.sample.past.time;
        let ahead = step.checked_sub(past);
        let (name, color, time) = match role {
            Role::Past => ("past", PAST, Some(step.min(past - 1))),
            Role::Truth => ("truth", TEXT, ahead),
            Role::Forecast => ("forecast", FUTURE, ahead),
            Role::Error => ("absolute error", TEXT, ahead),
        };
        canvas.text(name, (left, 50), Alignment::Left, &PLAIN, color);
        if let Some(time) = time {
            let label = if role == Role::Past {
                offset(time, past)
            } else {
                format!("+{}", time + 1)
            };
            canvas.text(&label, (left + self.across, 50), Alignment::Right, &PLAIN, MUTED);
        }
        canvas.fill(left, TOP, self.across, self.down, EMPTY);
        let Some(time) = time else { return };
        let channels = self.sample.past.channels;
        // Frames narrower than a panel's labels stand in its middle.
        let inset = (self.across - self.sample.past.width as u32 * self.zoom) / 2;
        let panel = Panel {
            left: left + inset,
            top: TOP,
            zoom: self.zoom,
        };
        let width = self.sample.past.width;
        match role {
            Role::Past => canvas.frame(panel, self.sample.past.frame(time), width, channels, &self.field),
            Role::Forecast => canvas.frame(panel, self.sample.forecast.frame(time), width, channels, &self.field),
            Role::Truth => {
                if let Some(truth) = &self.sample.truth {
                    canvas.frame(panel, truth.frame(time), width, channels, &self.field);
                }
            }
            Role::Error => {
                if let Some(error) = self.sample.error(time) {
                    canvas.frame(panel, &error, width, 1, &self.error);
                }
            }
        }
    }

    fn scales(&self, canvas: &mut Canvas) {
        let top = TOP + self.down + 10;
        let fields = self.panels.iter().filter(|role| **role != Role::Error).count() as u32;
        let width = fields * (self.across + GAP) - GAP;
        if self.sample.past.channels != 3 {
            canvas.scale_bar(MARGIN, top, width, &self.field);
        }
        if let Some(note) = self.sample.channel_note() {
            canvas.text(&note, (MARGIN + width / 2, top + 9), Alignment::Center, &SMALL, MUTED);
        }
        if self.panels.contains(&Role::Error) {
            canvas.scale_bar(MARGIN + width + GAP, top, self.across, &self.error);
        }
    }
}

/// A past frame's time relative to the last one, as in `-3` or `0`.
pub(crate) fn offset(time: usize, past: usize) -> String {
    match past - 1 - time {
        0 => "0".into(),
        before => format!("-{before}"),
    }
}
