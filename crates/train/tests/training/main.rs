//! Runs of a toy network on toy data, from configuration to evaluation.

mod channels;
mod configuration;
mod damage;
mod evaluation;
mod import;
mod live;
mod resume;
mod steps;
mod stopping;
mod toy;
mod video;
mod weights;
