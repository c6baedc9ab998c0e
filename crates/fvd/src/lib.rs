//! Fréchet video distance (Unterthiner, van Steenkiste, Kurach, Marinier, Michalski, Gelly, "Towards Accurate Generative
//! Models of Video: A New Metric & Challenges", 2018), as papers on video prediction give it.
//!
//! A network that knows what people do in videos, I3D (Carreira and Zisserman, "Quo Vadis, Action Recognition? A New Model
//! and the Kinetics Dataset", CVPR 2017), reduces every clip to the 400 numbers before its softmax. The distance is that of
//! the normal distributions with the means and covariances of what was forecast and of what happened, so it belongs to a set
//! of clips, never to one. The weights are not part of this crate: they are those of the state dict of `InceptionI3d` that
//! PyTorch programs pass around as `i3d_pretrained_400.pt` or `rgb_imagenet.pt`.
//!
//! ```text
//! forecasts --> 224x224 --> I3D --> 400 numbers each --> mean m1, covariance S1
//!                                                                |
//!                                   |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))
//!                                                                |
//! truth     --> 224x224 --> I3D --> 400 numbers each --> mean m2, covariance S2
//! ```
//!
//! ```no_run
//! use std::collections::BTreeMap;
//!
//! use burn::tensor::{Device, Tensor};
//! use foreframe_fvd::{Fvd, KINETICS, Moments};
//!
//! # let tensors = BTreeMap::new();
//! let device = Device::flex();
//! let fvd = Fvd::new(&tensors, KINETICS, &device)?;
//! let (mut forecasts, mut truths) = (Moments::new(400), Moments::new(400));
//! for _clip in 0..2048 {
//!     // Frames in -1..1.
//!     let (forecast, truth) = (Tensor::zeros([1, 16, 3, 64, 64], &device), Tensor::zeros([1, 16, 3, 64, 64], &device));
//!     forecasts.add(&fvd.features(forecast).into_data().iter::<f32>().collect::<Vec<_>>());
//!     truths.add(&fvd.features(truth).into_data().iter::<f32>().collect::<Vec<_>>());
//! }
//! println!("{}", forecasts.distance(&truths)?);
//! # Ok::<(), foreframe_fvd::FvdError>(())
//! ```

mod error;
mod layers;
mod moments;
mod network;
mod widths;

use std::collections::BTreeMap;

use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor, TensorData};

pub use error::FvdError;
pub use moments::Moments;
pub use widths::{KINETICS, Widths};

use layers::Clips;
use network::I3d;

/// Frames that a clip has at least, so that two are left after time was halved three times, which the last pooling averages.
pub const LEAST_FRAMES: usize = 9;

/// Rows and columns of the frames that the network looks at.
const SIDE: usize = 224;

/// Features of a clip in a network trained on videos.
#[derive(Clone, Debug)]
pub struct Fvd {
    network: I3d,
    widths: Widths,
    device: Device,
}

impl Fvd {
    /// Takes the weights out of `tensors`, under the names of `InceptionI3d` (`Conv3d_1a_7x7.conv3d.weight`,
    /// `Mixed_3b.b1a.bn.running_mean`, `logits.conv3d.bias`). Others are left alone.
    ///
    /// # Errors
    /// Names the tensors that are missing, the first of another shape than `widths` asks for, or that is not finite.
    pub fn new(tensors: &BTreeMap<String, TensorData>, widths: Widths, device: &Device) -> Result<Self, FvdError> {
        Ok(Self {
            network: I3d::load(tensors, &widths, device)?,
            widths,
            device: device.clone(),
        })
    }

    /// Numbers that describe a clip.
    pub fn feature_count(&self) -> usize {
        self.widths.classes
    }

    /// Features of clips, which are resized to 224x224 first (bilinear, pixels as areas).
    ///
    /// # Shapes
    /// - `clips`: `[clips, frames, 3, height, width]`, red, green and blue in -1..1, [`LEAST_FRAMES`] or more
    /// - output: `[clips, features]`
    ///
    /// # Panics
    /// If there are fewer frames or other channels.
    pub fn features(&self, clips: Tensor<5>) -> Tensor<2> {
        let [count, time, channels, height, width] = clips.dims();
        assert!(
            time >= LEAST_FRAMES && channels == 3,
            "clips of {time} frames of {channels} channels: {LEAST_FRAMES} of 3 are needed"
        );
        let frames = clips.reshape([count * time, channels, height, width]);
        let frames = match [height, width] == [SIDE; 2] {
            true => frames,
            false => {
                let options = InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(false);
                interpolate(frames, options.with_output_size([SIDE; 2]))
            }
        };
        self.network.forward(Clips { frames, time })
    }

    /// The features of one clip in the units of data: of three channels as red, green and blue; of others every channel is
    /// a gray clip. Values are clipped to 0..`range`, those that are not numbers become `range` / 2.
    ///
    /// One clip at a time goes through the network, so that the memory is that of one.
    ///
    /// # Shapes
    /// - `clip`: `[frames, channels, height, width]`
    /// - output: one vector, or as many as there are channels
    ///
    /// # Panics
    /// If the values are not so many, or the frames fewer than [`LEAST_FRAMES`].
    pub fn of_clip(&self, clip: &[f32], [frames, channels, height, width]: [usize; 4], range: f32) -> Vec<Vec<f32>> {
        let scaled = clip.iter().map(|value| 2.0 * (value / range).clamp(0.0, 1.0) - 1.0);
        let scaled = scaled.map(|value| if value.is_nan() { 0.0 } else { value }).collect();
        let data = TensorData::new(scaled, [1, frames, channels, height, width]);
        let clip = Tensor::<5>::from_data(data, &self.device);
        let features = |clip: Tensor<5>| self.features(clip).into_data().iter().collect();
        match channels {
            3 => vec![features(clip)],
            _ => (0..channels)
                .map(|channel| features(clip.clone().narrow(2, channel, 1).repeat_dim(2, 3)))
                .collect(),
        }
    }
}
