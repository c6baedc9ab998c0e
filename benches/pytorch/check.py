"""Compares the networks with reference numbers: `python check.py GOLDEN`, a folder of `<method>/<variant>` with
`case.json` and `tensors.safetensors` (weights, inputs, forecast, training loss, gradient norms) of public implementations.

The networks are built at the small sizes of those cases.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from networks.clip import Clip
from networks.convlstm import ConvLSTM
from networks.e3dlstm import E3DLSTM
from networks.gmg import GMG
from networks.mau import MAU
from networks.phydnet import PhyDNet
from networks.predformer import PredFormer
from networks.predrnn import PredRNN
from networks.simvp import SimVP
from networks.stlight import STLight
from networks.swinlstm import SwinLSTM
from networks.ustep import USTEP
from networks.weights import load, read


def sizes_of(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(","))


def build(method: str, h: dict) -> nn.Module:
    past, future = h["pre_seq_length"], h["aft_seq_length"]
    if method == "stlight":
        return STLight(past, future, h["dim"], h["depth"], h["patch_size"], h["K_1"], h["K_2"])
    if method in ("tau", "simvp_gsta"):
        attention, weight = ("temporal", h["alpha"]) if method == "tau" else ("gated", 0.0)
        sizes = h["hid_S"], h["N_S"], h["hid_T"], h["N_T"], int(h["mlp_ratio"])
        return SimVP(past, attention, weight, *sizes)
    if method == "ustep":
        sizes = h["hid_S"], h["N_S"], h["dim"], h["N_U"], h["delta_t"], int(h["mlp_ratio"])
        return USTEP(past, future, *sizes)
    if method == "predformer":
        m = h["model_config"]
        return PredFormer(m["patch_size"], m["dim"], m["heads"], m["dim_head"], m["scale_dim"], m["Ndepth"], m["depth"])
    size = h["in_shape"][-1]
    if method == "phydnet":
        return PhyDNet(future, h["nf"], sizes_of(h["conv_hidden"]), h["patch_size"])
    if method == "swinlstm_d":
        depths = (sizes_of(h[name]) for name in ("depths_downsample", "depths_upsample", "num_heads"))
        return SwinLSTM(future, size, h["embed_dim"], h["window_size"], *depths, drop_path=0.0)
    widths = sizes_of(h["num_hidden"])
    if method == "mau":
        return MAU(future, size, len(widths), widths[0], h["filter_size"], h["sr_size"].bit_length() - 1, h["tau"])
    if method == "e3dlstm":
        return E3DLSTM(future, size, len(widths), widths[0], h["patch_size"])
    sizes = len(widths), widths[0], h["filter_size"], h["patch_size"]
    if method == "gmg":
        return GMG(future, *sizes, h["att_hidden"])
    return {"convlstm": ConvLSTM, "predrnn": PredRNN}[method](future, *sizes)


CASES = ["stlight/base", "stlight/depth5", "tau/base", "simvp_gsta/base", "ustep/tau_base", "convlstm/base"]
CASES += ["predrnn/base", "predrnn/long", "gmg/l_time", "mau/base", "mau/long", "phydnet/base"]
CASES += ["e3dlstm/base", "e3dlstm/long", "swinlstm_d/base", "swinlstm_d/long", "predformer/base"]


def check(folder: Path, name: str) -> bool:
    case = json.loads((folder / name / "case.json").read_text())
    tensors = read(folder / name / "tensors.safetensors")
    state = {key.removeprefix("state_dict."): value for key, value in tensors.items() if key.startswith("state_dict.")}
    method = name.split("/")[0]
    module = build(method, case["hyper"])
    load(module, method.removesuffix("_gsta"), state)
    for part in module.modules():
        if hasattr(part, "drop_path"):
            part.drop_path = 0.0
    batch, future = tensors["input.y"].shape[:2]
    shown = tensors.get("train.mask_bits", torch.zeros(batch, future - 1)) > 0.5
    clip = Clip(tensors["input.x"], tensors["input.y"], shown)
    with torch.no_grad():
        difference = (module.eval()(clip.past) - tensors["eval.pred"]).abs().max().item()
    loss = module.train().loss(clip)
    loss.backward()
    norm = sum(parameter.grad.square().sum() for parameter in module.parameters()).sqrt().item()
    expected = sum(value**2 for value in case["grad_norm"].values() if value) ** 0.5
    errors = abs(loss.item() / case["train_loss"] - 1), abs(norm / expected - 1)
    good = difference < 2e-5 and errors[0] < 1e-5 and errors[1] < 1e-3
    print(
        f"{name}: forecast {difference:.1e}, loss {errors[0]:.1e}, gradient {errors[1]:.1e}{'' if good else '  WRONG'}"
    )
    return good


if __name__ == "__main__":
    sys.exit(not all([check(Path(sys.argv[1]), name) for name in CASES]))
