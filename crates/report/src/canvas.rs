use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use embedded_graphics::{Drawable, Pixel};
use image::{Rgb, RgbImage};

use crate::Frames;
use crate::colors::{GROUND, MUTED, Scale};

pub(crate) use embedded_graphics::mono_font::iso_8859_1::{
    FONT_6X10 as SMALL, FONT_7X13 as PLAIN, FONT_8X13_BOLD as STRONG,
};

/// A picture with rectangles, labels and frames.
#[derive(Clone)]
pub(crate) struct Canvas {
    image: RgbImage,
}

/// A frame's place and size on a canvas.
#[derive(Clone, Copy)]
pub(crate) struct Panel {
    pub(crate) left: u32,
    pub(crate) top: u32,
    /// Side of a value's square in pixels.
    pub(crate) zoom: u32,
}

impl Canvas {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self {
            image: RgbImage::from_pixel(width, height, rgb(GROUND)),
        }
    }

    pub(crate) fn into_image(self) -> RgbImage {
        self.image
    }

    pub(crate) fn fill(&mut self, left: u32, top: u32, width: u32, height: u32, color: Rgb888) {
        for y in top..(top + height).min(self.image.height()) {
            for x in left..(left + width).min(self.image.width()) {
                self.image.put_pixel(x, y, rgb(color));
            }
        }
    }

    /// One line of text whose top is at `top`; characters that the font lacks become question marks.
    pub(crate) fn text(&mut self, text: &str, at: (u32, u32), align: Alignment, font: &MonoFont, color: Rgb888) {
        let point = Point::new(at.0.cast_signed(), at.1.cast_signed());
        let style = TextStyleBuilder::new().alignment(align).baseline(Baseline::Top).build();
        let Ok(_) = Text::with_text_style(text, point, MonoTextStyle::new(font, color), style).draw(self);
    }

    /// Draws one frame `[channel, height, width]` with every value as a square.
    pub(crate) fn frame(&mut self, panel: Panel, frame: &[f32], width: usize, channels: usize, scale: &Scale) {
        let pixels = frame.len() / channels;
        for pixel in 0..pixels {
            let color = match channels {
                3 => scale.rgb([frame[pixel], frame[pixels + pixel], frame[2 * pixels + pixel]]),
                _ => scale.color(frame[pixel]),
            };
            let (x, y) = ((pixel % width) as u32 * panel.zoom, (pixel / width) as u32 * panel.zoom);
            self.fill(panel.left + x, panel.top + y, panel.zoom, panel.zoom, color);
        }
    }

    /// A color scale with its ends written below it.
    pub(crate) fn scale_bar(&mut self, left: u32, top: u32, width: u32, scale: &Scale) {
        for x in 0..width {
            let fraction = x as f32 / (width.max(2) - 1) as f32;
            let color = scale.color(scale.low() + fraction * (scale.high() - scale.low()));
            self.fill(left + x, top, 1, 6, color);
        }
        self.text(&short(scale.low()), (left, top + 9), Alignment::Left, &SMALL, MUTED);
        self.text(
            &short(scale.high()),
            (left + width, top + 9),
            Alignment::Right,
            &SMALL,
            MUTED,
        );
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.image.width(), self.image.height())
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Self::Error> {
        let bounds = Rectangle::new(Point::zero(), self.size());
        for Pixel(point, color) in pixels.into_iter().filter(|Pixel(point, _)| bounds.contains(*point)) {
            self.image
                .put_pixel(point.x.cast_unsigned(), point.y.cast_unsigned(), rgb(color));
        }
        Ok(())
    }
}

/// The factor that brings frames near to a size, never below 1.
pub(crate) fn zoom(frames: &Frames, target: usize) -> u32 {
    let longest = frames.height.max(frames.width);
    ((target + longest / 2) / longest).max(1) as u32
}

/// A label's text, shortened to a width in pixels.
pub(crate) fn fit(text: &str, width: u32, font: &MonoFont) -> String {
    let room = (width / font.character_size.width) as usize;
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(3)).chain("...".chars()).collect()
}

/// A value with three significant digits.
pub(crate) fn short(value: f32) -> String {
    let rounded = format!("{value:.2e}");
    match rounded.parse::<f64>() {
        Ok(value) if value == 0.0 || (1e-4..1e6).contains(&value.abs()) => value.to_string(),
        _ => rounded,
    }
}

fn rgb(color: Rgb888) -> Rgb<u8> {
    Rgb([color.r(), color.g(), color.b()])
}
