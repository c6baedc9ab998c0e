//! Runs of a toy network on toy data, from configuration to evaluation.

mod channels;
mod configuration;
mod continuing;
mod damage;
mod evaluation;
mod fading;
mod import;
mod live;
mod live_channels;
mod resume;
mod starting;
mod steps;
mod stopping;
mod toy;
mod video;
mod watching;
mod weights;
