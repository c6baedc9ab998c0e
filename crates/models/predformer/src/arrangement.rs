//! Which tokens look at each other, and in what order.

use serde::{Deserialize, Serialize};

/// The order of transformers over space (S) and time (T); in configurations in kebab case: `arrangement = "triplet-sts"`.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum Arrangement {
    /// All tokens of all frames look at each other, in one transformer of `depth` layers.
    FullAttention,
    /// One transformer of `depth` layers over space, then one over time, whose tokens the head reads in another order than
    /// they are in, as in the published code.
    FacSt,
    /// One transformer of `depth` layers over time, then one over space.
    FacTs,
    /// `depth` blocks of S, T.
    BinarySt,
    /// `depth` blocks of T, S.
    BinaryTs,
    /// `depth` blocks of S, T, S.
    TripletSts,
    /// `depth` blocks of T, S, T.
    TripletTst,
    /// `depth` blocks of T, S, S, T.
    #[default]
    QuadrupletTsst,
    /// `depth` blocks of S, T, T, S.
    QuadrupletStts,
}

/// The tokens that a transformer lets look at each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of one frame.
    Space,
    /// Those of one place.
    Time,
    /// All of them.
    Everything,
}

impl Arrangement {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::FullAttention,
        Self::FacSt,
        Self::FacTs,
        Self::BinarySt,
        Self::BinaryTs,
        Self::TripletSts,
        Self::TripletTst,
        Self::QuadrupletTsst,
        Self::QuadrupletStts,
    ];

    /// The transformers of one block, each with its name in the published code.
    pub(crate) const fn transformers(self) -> &'static [(Scope, &'static str)] {
        use Scope::{Everything, Space, Time};
        match self {
            Self::FullAttention => &[(Everything, "space_temporal_transformer")],
            Self::FacSt => &[(Space, "space_transformer"), (Time, "temporal_transformer")],
            Self::FacTs => &[(Time, "temporal_transformer"), (Space, "space_transformer")],
            Self::BinarySt => &[(Space, "st_space_transformer"), (Time, "st_temporal_transformer")],
            Self::BinaryTs => &[(Time, "ts_temporal_transformer"), (Space, "ts_space_transformer")],
            Self::TripletSts => &[
                (Space, "space_transformer_first"),
                (Time, "temporal_transformer"),
                (Space, "space_transformer_second"),
            ],
            Self::TripletTst => &[
                (Time, "temporal_transformer_first"),
                (Space, "space_transformer"),
                (Time, "temporal_transformer_second"),
            ],
            Self::QuadrupletTsst => &[
                (Time, "ts_temporal_transformer"),
                (Space, "ts_space_transformer"),
                (Space, "st_space_transformer"),
                (Time, "st_temporal_transformer"),
            ],
            Self::QuadrupletStts => &[
                (Space, "st_space_transformer"),
                (Time, "st_temporal_transformer"),
                (Time, "ts_temporal_transformer"),
                (Space, "ts_space_transformer"),
            ],
        }
    }

    /// Whether there is one block whose transformers are `depth` deep, in place of `depth` blocks.
    pub(crate) const fn is_one_block(self) -> bool {
        matches!(self, Self::FullAttention | Self::FacSt | Self::FacTs)
    }
}
