//! The translators between encoder and decoder.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, ConfigError, Cost, KeyMap};
use foreframe_nn::{Block, BlockConfig, SizedBlock, Translator};
use serde::{Deserialize, Serialize};

use crate::SimVpConfig;

mod convmixer;
mod convnext;
pub(crate) mod gsta;
mod hornet;
pub(crate) mod incepu;
mod mlpmixer;
mod moganet;
mod poolformer;
mod swin;
pub(crate) mod uniformer;
mod van;
mod vit;

/// Makes the choice, the module that holds what was chosen, and what leads from one to the other.
macro_rules! translators {
    ($($(#[$doc:meta])+ $name:ident($net:ty),)+) => {
        /// A network that turns the latents of the past into those of the future. In configurations its name is written
        /// in lower case: `translator = "convnext"`.
        #[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[serde(rename_all = "lowercase")]
        pub enum TranslatorKind {
            $($(#[$doc])+ $name,)+
        }

        /// The translator that was chosen.
        #[derive(Module, Debug)]
        pub(crate) enum AnyTranslator {
            $($name($net),)+
        }

        impl Block for AnyTranslator {
            fn forward(&self, features: Tensor<4>, step: usize) -> Tensor<4> {
                match self {
                    $(Self::$name(net) => net.forward(features, step),)+
                }
            }
        }

        impl TranslatorKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            pub(crate) fn validate(self, config: &SimVpConfig, clip: &ClipShape) -> Result<(), ConfigError> {
                match self {
                    $(Self::$name => <$net as TranslatorNet>::validate(config, clip),)+
                }
            }

            pub(crate) fn init(self, config: &SimVpConfig, clip: &ClipShape, device: &Device) -> AnyTranslator {
                match self {
                    $(Self::$name => AnyTranslator::$name(<$net as TranslatorNet>::init(config, clip, device)),)+
                }
            }

            /// Cost for the latents of one clip.
            pub(crate) fn cost(self, config: &SimVpConfig, clip: &ClipShape) -> Cost {
                match self {
                    $(Self::$name => <$net as TranslatorNet>::cost(config, clip),)+
                }
            }

            /// OpenSTL's names of the network's tensors.
            pub(crate) fn key_map(self, config: &SimVpConfig) -> KeyMap {
                let spatial = config.spatial(&ClipShape::new([1, 1, 1, 1, 1])).openstl_keys();
                let (keys, skipped) = match self {
                    $(Self::$name => (
                        <$net as TranslatorNet>::keys(concat!("translator.", stringify!($name))),
                        <$net as TranslatorNet>::SKIPPED,
                    ),)+
                };
                let keys = KeyMap::new(spatial.into_iter().chain(keys));
                skipped.iter().fold(keys, |keys, (key, reason)| keys.skipping(*key, reason))
            }
        }
    };
}

translators! {
    /// Gated spatiotemporal attention, SimVPv2 (Tan et al., arXiv:2211.12509).
    #[default]
    Gsta(Translator<gsta::GstaBlock>),
    /// A U of inception layers, SimVPv1 (Gao et al., CVPR 2022, arXiv:2206.05099).
    IncepU(incepu::IncepU),
    /// Attention between all positions (Dosovitskiy et al., arXiv:2010.11929).
    ViT(Translator<vit::VitBlock>),
    /// Attention within shifted windows (Liu et al., arXiv:2103.14030).
    Swin(Translator<swin::SwinBlock>),
    /// Convolution in the first and the last block, attention in between (Li et al., arXiv:2201.09450).
    Uniformer(Translator<uniformer::UniformerBlock>),
    /// Matrices over positions and channels in turn (Tolstikhin et al., arXiv:2105.01601).
    MlpMixer(Translator<mlpmixer::MlpMixerBlock>),
    /// Depthwise and 1x1 convolutions in turn (Trockman and Kolter, arXiv:2201.09792).
    ConvMixer(Translator<convmixer::ConvMixerBlock>),
    /// Averages of neighbors in place of attention (Yu et al., arXiv:2111.11418).
    PoolFormer(Translator<poolformer::PoolFormerBlock>),
    /// Depthwise convolution and a feed-forward branch (Liu et al., arXiv:2201.03545).
    ConvNeXt(Translator<convnext::ConvNeXtBlock>),
    /// Attention by large kernels (Guo et al., arXiv:2202.09741).
    Van(Translator<van::VanBlock>),
    /// Recursive gated convolution (Rao et al., arXiv:2207.14284).
    HorNet(Translator<hornet::HorNetBlock>),
    /// Gated aggregation of several orders (Li et al., arXiv:2211.03295).
    MogaNet(Translator<moganet::MogaNetBlock>),
}

/// A translator as a whole.
pub(crate) trait TranslatorNet: Block {
    /// Endings of reference keys that have no counterpart, and why.
    const SKIPPED: &'static [(&'static str, &'static str)];

    /// Checks what the sizes shared by all translators do not say.
    fn validate(config: &SimVpConfig, clip: &ClipShape) -> Result<(), ConfigError>;

    fn init(config: &SimVpConfig, clip: &ClipShape, device: &Device) -> Self;

    /// Cost for the latents of one clip.
    fn cost(config: &SimVpConfig, clip: &ClipShape) -> Cost;

    /// OpenSTL's names of its tensors, for a translator at the path `ours`.
    fn keys(ours: &str) -> Vec<(String, String)>;
}

/// All that a block may depend on.
#[derive(Clone, Debug)]
pub(crate) struct BlockContext {
    pub(crate) block: BlockConfig,
    /// Blocks before it.
    pub(crate) index: usize,
    /// Whether the number of channels changes after it.
    pub(crate) changes_width: bool,
    /// Height and width of the latents.
    pub(crate) latent: [usize; 2],
    pub(crate) heads: usize,
    pub(crate) window: usize,
}

impl BlockContext {
    /// Positions of a latent.
    pub(crate) const fn positions(&self) -> usize {
        self.latent[0] * self.latent[1]
    }
}

/// A block that translators of blocks consist of.
pub(crate) trait PlacedBlock: Block {
    /// As [`TranslatorNet::SKIPPED`].
    const SKIPPED: &'static [(&'static str, &'static str)] = &[];

    /// As [`TranslatorNet::validate`].
    fn validate(config: &SimVpConfig, clip: &ClipShape) -> Result<(), ConfigError>;

    fn at(context: &BlockContext, device: &Device) -> Self;

    fn cost_at(context: &BlockContext) -> Cost;

    /// OpenSTL's names of its tensors: our name and theirs, both from the block on.
    fn keys() -> Vec<(String, String)>;
}

impl<B: SizedBlock> PlacedBlock for B {
    fn validate(config: &SimVpConfig, clip: &ClipShape) -> Result<(), ConfigError> {
        config.divides_channels(B::CHANNEL_MULTIPLE, clip, "its blocks split their channels")
    }

    fn at(context: &BlockContext, device: &Device) -> Self {
        B::new(&context.block, device)
    }

    fn cost_at(context: &BlockContext) -> Cost {
        B::cost(&context.block, context.latent)
    }

    fn keys() -> Vec<(String, String)> {
        B::openstl_keys()
    }
}

impl<B: PlacedBlock> TranslatorNet for Translator<B> {
    const SKIPPED: &'static [(&'static str, &'static str)] = B::SKIPPED;

    fn validate(config: &SimVpConfig, clip: &ClipShape) -> Result<(), ConfigError> {
        B::validate(config, clip)
    }

    fn init(config: &SimVpConfig, clip: &ClipShape, device: &Device) -> Self {
        let block = |place: &_| B::at(&config.context(place, clip), device);
        config.blocks(clip).init(block, device)
    }

    fn cost(config: &SimVpConfig, clip: &ClipShape) -> Cost {
        let block = |place: &_| B::cost_at(&config.context(place, clip));
        config.blocks(clip).cost(block, config.latent_size(clip))
    }

    fn keys(ours: &str) -> Vec<(String, String)> {
        Self::openstl_keys(ours, B::keys())
    }
}

/// `pairs` as owned strings.
pub(crate) fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()))
        .to_vec()
}
