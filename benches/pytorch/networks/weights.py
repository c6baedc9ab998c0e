"""From the state dicts of public implementations to the networks here. Where convolutions were joined, their weights are too."""

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

BLOCK = {
    "attention_norm": "norm1",
    "attention.project_in": "attn.proj_1",
    "attention.unit.field.depthwise": "attn.spatial_gating_unit.conv0",
    "attention.unit.field.dilated": "attn.spatial_gating_unit.conv_spatial",
    "attention.unit.pointwise": "attn.spatial_gating_unit.conv1",
    "attention.unit.squeeze": "attn.spatial_gating_unit.fc.0",
    "attention.unit.excite": "attn.spatial_gating_unit.fc.2",
    "attention.project_out": "attn.proj_2",
    "attention_scale": "layer_scale_1",
    "mlp_norm": "norm2",
    "mlp.expand": "mlp.fc1",
    "mlp.depthwise": "mlp.dwconv.dwconv",
    "mlp.contract": "mlp.fc2",
    "mlp_scale": "layer_scale_2",
}
MIXER = {
    "depthwise": "0.fn.0",
    "dilated": "0.fn.1",
    "spatial_norm": "0.fn.3",
    "pointwise": "1.0",
    "channel_norm": "1.2",
}
STLIGHT = {"embed": "patch_encoder.0", "embed_norm": "patch_encoder.1", "reassemble": "patch_reassemble"}
MOTION = {
    "alpha": "global_growth_module.alpha_default",
    "beta": "global_growth_module.beta_default",
    "growth": "global_growth_module.fc_global",
    "candidate": "output",
    "warp.modulation": "warp.warp_gate",
    "warp": "warp.conv",
}


def load(module: nn.Module, network: str, state: dict[str, Tensor]) -> None:
    """Fills `module` with `state`, whose keys are the public implementation's of `network`: a method of the
    golden cases."""
    key = KEYS.get(network)
    values = {}
    for name, own in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            # Only a cumulative average would read it.
            values[name] = own
        else:
            values[name] = (state[key(name)] if key else recurrent_weight(state, name)).reshape(own.shape)
    module.load_state_dict(values)


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    kinds = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            values = torch.frombuffer(bytearray(data[start:end]), dtype=kinds[entry["dtype"]])
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def rename(part: str, names: dict[str, str]) -> str:
    """`a.b.weight` by its longest known beginning."""
    for ours in sorted(names, key=len, reverse=True):
        if part == ours or part.startswith(ours + "."):
            return names[ours] + part[len(ours) :]
    return part


def simvp_key(key: str) -> str:
    if key.startswith("translator."):
        index, part = key.split(".", 2)[1:]
        # The translator is block, projection, blocks..., block, projection.
        index = int(index)
        if part in ("weight", "bias"):
            return f"hid.enc.{max(index - 2, 0)}.reduction.{part}"
        return f"hid.enc.{max(index - 1, 0)}.block.{rename(part, BLOCK)}"
    side, _, rest = key.partition(".")
    side = side[:3]
    if match := re.fullmatch(r"blocks\.(\d+)\.(.*)", rest):
        index, part = match.groups()
        inner = "conv.0" if side == "dec" and int(index) % 2 == 0 and part.startswith("conv") else part.split(".")[0]
        return f"{side}.{side}.{index}.conv.{inner}.{part.split('.')[1]}"
    return f"{side}.{rest}"


def ustep_key(key: str) -> str:
    if match := re.fullmatch(r"(micro|macro)_net\.(\d+)\.(.*)", key):
        scale, index, part = match.groups()
        return f"{scale}.blocks.{int(index) - 1}.{rename(part, BLOCK)}" if int(index) else f"{scale}.project.{part}"
    names = {"macro_gate": "gate_v", "micro_gate": "gate_u", "cross_gate": "gate_c", "decoder.readout": "readout"}
    return rename(key, names).replace("coder.blocks", "coder.layers")


def stlight_key(key: str) -> str:
    if key.startswith("mixers."):
        index, part = key.split(".", 2)[1:]
        return f"net.{index}.{rename(part, MIXER)}"
    return rename(key, STLIGHT)


