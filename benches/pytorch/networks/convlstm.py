"""ConvLSTM (Shi et al., NeurIPS 2015, arXiv:1506.04214) in the form of OpenSTL, without the convolutions that OpenSTL
allocates and never runs."""

import torch
from torch import Tensor, nn

from .recurrent import Recurrent, lstm_gates, zeros


class Cell(nn.Module):
    """One convolution of input and hidden state yields all gates."""

    def __init__(self, channels_in: int, hidden: int, kernel: int):
        super().__init__()
        self.conv = nn.Conv2d(channels_in + hidden, 4 * hidden, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        return lstm_gates(self.conv(torch.cat((x, hidden), dim=1)), cell)


class ConvLSTM(Recurrent):
    """Four cells of 128 channels, filters of 5x5, patches of 4x4."""

    def __init__(self, future: int, layers: int = 4, hidden: int = 128, kernel: int = 5, patch: int = 4):
        super().__init__(future, patch)
        self.hidden = hidden
        self.cells = nn.ModuleList(Cell(hidden if layer else patch**2, hidden, kernel) for layer in range(layers))
        self.readout = nn.Conv2d(hidden, patch**2, 1, bias=False)

    def first_state(self, frame: Tensor):
        empty = zeros(frame, self.hidden)
        return [(empty, empty) for _ in self.cells]

    def advance(self, frame: Tensor, state):
        x, states = frame, []
        for layer, (memory, hidden) in zip(self.cells, state):
            memory, x = layer(x, hidden, memory)
            states.append((memory, x))
        return self.readout(x), states
