//! Runs of a toy network on toy data, from configuration to evaluation.

mod channels;
mod configuration;
mod damage;
mod evaluation;
mod fading;
mod import;
mod live;
mod live_channels;
mod resume;
mod steps;
mod stopping;
mod toy;
mod video;
mod watching;
mod weights;