def joined(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The weights of an ST-LSTM cell: its convolutions of the input stand with those of the states."""
    x, hidden, memory = (state[f"{prefix}.conv_{part}.0.weight"] for part in "xhm")
    x, hidden = x.chunk(7), hidden.chunk(4)
    first = torch.cat((torch.cat((*x[:3], x[6])), torch.cat(hidden)), dim=1)
    return {
        "hidden_gates": first,
        "memory_gates": torch.cat((torch.cat(x[3:6]), memory), dim=1),
        "output_gate": state[f"{prefix}.conv_o.0.weight"],
        "mix": state[f"{prefix}.conv_last.weight"],
    }


def recurrent_weight(state: dict[str, Tensor], key: str) -> Tensor:
    parts = key.split(".")
    if parts[0] in ("readout", "highway"):
        return state[{"readout": "conv_last", "highway": "conv_first_v"}[parts[0]] + ".weight"]
    prefix, kind = f"cell_list.{parts[1]}", parts[-1]
    if parts[0] == "motions":
        return motion_weight(state, int(parts[1]), ".".join(parts[2:]))
    if parts[2] == "conv":
        gates = torch.cat([state[f"{prefix}.conv_{part}.0.weight"] for part in "xh"], dim=1).chunk(4)
        return torch.cat([gates[gate] for gate in (0, 1, 3, 2)])
    if parts[2] == "focus":
        names = {"extract": "global_feature_extractor.conv", "summarize": "global_feature_extractor.fc"}
        names |= {"gate": "gate.0", "scales": "conv_g.0.convs"}
        return state[f"{prefix}.{rename('.'.join(parts[3:]), names)}"]
    if parts[2] == "attention":
        layers = {"from_hidden": ("q", "k", "v"), "from_memory": ("k2", "v2"), "join": ("z",), "gates": ("m",)}
        return torch.cat([state[f"{prefix}.attention_layer.layer_{name}.{kind}"] for name in layers[parts[3]]])
    return joined(state, prefix)[parts[-2]]


def motion_weight(state: dict[str, Tensor], index: int, key: str) -> Tensor:
    part, _, rest = key.partition(".")
    if part != "unit":
        return state[f"{ {'encode': 'enc', 'decode': 'dec', 'gate': 'gate'}[part] }_list.{index}.{rest}"]
    prefix = f"motion_list.{index}"
    name, _, kind = rest.partition(".")
    if name == "gates":
        return torch.cat([state[f"{prefix}.{gate}.{kind}"] for gate in ("update", "reset")])
    if name == "rates":
        return torch.cat([state[f"{prefix}.global_growth_module.{rate}_fc.{kind}"] for rate in ("alpha", "beta")])
    return state[f"{prefix}.{rename(rest, MOTION)}"]


def mau_key(key: str) -> str:
    if match := re.fullmatch(r"(encoders|decoders)\.(\d+)\.(.*)", key):
        side, index, kind = match.groups()
        number = int(index)
        return f"encoders.{number + 1}.encoder_t{number}.{kind}" if side == "encoders" else f"decoders.{index}.c_decoder{index}.{kind}"
    return rename(key, {"first": "encoders.0.encoder_t_conv-1", "last": "srcnn.0", "cells": "cell_list"})


def phydnet_key(key: str) -> str:
    coders = {"encoder": "encoder_E.c", "encode_physical": "encoder_Ep.c", "encode_residual": "encoder_Er.c"}
    coders |= {"decoder": "decoder_D.upc", "decode_physical": "decoder_Dp.upc", "decode_residual": "decoder_Dr.upc"}
    if match := re.fullmatch(r"(\w+)\.(\d+)\.(\d\.)?(weight|bias)", key):
        side, index, part, kind = match.groups()
        if side in coders:
            return f"encoder.{coders[side]}{int(index) + 1}.{f'main.{part}' if part else ''}{kind}"
        return f"convcell.cell_list.{index}.conv.{kind}"
    names = {"derivatives": "F.conv1", "norm": "F.bn1", "combination": "F.conv2", "gain": "convgate"}
    return f"phycell.cell_list.0.{rename(key.removeprefix('physical.'), names)}"


def e3dlstm_key(key: str) -> str:
    if not key.startswith("cells."):
        return "conv_last.weight"
    index, part = key.split(".", 2)[1:]
    names = {"x": "conv_x.0.conv3d", "h": "conv_h.0.conv3d", "new_cell": "conv_new_cell.0.conv3d"}
    names |= {"new_memory": "conv_new_gm.0.conv3d", "norm": "_norm_c_t", "mix": "conv_last.conv3d"}
    return f"cell_list.{index}.{rename(part, names)}"


def swinlstm_key(scales: int) -> Callable[[str], str]:
    block = {"attn.table": "attn.relative_position_bias_table", "mlp.0": "mlp.fc1", "mlp.2": "mlp.fc2"}
    names = {"proj": "Downsample.patch_embed.proj", "norm": "Downsample.patch_embed.norm"}
    names |= {"merges": "Downsample.downsample", "expansions": "Upsample.upsample", "last": "Upsample.Unembed.Conv"}

    def key(own: str) -> str:
        if match := re.fullmatch(r"cells\.(\d+)\.(STBs\.\d+)\.(.*)", own):
            index, place, part = int(match[1]), match[2], rename(match[3], block)
            side = f"Downsample.layers.{index}" if index < scales else f"Upsample.layers.{index - scales}"
            return f"{side}.{place}.{part}"
        return rename(own, names)

    return key


def predformer_key(key: str) -> str:
    transformers = ("ts_temporal", "ts_space", "st_space", "st_temporal")
    if match := re.fullmatch(r"(blocks\.\d+)\.(\d)\.(.*)", key):
        block, index, part = match.groups()
        layer = {"attention_norm": "0.norm", "qkv": "0.fn.to_qkv", "project": "0.fn.to_out.0", "mlp_norm": "1.norm"}
        layer |= {"gate": "1.fn.fc1_g", "value": "1.fn.fc1_x", "contract": "1.fn.fc2"}
        if inner := re.fullmatch(r"(layers\.\d+)\.(.*)", part):
            part = f"{inner[1]}.{rename(inner[2], layer)}"
        return f"{block}.{transformers[int(index)]}_transformer.{part}"
    return rename(key, {"embed": "to_patch_embedding.1", "head_norm": "mlp_head.0", "head": "mlp_head.1"})


KEYS = {
    "stlight": stlight_key,
    "tau": simvp_key,
    "simvp": simvp_key,
    "ustep": ustep_key,
    "mau": mau_key,
    "phydnet": phydnet_key,
    "e3dlstm": e3dlstm_key,
    "swinlstm_d": swinlstm_key(scales=2),
    "predformer": predformer_key,
}
