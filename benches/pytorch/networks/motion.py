"""Guided motion: GMG's path from one layer's hidden state to the next layer."""

import torch
from torch import Tensor, nn

TAPS = 9


class Warp(nn.Module):
    """Modulated deformable 3x3 convolution, by torchvision: PyTorch itself has none."""

    def __init__(self, channels: int):
        super().__init__()
        from torchvision.ops import deform_conv2d

        self.convolve = deform_conv2d
        self.weight = nn.Parameter(torch.randn(channels, channels, 3, 3) / channels)
        self.modulation = nn.Conv2d(channels, TAPS, 3, padding=1)

    def forward(self, x: Tensor, motion: Tensor) -> Tensor:
        """x [batch, channels, a, b], motion [batch, 18, a, b]: rows of all taps, then columns -> as x"""
        offset = motion.unflatten(1, (2, TAPS)).transpose(1, 2).flatten(1, 2)
        return self.convolve(x, offset, self.weight, padding=1, mask=torch.sigmoid(self.modulation(x)))


class MotionUnit(nn.Module):
    """A recurrent unit for the offsets of a warp, with a trend that grows and decays."""

    def __init__(self, channels: int):
        super().__init__()
        self.gates = nn.Conv2d(channels + 2 * TAPS, 4 * TAPS, 3, padding=1)
        self.candidate = nn.Conv2d(channels + 2 * TAPS, 2 * TAPS, 3, padding=1)
        self.rates = nn.Linear(channels, 2)
        self.growth = nn.Linear(channels, 1, bias=False)
        self.alpha = nn.Parameter(torch.tensor(0.5))
        self.beta = nn.Parameter(torch.tensor(0.9))
        self.warp = Warp(channels)

    def forward(self, x: Tensor, motion: Tensor, trend: Tensor, time: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [batch, channels, a, b], motion and trend [batch, 18, a, b], time a scalar -> the same three"""
        update, reset = torch.sigmoid(self.gates(torch.cat((x, motion), dim=1))).chunk(2, dim=1)
        candidate = torch.tanh(self.candidate(torch.cat((x, reset * motion), dim=1)))
        updated = torch.lerp(motion, candidate, update)
        means = x.mean((2, 3))
        alpha, beta = torch.sigmoid(self.rates(means)).unbind(1)
        alpha, beta = 0.5 * (self.alpha + alpha), 0.5 * (self.beta + beta)
        growth = torch.sigmoid(self.growth(means)).squeeze(1)
        factor = torch.exp(-beta * time) + alpha * growth
        trend = torch.lerp(trend * factor[:, None, None, None], motion, 0.5)
        motion = updated + trend
        return self.warp(x, motion), motion, trend


class MotionPath(nn.Module):
    """Halves the hidden state, warps it, and mixes it back in."""

    def __init__(self, hidden: int, kernel: int):
        super().__init__()
        self.encode = nn.Conv2d(hidden, hidden // 4, kernel, stride=2, padding=kernel // 2)
        self.unit = MotionUnit(hidden // 4)
        self.decode = nn.ConvTranspose2d(hidden // 4, hidden, 4, stride=2, padding=1)
        self.gate = nn.Conv2d(2 * hidden, hidden, kernel, padding=kernel // 2)

    def forward(self, hidden: Tensor, motion: Tensor, trend: Tensor, time: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """hidden [batch, hidden, rows, columns], motion and trend [batch, 18, rows / 2, columns / 2] -> the same"""
        warped, motion, trend = self.unit(self.encode(hidden), motion, trend, time)
        moved = self.decode(warped)
        gate = torch.sigmoid(self.gate(torch.cat((moved, hidden), dim=1)))
        return torch.lerp(hidden, moved, gate), motion, trend
