//! NumPy's `.npy` files: mapped for training, read whole for a forecast, written for both.
//!
//! The format is that of `numpy.lib.format`: a magic number, a version, a Python dictionary in text, and the values. C
//! order only; booleans, integers of 8 to 64 bits and floats of 16 to 64 bits in either byte order become f32.

mod array;
mod header;
mod literal;
mod mapped;
mod value_type;

pub use array::{Array, read_array, write_array};
pub use header::{byte_header, byte_header_of_frames, check_front, f32_header};
pub use mapped::Mapped;
pub use value_type::ValueType;
