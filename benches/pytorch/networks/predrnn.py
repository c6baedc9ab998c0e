"""PredRNN (Wang et al., NeurIPS 2017, arXiv:2103.09504) in the form of OpenSTL."""

import torch
from torch import Tensor, nn

from .recurrent import Recurrent, memory_gates, zeros


class Cell(nn.Module):
    """ST-LSTM: a cell state of its own and a memory that climbs through the layers.

    The convolutions of the input are joined with those of the hidden state and of the memory: the same parameters and
    operations in fewer and larger calls.
    """

    def __init__(self, channels_in: int, hidden: int, kernel: int):
        super().__init__()

        def conv(channels: int, outputs: int) -> nn.Module:
            return nn.Conv2d(channels, outputs, kernel, padding=kernel // 2, bias=False)

        self.hidden_gates = conv(channels_in + hidden, 4 * hidden)
        self.memory_gates = conv(channels_in + hidden, 3 * hidden)
        self.output_gate = conv(2 * hidden, hidden)
        self.mix = nn.Conv2d(2 * hidden, hidden, 1, bias=False)

    def forward(self, x: Tensor, hidden: Tensor, cell: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """All states are [batch, hidden, rows, columns]; returns hidden, cell, memory."""
        hidden, cell, memory, _ = self.step(x, hidden, cell, memory)
        return hidden, cell, memory

    def step(self, x: Tensor, hidden: Tensor, cell: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As `forward`, and the output gate."""
        channels = cell.shape[1]
        gates, output = self.hidden_gates(torch.cat((x, hidden), dim=1)).split((3 * channels, channels), dim=1)
        cell = memory_gates(gates, cell)
        memory = memory_gates(self.memory_gates(torch.cat((x, memory), dim=1)), memory)
        both = torch.cat((cell, memory), dim=1)
        output = torch.sigmoid(output + self.output_gate(both))
        return output * torch.tanh(self.mix(both)), cell, memory, output


class PredRNN(Recurrent):
    """Four cells of 128 channels, filters of 5x5, patches of 4x4."""

    def __init__(self, future: int, layers: int = 4, hidden: int = 128, kernel: int = 5, patch: int = 4):
        super().__init__(future, patch)
        self.hidden = hidden
        self.cells = nn.ModuleList(Cell(hidden if layer else patch**2, hidden, kernel) for layer in range(layers))
        self.readout = nn.Conv2d(hidden, patch**2, 1, bias=False)

    def first_state(self, frame: Tensor):
        empty = zeros(frame, self.hidden)
        return [(empty, empty) for _ in self.cells], empty

    def advance(self, frame: Tensor, state):
        layers, memory = state
        x, states = frame, []
        for layer, (hidden, cell) in zip(self.cells, layers):
            x, cell, memory = layer(x, hidden, cell, memory)
            states.append((x, cell))
        return self.readout(x), (states, memory)
