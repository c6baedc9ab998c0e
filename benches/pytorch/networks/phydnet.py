"""PhyDNet (Le Guen and Thome, CVPR 2020, arXiv:2003.01460) in the form of OpenSTL, without the pictures of each branch that
OpenSTL decodes in every step."""

from math import factorial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .clip import Clip
from .recurrent import Recurrent, lstm_gates, zeros

ORDER = 7


def down(channels_in: int, channels: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1)
    return nn.Sequential(convolution, nn.GroupNorm(16, channels), nn.LeakyReLU(0.2, inplace=True))


def up(channels_in: int, channels: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(channels_in, channels, 3, stride, padding=1, output_padding=stride - 1)
    return nn.Sequential(convolution, nn.GroupNorm(16, channels), nn.LeakyReLU(0.2, inplace=True))


class PhyCell(nn.Module):
    """Convolutions that are drawn towards partial derivatives, corrected by what is observed."""

    def __init__(self, width: int):
        super().__init__()
        self.derivatives = nn.Conv2d(width, ORDER**2, ORDER, padding=ORDER // 2)
        self.norm = nn.GroupNorm(ORDER, ORDER**2)
        self.combination = nn.Conv2d(ORDER**2, width, 1)
        self.gain = nn.Conv2d(2 * width, width, 3, padding=1)

    def forward(self, observed: Tensor, state: Tensor) -> Tensor:
        gain = torch.sigmoid(self.gain(torch.cat((observed, state), dim=1)))
        predicted = state + self.combination(self.norm(self.derivatives(state)))
        return torch.lerp(predicted, observed, gain)


class PhyDNet(Recurrent):
    """A latent image of 64 channels, three LSTM cells of 128, 128 and 64."""

    def __init__(self, future: int, width: int = 32, widths: tuple[int, ...] = (128, 128, 64), patch: int = 4):
        super().__init__(future, 1)
        latent, last = 2 * width, patch // 2
        self.latent, self.widths, self.shrink = latent, widths, patch
        self.encoder = nn.Sequential(down(1, width, 2), down(width, width), down(width, latent, last))
        self.encode_physical = nn.Sequential(down(latent, latent), down(latent, latent))
        self.encode_residual = nn.Sequential(down(latent, latent), down(latent, latent))
        self.physical = PhyCell(latent)
        inputs = (latent, *widths)
        self.cells = nn.ModuleList(nn.Conv2d(a + b, 4 * b, 3, padding=1) for a, b in zip(inputs, widths))
        self.decode_physical = nn.Sequential(up(latent, latent), up(latent, latent))
        self.decode_residual = nn.Sequential(up(latent, latent), up(latent, latent))
        final = nn.ConvTranspose2d(width, 1, 3, last, padding=1, output_padding=last - 1)
        self.decoder = nn.Sequential(up(latent, width, 2), up(width, width), final)
        powers = torch.arange(ORDER, dtype=torch.float64) - ORDER // 2
        moments = torch.stack([powers**order / factorial(order) for order in range(ORDER)])
        self.register_buffer("moments", moments, persistent=False)

    def first_state(self, frame: Tensor):
        state = [(empty, empty) for empty in (zeros(frame, width, self.shrink) for width in self.widths)]
        return zeros(frame, self.latent, self.shrink), state

    def advance(self, frame: Tensor, state):
        physical, states = state
        latent = self.encoder(frame)
        physical = self.physical(self.encode_physical(latent), physical)
        x, after = self.encode_residual(latent), []
        for gates, (memory, hidden) in zip(self.cells, states):
            memory, x = lstm_gates(gates(torch.cat((x, hidden), dim=1)), memory)
            after.append((memory, x))
        decoded = self.decode_physical(physical) + self.decode_residual(x)
        return torch.sigmoid(self.decoder(decoded)), (physical, after)

    def loss(self, clip: Clip) -> Tensor:
        """The sum over all predictions of their errors, and of how far filters are from partial derivatives."""
        truth = torch.cat((clip.past[:, 1:], clip.future), dim=1)
        kernels = self.physical.derivatives.weight.double()
        moments = torch.einsum("ku,lv,oiuv->iokl", self.moments, self.moments, kernels)
        wanted = torch.eye(ORDER**2, dtype=moments.dtype, device=moments.device).reshape(ORDER**2, ORDER, ORDER)
        far = (moments - wanted).square().mean(dim=(1, 2, 3)).sum().float()
        return F.mse_loss(self.unroll(*clip), truth) * truth.shape[1] + far
