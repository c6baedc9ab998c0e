"""Trains a network from given weights on given batches, at the sizes that Foreframe's configurations name."""

from pathlib import Path

import torch
from torch import nn

from networks.clip import Clip
from networks.convlstm import ConvLSTM
from networks.predrnn import PredRNN
from networks.simvp import SimVP
from networks.stlight import STLight
from networks.ustep import USTEP
from networks.weights import load, read


def simvp(attention: str, past: int, c: dict) -> nn.Module:
    sizes = c["spatial_channels"], c["spatial_depth"], c["temporal_channels"], c["temporal_depth"], c["mlp_ratio"]
    return SimVP(past, attention, c.get("divergence_weight", 0.0), *sizes)


def recurrent(network: type[nn.Module], future: int, c: dict) -> nn.Module:
    return network(future, len(c["widths"]), c["widths"][0], c["kernel"], c["patch"])


def build(network: str, past: int, future: int, c: dict) -> nn.Module:
    """The network of the section `[network]` of a configuration."""
    if network == "stlight":
        return STLight(past, future, c["width"], c["depth"], c["patch_size"], c["kernel"], c["dilated_kernel"])
    if network in ("tau", "simvp"):
        return simvp("temporal" if network == "tau" else "gated", past, c)
    if network == "ustep":
        sizes = c["spatial_channels"], c["spatial_depth"], c["width"], c["micro_depth"], c["micro_segment"] or past
        return USTEP(past, future, *sizes, c["mlp_ratio"], c["divergence_weight"])
    return recurrent({"convlstm": ConvLSTM, "predrnn": PredRNN}[network], future, c)


def train(request: dict, device: torch.device) -> list[float]:
    """The loss of each step. Without stochastic depth, because the two sides draw other numbers."""
    batches = read(Path(request["batches"]))
    past, future = batches["past"].to(device), batches["future"].to(device)
    module = build(request["network"], past.shape[2], future.shape[2], request["config"])
    load(module, request["network"], read(Path(request["weights"])))
    for part in module.modules():
        if hasattr(part, "drop_path"):
            part.drop_path = 0.0
    module.to(device).train()
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    losses = []
    for step, (rate, beta1, shown) in enumerate(request["steps"]):
        for group in optimizer.param_groups:
            group["lr"], group["betas"] = rate, (beta1, group["betas"][1])
        mask = torch.full((past.shape[1], future.shape[2] - 1), bool(shown), device=device)
        optimizer.zero_grad(set_to_none=True)
        loss = module.loss(Clip(past[step], future[step], mask))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
