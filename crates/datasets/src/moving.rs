//! Digits that bounce within a frame, made when they are asked for.

mod bouncing;
mod strokes;
mod trajectory;

pub(crate) use bouncing::{Backgrounds, Bouncing, Glyphs, speed_noise};
pub(crate) use strokes::Strokes;
