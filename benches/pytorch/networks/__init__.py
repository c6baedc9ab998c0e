"""The networks of the comparison at the size of Moving MNIST: 10 -> 10 frames of 1x64x64."""

from .convlstm import ConvLSTM
from .e3dlstm import E3DLSTM
from .gmg import GMG
from .mau import MAU
from .phydnet import PhyDNet
from .predformer import PredFormer
from .predrnn import PredRNN
from .simvp import SimVP
from .stlight import STLight
from .swinlstm import SwinLSTM
from .ustep import USTEP

# Frames of a clip, and the shape of one.
PAST = FUTURE = 10
FRAME = (1, 64, 64)

NETWORKS = {
    "stlight-s": lambda: STLight(PAST, FUTURE, width=1000, depth=16),
    "tau": lambda: SimVP(PAST, attention="temporal", divergence_weight=0.1),
    "simvp-gsta": lambda: SimVP(PAST, attention="gated"),
    "ustep": lambda: USTEP(PAST, FUTURE),
    "convlstm": lambda: ConvLSTM(FUTURE),
    "predrnn": lambda: PredRNN(FUTURE),
    "gmg-l": lambda: GMG(FUTURE),
    "mau": lambda: MAU(FUTURE),
    "phydnet": lambda: PhyDNet(FUTURE),
    "e3dlstm": lambda: E3DLSTM(FUTURE),
    "swinlstm-d": lambda: SwinLSTM(FUTURE),
    "predformer": lambda: PredFormer(),
}
