//! Between frames and the coarse images that recurrent cells see.

use burn::module::Module;
use burn::tensor::Tensor;
use foreframe_core::ConfigError;
use foreframe_ops::{patchify, unpatchify};

/// Cuts frames into patches and puts them together again, and knows which frames that is possible for.
#[derive(Module, Debug)]
pub struct FramePatches {
    size: usize,
    channels: usize,
    multiple: usize,
    fixed_height: usize,
    fixed_width: usize,
}

impl FramePatches {
    /// Patches of `size` by `size` pixels of frames of `channels` channels.
    pub const fn new(size: usize, channels: usize) -> Self {
        Self {
            size,
            channels,
            multiple: size,
            fixed_height: 0,
            fixed_width: 0,
        }
    }

    /// For a network that halves the image of patches once more.
    #[must_use]
    pub const fn halved(mut self) -> Self {
        self.multiple = 2 * self.size;
        self
    }

    /// For a network that needs sizes which are multiples of more than a patch: of `multiple` pixels.
    #[must_use]
    pub const fn in_multiples_of(mut self, multiple: usize) -> Self {
        self.multiple = multiple;
        self
    }

    /// For a network with parameters of the size of its image: frames of this height and width only.
    #[must_use]
    pub const fn of_size(mut self, [height, width]: [usize; 2]) -> Self {
        self.fixed_height = height;
        self.fixed_width = width;
        self
    }

    /// # Shapes
    /// - `frame`: `[batch, channels, height, width]`
    /// - output: `[batch, size² * channels, height / size, width / size]`
    pub fn cut(&self, frame: Tensor<4>) -> Tensor<4> {
        patchify(frame.unsqueeze_dim(1), self.size).squeeze_dim(1)
    }

    /// Undoes [`cut`](Self::cut).
    pub fn join(&self, patches: Tensor<4>) -> Tensor<4> {
        unpatchify(patches.unsqueeze_dim(1), self.size).squeeze_dim(1)
    }

    /// Height and width of the image of patches of a frame.
    pub fn image_of(&self, frame: &Tensor<4>) -> [usize; 2] {
        let [_, _, height, width] = frame.dims();
        [height / self.size, width / self.size]
    }

    /// Whether frames of this many channels, rows and columns can be cut, with names that start with `owner`.
    ///
    /// # Errors
    /// Names the size that does not fit, and what would.
    pub fn check(&self, owner: &str, [channels, height, width]: [usize; 3]) -> Result<(), ConfigError> {
        if channels != self.channels {
            return Err(ConfigError::new(
                format!("{owner}.channels"),
                format!("is {channels}, the network was built for {}", self.channels),
                format!("use frames of {} channels, or build another network", self.channels),
            ));
        }
        for (name, value, fixed) in [
            ("height", height, self.fixed_height),
            ("width", width, self.fixed_width),
        ] {
            let field = format!("{owner}.{name}");
            if fixed > 0 && value != fixed {
                return Err(ConfigError::new(
                    field,
                    format!("is {value}, and the network has parameters for every pixel of {fixed}"),
                    format!("use {fixed}, or build another network"),
                ));
            }
            if value == 0 {
                return Err(ConfigError::new(
                    field,
                    "is 0",
                    format!("use a multiple of {}", self.multiple),
                ));
            }
            let why = match self.multiple / self.size {
                0 | 1 => format!("patches of {}", self.size),
                2 => format!("patches of {}, whose image is halved", self.size),
                more => format!("patches of {}, whose image is cut into blocks of {more}", self.size),
            };
            ConfigError::divides(&field, value, self.multiple, &why)?;
        }
        Ok(())
    }
}
