"""E3D-LSTM (Wang et al., ICLR 2019) in the form of OpenSTL, without the convolution of a memory that is always zero.

A kernel over two slices that yields one is a convolution of twice as many channels: that is what runs here, because it is
faster. Both slices of its output are equal, so each is computed once.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .clip import Clip
from .recurrent import Recurrent, zeros


def slices(image: Tensor) -> Tensor:
    """[batch, channels, rows, columns] -> [batch, channels, 2, rows, columns], twice the same"""
    return image.unsqueeze(2).expand(-1, -1, 2, -1, -1)


class Gates(nn.Module):
    """[batch, channels, 2, rows, columns] -> [batch, outputs, rows, columns]"""

    def __init__(self, channels: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, channels, 2, 5, 5))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, volume: Tensor, outputs: int | None = None) -> Tensor:
        """Only the first `outputs` channels where it is given."""
        return F.conv2d(volume.flatten(1, 2), self.weight[:outputs].flatten(1, 2), padding=2)


class Cell(nn.Module):
    """A spatio-temporal LSTM whose forget gate is a look at all earlier cells."""

    def __init__(self, channels_in: int, hidden: int, image: tuple[int, int]):
        super().__init__()
        self.hidden = hidden
        self.x = Gates(channels_in, 7 * hidden)
        self.h = Gates(hidden, 4 * hidden)
        self.new_cell = Gates(hidden, hidden)
        self.new_memory = Gates(hidden, hidden)
        self.norm = nn.LayerNorm([hidden, 2, *image])
        self.mix = nn.Conv2d(2 * hidden, hidden, 1, bias=False)

    def forward(self, x: Tensor, hidden: Tensor, history: list[Tensor]) -> tuple[Tensor, Tensor]:
        # The last gate of the input would keep what the memory held, which is zero.
        of_x, of_h = self.x(x, 6 * self.hidden), self.h(hidden)
        enter, candidate, query, output = (of_x[:, : 4 * self.hidden] + of_h).chunk(4, dim=1)
        enter_memory, candidate_memory = of_x[:, 4 * self.hidden :].chunk(2, dim=1)
        recalled = self.recall(slices(torch.sigmoid(query)), history)
        fresh = torch.sigmoid(enter) * torch.tanh(candidate)
        cell = self.norm(history[-1] + recalled) + fresh.unsqueeze(2)
        memory = torch.sigmoid(enter_memory) * torch.tanh(candidate_memory)
        output = torch.tanh(output + self.new_cell(cell) + self.new_memory(slices(memory)))
        both = torch.cat((cell, slices(memory)), dim=1)
        mixed = self.mix(both.flatten(2, 3)).reshape(cell.shape)
        return torch.tanh(mixed) * torch.sigmoid(output).unsqueeze(2), cell

    def recall(self, query: Tensor, history: list[Tensor]) -> Tensor:
        """Positions of a query look at all of the earlier cells, read in the order in which they lie in memory."""
        keys = torch.cat([cell.reshape(len(cell), -1, self.hidden) for cell in history], dim=1)
        rows = query.reshape(len(query), -1, self.hidden)
        return (torch.softmax(rows @ keys.transpose(1, 2), dim=-1) @ keys).reshape(query.shape)


class E3DLSTM(Recurrent):
    """Four cells of 128 channels, patches of 4x4."""

    def __init__(self, future: int, size: int = 64, layers: int = 4, hidden: int = 128, patch: int = 4):
        super().__init__(future, patch)
        image = (size // patch, size // patch)
        self.hidden = hidden
        self.cells = nn.ModuleList(Cell(hidden if layer else patch**2, hidden, image) for layer in range(layers))
        self.readout = nn.Conv2d(2 * hidden, patch**2, 1, bias=False)

    def first_state(self, frame: Tensor):
        empty = slices(zeros(frame, self.hidden))
        return torch.zeros_like(frame), [(empty, [empty]) for _ in self.cells]

    def advance(self, frame: Tensor, state):
        previous, states = state
        x, after = torch.stack((previous, frame), dim=2), []
        for cell, (hidden, history) in zip(self.cells, states):
            x, newest = cell(x, hidden, history)
            after.append((x, history + [newest]))
        return self.readout(x.flatten(1, 2)), (frame, after)

    def loss(self, clip: Clip) -> Tensor:
        """Mean squared plus mean absolute error of all predictions."""
        truth = F.pixel_unshuffle(torch.cat((clip.past[:, 1:], clip.future), dim=1), self.patch)
        predictions = self.unroll(*clip)
        return F.mse_loss(predictions, truth) + F.l1_loss(predictions, truth)
