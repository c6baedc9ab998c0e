"""MAU (Chang et al., NeurIPS 2021) in the form of OpenSTL, without the convolutions that OpenSTL allocates and never runs."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .recurrent import Recurrent, zeros


def norm_conv(channels: int, outputs: int, kernel: int, image: tuple[int, int]) -> nn.Sequential:
    convolution = nn.Conv2d(channels, outputs * channels, kernel, padding=kernel // 2)
    return nn.Sequential(convolution, nn.LayerNorm([outputs * channels, *image]))


class Cell(nn.Module):
    """Attends to the stored states that resemble the frame."""

    def __init__(self, width: int, kernel: int, image: tuple[int, int]):
        super().__init__()
        self.conv_t = norm_conv(width, 3, kernel, image)
        self.conv_t_next = norm_conv(width, 1, kernel, image)
        self.conv_s = norm_conv(width, 3, kernel, image)
        self.conv_s_next = norm_conv(width, 1, kernel, image)

    def forward(self, spatial: Tensor, temporal: Tensor, times: Tensor, spaces: Tensor) -> tuple[Tensor, Tensor]:
        """times, spaces: [recalled, batch, width, rows, columns]"""
        query = self.conv_s_next(spatial)
        scores = (spaces * query).sum(dim=(2, 3, 4)) / query[0].numel() ** 0.5
        weights = torch.softmax(scores, dim=0)
        trend = torch.einsum("jb,jbchw->bchw", weights, times)
        fused = torch.lerp(trend, temporal, torch.sigmoid(self.conv_t_next(temporal)))
        gate_t, own_t, other_t = self.conv_t(fused).chunk(3, dim=1)
        gate_s, own_s, other_s = self.conv_s(spatial).chunk(3, dim=1)
        temporal = torch.lerp(own_s, own_t, torch.sigmoid(gate_t))
        return temporal, torch.lerp(other_t, other_s, torch.sigmoid(gate_s))


class MAU(Recurrent):
    """Four cells of 64 channels above a latent image of a quarter of the size, filters of 5x5, five states recalled."""

    def __init__(
        self,
        future: int,
        size: int = 64,
        layers: int = 4,
        width: int = 64,
        kernel: int = 5,
        halvings: int = 2,
        recalled: int = 5,
    ):
        super().__init__(future, 1)
        self.width, self.recalled, self.shrink = width, recalled, 2**halvings
        image = (size // self.shrink, size // self.shrink)
        self.first = nn.Conv2d(1, width, 1)
        self.encoders = nn.ModuleList(nn.Conv2d(width, width, 3, stride=2, padding=1) for _ in range(halvings))
        self.cells = nn.ModuleList(Cell(width, kernel, image) for _ in range(layers))
        self.decoders = nn.ModuleList(
            nn.ConvTranspose2d(width, width, 3, stride=2, padding=1, output_padding=1) for _ in range(halvings)
        )
        self.last = nn.Conv2d(width, 1, 1)

    def first_state(self, frame: Tensor):
        empty = zeros(frame, self.width, self.shrink)
        return [([empty] * self.recalled, [empty] * self.recalled) for _ in self.cells]

    def advance(self, frame: Tensor, state):
        x = F.leaky_relu(self.first(frame), 0.2)
        for encoder in self.encoders:
            x = F.leaky_relu(encoder(x), 0.2)
        states = []
        for cell, (times, spaces) in zip(self.cells, state):
            temporal, following = cell(x, times[-1], torch.stack(times), torch.stack(spaces))
            states.append((times[1:] + [temporal], spaces[1:] + [x]))
            x = following
        for number, decoder in enumerate(self.decoders):
            x = decoder(x)
            if number + 1 < len(self.decoders):
                x = F.leaky_relu(x, 0.2)
        return self.last(x), states
