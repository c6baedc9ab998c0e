"""The losses."""

import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 0.1
EPSILON = 1e-12


def differential_divergence(forecast: Tensor, truth: Tensor) -> Tensor:
    """TAU's regularization (Tan et al., CVPR 2023), averaged over all values as in OpenSTL.

    forecast, truth: [batch, time, channels, height, width]; output: a scalar
    """
    forecast = change_distribution(forecast)
    ratio = forecast / (change_distribution(truth) + EPSILON) + EPSILON
    return (forecast * torch.log(ratio)).mean()


def change_distribution(frames: Tensor) -> Tensor:
    """Softmax of each frame's difference from the one before: [batch, time - 1, values]."""
    change = torch.diff(frames.flatten(2), dim=1)
    return torch.softmax(change / TEMPERATURE, dim=2)


def forecast_loss(forecast: Tensor, truth: Tensor, divergence_weight: float = 0.0) -> Tensor:
    """Mean squared error plus the weighted divergence, of [batch, time, channels, height, width] both."""
    loss = F.mse_loss(forecast, truth)
    if divergence_weight:
        loss = loss + divergence_weight * differential_divergence(forecast, truth)
    return loss
