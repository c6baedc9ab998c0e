"""The blocks of TAU (Tan et al., CVPR 2023, arXiv:2206.12126) and of SimVP with gated attention (Tan et al.,
arXiv:2211.12509)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LargeKernel(nn.Module):
    """A 21x21 field from two depthwise convolutions."""

    def __init__(self, channels: int):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.dilated = nn.Conv2d(channels, channels, 7, padding=9, dilation=3, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.dilated(self.depthwise(x))


class TemporalUnit(nn.Module):
    """Attention within frames times one weight per channel, times the input."""

    def __init__(self, channels: int):
        super().__init__()
        squeezed = channels // max(channels // 16, 4)
        self.field = LargeKernel(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1)
        self.squeeze = nn.Linear(channels, squeezed, bias=False)
        self.excite = nn.Linear(squeezed, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        weights = torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3))))))
        return self.pointwise(self.field(x)) * x * weights[:, :, None, None]


class GatedUnit(nn.Module):
    """Attention within frames that gates itself."""

    def __init__(self, channels: int):
        super().__init__()
        self.field = LargeKernel(channels)
        self.pointwise = nn.Conv2d(channels, 2 * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.glu(self.pointwise(self.field(x)), dim=1)


UNITS = {"temporal": TemporalUnit, "gated": GatedUnit}


class Attention(nn.Module):
    """A unit between two 1x1 convolutions, with a shortcut."""

    def __init__(self, channels: int, unit: str):
        super().__init__()
        self.project_in = nn.Conv2d(channels, channels, 1)
        self.unit = UNITS[unit](channels)
        self.project_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.project_out(self.unit(F.gelu(self.project_in(x))))


class ConvMlp(nn.Module):
    """1x1 convolution up, depthwise 3x3, GELU, 1x1 convolution down."""

    def __init__(self, channels: int, ratio: int):
        super().__init__()
        hidden = ratio * channels
        self.expand = nn.Conv2d(channels, hidden, 1)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.contract = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.contract(F.gelu(self.depthwise(self.expand(x))))


class Block(nn.Module):
    """Attention and a feed-forward branch, each normalized, scaled and added to its input."""

    def __init__(self, channels: int, unit: str, mlp_ratio: int = 8, drop_path: float = 0.0):
        super().__init__()
        self.drop_path = drop_path
        self.attention_norm = nn.BatchNorm2d(channels)
        self.attention = Attention(channels, unit)
        self.attention_scale = nn.Parameter(torch.full((channels,), 1e-2))
        self.mlp_norm = nn.BatchNorm2d(channels)
        self.mlp = ConvMlp(channels, mlp_ratio)
        self.mlp_scale = nn.Parameter(torch.full((channels,), 1e-2))

    def forward(self, x: Tensor) -> Tensor:
        """[batch, channels, height, width] -> the same"""
        x = self.add(x, self.attention(self.attention_norm(x)), self.attention_scale)
        return self.add(x, self.mlp(self.mlp_norm(x)), self.mlp_scale)

    def add(self, x: Tensor, branch: Tensor, scale: Tensor) -> Tensor:
        """Stochastic depth is part of the scale, so it costs no pass over the branch."""
        scale = scale[:, None, None]
        if self.training and self.drop_path:
            keep = 1.0 - self.drop_path
            scale = scale * (torch.empty(len(x), 1, 1, 1, device=x.device).bernoulli_(keep) / keep)
        return torch.addcmul(x, branch, scale)
