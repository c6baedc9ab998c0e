//! Learned perceptual image patch similarity (Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep
//! Features as a Perceptual Metric", CVPR 2018), version 0.1 with AlexNet, as most papers on video prediction give it.
//!
//! Both images go through the five convolutions of an AlexNet that was trained on ImageNet. The activations of each are
//! normalized over the channels; their squared differences are weighted by a learned vector, averaged over the pixels and
//! added up. The weights are not part of this crate: they are those of torchvision's `alexnet` and of the package `lpips`.
//!
//! ```text
//! image A --> conv1 --> conv2 --> conv3 --> conv4 --> conv5
//!               |         |         |         |         |
//!            w (a - b)^2 ...                            +--> sum of the means: 0 for equal images
//!               |         |         |         |         |
//! image B --> conv1 --> conv2 --> conv3 --> conv4 --> conv5
//! ```

mod error;
mod layers;

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

pub use error::LpipsError;

use layers::Layer;

/// Channels of the five convolutions of AlexNet.
pub const ALEXNET: [usize; 5] = [64, 192, 384, 256, 256];

/// Rows and columns that an image has at least, so that something is left after the last pooling.
pub const LEAST_SIDE: usize = 31;

/// Mean and standard deviation of the colors of ImageNet, for images in -1..1.
const MEAN: [f32; 3] = [-0.030, -0.088, -0.188];
const SPREAD: [f32; 3] = [0.458, 0.448, 0.450];

/// Keeps a pixel without any activation from dividing by 0.
const EPSILON: f32 = 1e-10;

/// Features of a forecast image in a network trained on images.
#[derive(Clone, Debug)]
pub struct Lpips {
    layers: Vec<Layer>,
    device: Device,
}

impl Lpips {
    /// Takes the weights out of `tensors`, which hold those of the convolutions under the names of torchvision's `alexnet`
    /// (`features.0.weight`) or of the package's whole network (`net.slice1.0.weight`), and those of the differences under
    /// the package's names (`lin0.model.1.weight`). Others are left alone.
    ///
    /// # Errors
    /// Names the tensors that are missing, or the first of another shape than `channels` asks for.
    pub fn new(
        tensors: &BTreeMap<String, TensorData>,
        channels: [usize; 5],
        device: &Device,
    ) -> Result<Self, LpipsError> {
        Ok(Self {
            layers: layers::load(tensors, channels, device)?,
            device: device.clone(),
        })
    }

    /// The distance of each image to its counterpart: 0 where they are equal.
    ///
    /// # Shapes
    /// - `left`, `right`: `[images, 3, height, width]`, red, green and blue in -1..1, height and width at least
    ///   [`LEAST_SIDE`]
    /// - output: `[images]`
    pub fn distance(&self, left: Tensor<4>, right: Tensor<4>) -> Tensor<1> {
        let [images, ..] = left.dims();
        let (mut left, mut right) = (self.scaled(left), self.scaled(right));
        let mut distance = Tensor::zeros([images], &self.device);
        for layer in &self.layers {
            (left, right) = (layer.forward(left), layer.forward(right));
            let difference = (normalized(&left) - normalized(&right)).square() * layer.weights();
            distance = distance + difference.sum_dim(1).mean_dim(2).mean_dim(3).reshape([images]);
        }
        distance
    }

    /// The distance of every frame of a forecast to the truth; `None` where a value of the truth is missing (NaN).
    ///
    /// Frames of three channels are red, green and blue; of others every channel is a gray image and the mean of their
    /// distances counts. Values are clipped to 0..`range`.
    ///
    /// # Shapes
    /// - `forecast`, `truth`: `[frames, channels, height, width]`
    /// - output: `[frames]`
    ///
    /// # Panics
    /// If the values are not so many frames.
    pub fn frames(
        &self,
        forecast: &[f32],
        truth: &[f32],
        [frames, channels, height, width]: [usize; 4],
        range: f32,
    ) -> Vec<Option<f64>> {
        let images = |values: &[f32]| {
            // NaN stands for a frame whose distance does not count.
            let scaled = values.iter().map(|value| 2.0 * (value / range).clamp(0.0, 1.0) - 1.0);
            let scaled = scaled.map(|value| if value.is_nan() { 0.0 } else { value }).collect();
            match channels {
                3 => tensor(scaled, [frames, 3, height, width], &self.device),
                _ => tensor(scaled, [frames * channels, 1, height, width], &self.device).repeat_dim(1, 3),
            }
        };
        let distances: Vec<f64> = self
            .distance(images(forecast), images(truth))
            .into_data()
            .iter()
            .collect();
        let of_frame = distances.chunks_exact(distances.len() / frames);
        let whole = truth
            .chunks_exact(channels * height * width)
            .map(|frame| !frame.iter().any(|value| value.is_nan()));
        let means = of_frame.map(|distances| distances.iter().sum::<f64>() / distances.len() as f64);
        means.zip(whole).map(|(mean, whole)| whole.then_some(mean)).collect()
    }

    /// In the colors that the network was trained on.
    fn scaled(&self, images: Tensor<4>) -> Tensor<4> {
        let channel = |values: [f32; 3]| tensor(values.to_vec(), [1, 3, 1, 1], &self.device);
        (images - channel(MEAN)) / channel(SPREAD)
    }
}

/// Activations of length 1 at every pixel.
fn normalized(activations: &Tensor<4>) -> Tensor<4> {
    let length = activations.clone().square().sum_dim(1).sqrt();
    activations.clone() / (length + EPSILON)
}

fn tensor(values: Vec<f32>, shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values, shape), device)
}
