//! Files of arrays, images and fields: `.npy`, `.npz`, IDX, images, video, HDF5 and NetCDF with the conventions of ODIM and
//! KNMI radar.
//!
//! Readers know paths, arrays and [`fields::ReadOptions`]; of clips, networks and configurations they know nothing. What a header
//! claims is checked against the size of its file before anything is allocated for it.
//!
//! ```
//! use foreframe_formats::npy;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("frames.npy");
//! npy::write_array(&path, &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;
//! assert_eq!(npy::read_array(&path)?.shape, [2, 3]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod claims;
mod error;
pub mod fields;
mod frame;
pub mod idx;
pub mod images;
pub mod names;
pub mod npy;
pub mod npz;
pub mod replace;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
pub mod time;
pub mod video;

pub use error::{Fault, FormatError};
pub use frame::{FrameSize, same_size};
