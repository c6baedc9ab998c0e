use embedded_graphics::pixelcolor::Rgb888;

/// The page of every picture, dark so that it sits well on light and dark pages alike.
pub(crate) const GROUND: Rgb888 = Rgb888::new(20, 22, 27);
/// A place where a frame will be.
pub(crate) const EMPTY: Rgb888 = Rgb888::new(33, 36, 44);
pub(crate) const TEXT: Rgb888 = Rgb888::new(226, 230, 236);
pub(crate) const MUTED: Rgb888 = Rgb888::new(142, 150, 162);
/// Marks observed frames.
pub(crate) const PAST: Rgb888 = Rgb888::new(96, 165, 250);
/// Marks forecast frames.
pub(crate) const FUTURE: Rgb888 = Rgb888::new(251, 165, 80);
/// A value that is NaN or infinite: a color that no scale has.
const MISSING: Rgb888 = Rgb888::new(255, 0, 200);

/// Steps of a scale: with two scales and the labels, a picture stays within the 256 colors of a GIF, so that its colors
/// are exact.
const STEPS: usize = 112;

/// From a value to a perceptually uniform color.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    gradient: colorous::Gradient,
    low: f32,
    high: f32,
}

impl Scale {
    /// Viridis, for fields.
    pub(crate) fn field((low, high): (f32, f32)) -> Self {
        Self {
            gradient: colorous::VIRIDIS,
            low,
            high: widen(low, high),
        }
    }

    /// Inferno, for errors from 0 to `high`: not to be taken for a field.
    pub(crate) fn error(high: f32) -> Self {
        Self {
            gradient: colorous::INFERNO,
            low: 0.0,
            high: widen(0.0, high),
        }
    }

    pub(crate) fn low(&self) -> f32 {
        self.low
    }

    pub(crate) fn high(&self) -> f32 {
        self.high
    }

    pub(crate) fn color(&self, value: f32) -> Rgb888 {
        if !value.is_finite() {
            return MISSING;
        }
        let step = (self.fraction(value) * (STEPS - 1) as f32).round() as usize;
        let color = self.gradient.eval_rational(step, STEPS);
        Rgb888::new(color.r, color.g, color.b)
    }

    /// A color image's pixel.
    pub(crate) fn rgb(&self, values: [f32; 3]) -> Rgb888 {
        if values.iter().any(|value| !value.is_finite()) {
            return MISSING;
        }
        let [red, green, blue] = values.map(|value| (self.fraction(value) * 255.0).round() as u8);
        Rgb888::new(red, green, blue)
    }

    fn fraction(&self, value: f32) -> f32 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// A range that is not empty.
fn widen(low: f32, high: f32) -> f32 {
    if high > low { high } else { low + low.abs().max(1.0) }
}
