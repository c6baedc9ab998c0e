"""What ConvLSTM, PredRNN and GMG share: patches, the loop over frames, the loss."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .clip import Clip


class Recurrent(nn.Module):
    """A stack of cells that predicts the next frame from the frames so far, all frames cut into patches."""

    def __init__(self, future: int, patch: int):
        super().__init__()
        self.future = future
        self.patch = patch

    def first_state(self, frame: Tensor):
        """The state before the first frame."""
        raise NotImplementedError

    def advance(self, frame: Tensor, state):
        """frame [batch, patch², rows, columns] -> the next one and the next state"""
        raise NotImplementedError

    def unroll(self, past: Tensor, future: Tensor | None = None, shown: Tensor | None = None) -> Tensor:
        """Predictions of all frames but the first, [batch, T + T' - 1, patch², rows, columns].

        Where `shown` says so the true frame of `future` follows, else the prediction.
        """
        observed = self.patches(past)
        truth = None if future is None else self.patches(future)
        state = self.first_state(observed[0])
        predictions = []
        for time in range(len(observed) + self.future - 1):
            hidden = time - len(observed)
            if hidden < 0:
                frame = observed[time]
            elif truth is None:
                frame = predictions[-1]
            else:
                frame = torch.where(shown[:, hidden, None, None, None], truth[hidden], predictions[-1])
            prediction, state = self.advance(frame, state)
            predictions.append(prediction)
        return torch.stack(predictions, dim=1)

    def forward(self, past: Tensor) -> Tensor:
        """[batch, T, 1, height, width] -> [batch, T', 1, height, width]"""
        return F.pixel_shuffle(self.unroll(past)[:, -self.future :], self.patch)

    def loss(self, clip: Clip) -> Tensor:
        """Mean squared error of all predictions, those of observed frames included."""
        truth = F.pixel_unshuffle(torch.cat((clip.past[:, 1:], clip.future), dim=1), self.patch)
        return F.mse_loss(self.unroll(*clip), truth)

    def patches(self, frames: Tensor) -> list[Tensor]:
        """[batch, time, 1, height, width] -> for each time [batch, patch², rows, columns] in the weights' layout"""
        layout = memory_format(self)
        return [frame.contiguous(memory_format=layout) for frame in F.pixel_unshuffle(frames, self.patch).unbind(1)]

    def compile(self, *args, **kwargs):
        """Compiles the cells, as PyTorch recommends for repeated parts: the graph of all steps would take minutes."""
        for cell in self.cells:
            cell.compile(*args, **kwargs)


def memory_format(module: nn.Module) -> torch.memory_format:
    """The layout of the module's convolution weights."""
    weight = next(parameter for parameter in module.parameters() if parameter.ndim == 4)
    channels_last = weight.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if channels_last else torch.contiguous_format


def zeros(frame: Tensor, channels: int, shrink: int = 1) -> Tensor:
    """An empty state for `frame`: [batch, channels, rows / shrink, columns / shrink] in its layout."""
    batch, _, rows, columns = frame.shape
    channels_last = frame.is_contiguous(memory_format=torch.channels_last)
    return torch.zeros(
        (batch, channels, rows // shrink, columns // shrink), dtype=frame.dtype, device=frame.device
    ).contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)


def lstm_gates(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """gates [batch, 4 * channels, rows, columns]: input, forget, output, candidate -> the new cell and hidden state

    Sigmoids stand together so that one kernel computes them.
    """
    channels = cell.shape[1]
    sigmoids, candidate = gates.split((3 * channels, channels), dim=1)
    enter, forget, output = torch.sigmoid(sigmoids).chunk(3, dim=1)
    cell = torch.addcmul(forget * cell, enter, torch.tanh(candidate))
    return cell, output * torch.tanh(cell)


def memory_gates(gates: Tensor, memory: Tensor) -> Tensor:
    """gates [batch, 3 * channels, rows, columns]: input, forget (plus 1), candidate -> the new memory"""
    enter, forget, candidate = gates.chunk(3, dim=1)
    kept = torch.sigmoid(forget + 1.0) * memory
    return torch.addcmul(kept, torch.sigmoid(enter), torch.tanh(candidate))
