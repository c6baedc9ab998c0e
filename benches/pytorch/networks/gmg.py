"""GMG-L (arXiv:2503.11297): PredRNN's stack with global focus, self-attention memory and guided motion."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import predrnn
from .motion import MotionPath
from .recurrent import Recurrent, zeros


class GlobalFocus(nn.Module):
    """Mixes the hidden state with a summary of the whole input and scales it with features at three sizes."""

    def __init__(self, channels_in: int, hidden: int):
        super().__init__()
        self.extract = nn.Conv2d(channels_in, hidden, 3, padding=1)
        self.summarize = nn.Linear(hidden, hidden)
        self.gate = nn.Conv2d(2 * hidden, hidden, 3, padding=1)
        self.scales = nn.ModuleList(nn.Conv2d(channels_in, hidden, size, padding=size // 2) for size in (1, 3, 5))

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        """x [batch, channels_in, rows, columns], hidden [batch, hidden, rows, columns] -> the same as hidden"""
        summary = F.relu(self.summarize(F.relu(self.extract(x)).mean((2, 3))))
        summary = summary[:, :, None, None].expand_as(hidden)
        gate = torch.sigmoid(self.gate(torch.cat((hidden, summary), dim=1)))
        one, three, five = (scale(x) for scale in self.scales)
        return torch.lerp(summary, hidden, gate) * (one + three + five)


class AttentionMemory(nn.Module):
    """Self-attention over the hidden state and the memory (SA-ConvLSTM); queries and keys are not scaled."""

    def __init__(self, hidden: int, attention: int):
        super().__init__()
        self.hidden_sizes = (attention, attention, hidden)
        self.memory_sizes = (attention, hidden)
        self.from_hidden = nn.Conv2d(hidden, sum(self.hidden_sizes), 1)
        self.from_memory = nn.Conv2d(hidden, sum(self.memory_sizes), 1)
        self.join = nn.Conv2d(2 * hidden, 2 * hidden, 1)
        self.gates = nn.Conv2d(3 * hidden, 3 * hidden, 1)

    def forward(self, hidden: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Both [batch, hidden, rows, columns] -> the new hidden state and memory"""
        query, key, value = self.from_hidden(hidden).flatten(2).split(self.hidden_sizes, dim=1)
        memory_key, memory_value = self.from_memory(memory).flatten(2).split(self.memory_sizes, dim=1)
        query = query.transpose(1, 2)
        attended = torch.cat((attend(query, key, value), attend(query, memory_key, memory_value)), dim=1)
        attended = self.join(attended.unflatten(2, hidden.shape[2:]))
        output, candidate, enter = self.gates(torch.cat((attended, hidden), dim=1)).chunk(3, dim=1)
        memory = torch.lerp(memory, torch.tanh(candidate), torch.sigmoid(enter))
        return torch.sigmoid(output) * memory, memory


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """query [batch, tokens, a], key [batch, a, tokens], value [batch, channels, tokens] -> as value"""
    weights = torch.softmax(torch.bmm(query, key), dim=2)
    return torch.bmm(value, weights.transpose(1, 2))


class Cell(nn.Module):
    """ST-LSTM with global focus, self-attention memory and motion highway."""

    def __init__(self, channels_in: int, hidden: int, kernel: int, attention: int):
        super().__init__()
        self.lstm = predrnn.Cell(channels_in, hidden, kernel)
        self.focus = GlobalFocus(channels_in, hidden)
        self.attention = AttentionMemory(hidden, attention)

    def forward(self, x: Tensor, hidden: Tensor, cell: Tensor, memory: Tensor, highway: Tensor):
        """All states are [batch, hidden, rows, columns]; returns hidden (also the next highway), cell, memory."""
        hidden, cell, memory, output = self.lstm.step(x, hidden, cell, memory)
        hidden, memory = self.attention(self.focus(x, hidden), memory)
        return torch.addcmul(hidden, 1.0 - output, highway), cell, memory


class GMG(Recurrent):
    """Four cells of 128 channels, filters of 5x5, patches of 4x4, attention of 32 channels; initial states are zero and
    trends decay with the number of the frame."""

    def __init__(
        self, future: int, layers: int = 4, hidden: int = 128, kernel: int = 5, patch: int = 4, attention: int = 32
    ):
        super().__init__(future, patch)
        self.hidden = hidden
        self.cells = nn.ModuleList(
            Cell(hidden if layer else patch**2, hidden, kernel, attention) for layer in range(layers)
        )
        self.motions = nn.ModuleList(MotionPath(hidden, kernel) for _ in range(layers - 1))
        self.highway = nn.Conv2d(patch**2, hidden, 1, bias=False)
        self.readout = nn.Conv2d(hidden, patch**2, 1, bias=False)

    def first_state(self, frame: Tensor):
        empty, still = zeros(frame, self.hidden), zeros(frame, 18, shrink=2)
        time = torch.zeros((), device=frame.device)
        return [(empty, empty) for _ in self.cells], [(still, still) for _ in self.motions], empty, time

    def advance(self, frame: Tensor, state):
        layers, motions, memory, time = state
        x, highway = frame, self.highway(frame)
        next_layers, next_motions = [], []
        for index, (layer, (hidden, cell)) in enumerate(zip(self.cells, layers)):
            x, cell, memory = layer(x, hidden, cell, memory, highway)
            highway = x
            if index < len(self.motions):
                x, *motion = self.motions[index](x, *motions[index], time)
                next_motions.append(motion)
            next_layers.append((x, cell))
        return self.readout(x), (next_layers, next_motions, memory, time + 1.0)

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        for motion in self.motions:
            motion.compile(*args, **kwargs)
