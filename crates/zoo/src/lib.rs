//! Every network, every dataset and all weights that Foreframe knows by name: lists, nothing else.
//!
//! One line in [`MODELS`] lists, documents, trains and tests a network.
//!
//! ```
//! let model = foreframe_zoo::find_model("ustep")?;
//! assert_eq!(model.name, "ustep");
//! let message = foreframe_zoo::find_model("usetp").unwrap_err().to_string();
//! assert!(message.contains("did you mean `ustep`?"));
//! # Ok::<(), foreframe_zoo::UnknownName>(())
//! ```

mod lookup;
mod published;
mod recommended;
mod shipped;

use foreframe_train::Model;

pub use lookup::{UnknownName, find_dataset, find_model, find_preset, matching};
pub use published::{Published, published};
pub use recommended::{Recommended, recommended};
pub use shipped::{About, Shipped, find_shipped, shipped};

/// The networks, the flagship first.
pub static MODELS: &[Model] = &[
    Model::of::<foreframe_ustep::UStep>(),
    Model::of::<foreframe_ustep::UStepSimVp>(),
    Model::of::<foreframe_ustep::UStepGsta>(),
    Model::of::<foreframe_ustep::UStepUniformer>(),
    Model::recurrent::<foreframe_gmg::Gmg>(),
    Model::of::<foreframe_stlight::StLight>(),
    Model::of::<foreframe_tau::Tau>(),
    Model::of::<foreframe_simvp::SimVp>(),
    Model::of::<foreframe_wast::Wast>(),
    Model::of::<foreframe_iam4vp::Iam4Vp>(),
    Model::of::<foreframe_predformer::PredFormer>(),
    Model::recurrent::<foreframe_motionrnn::MotionRnn>(),
    Model::recurrent::<foreframe_mim::Mim>(),
    Model::recurrent::<foreframe_mau::Mau>(),
    Model::recurrent::<foreframe_phydnet::PhyDNet>(),
    Model::recurrent::<foreframe_swinlstm::SwinLstm>(),
    Model::recurrent::<foreframe_prednet::PredNet>(),
    Model::recurrent::<foreframe_e3dlstm::E3dLstm>(),
    Model::recurrent::<foreframe_predrnn::PredRnnV2>(),
    Model::recurrent::<foreframe_predrnn::PredRnnPlusPlus>(),
    Model::recurrent::<foreframe_predrnn::PredRnn>(),
    Model::recurrent::<foreframe_convlstm::ConvLstm>(),
    Model::of::<foreframe_advection::Advection>(),
    Model::fitted::<foreframe_climatology::Climatology>(),
    Model::of::<foreframe_persistence::Persistence>(),
];

pub use foreframe_datasets::DATASETS;
