"""What a network learns from."""

from typing import NamedTuple

from torch import Tensor


class Clip(NamedTuple):
    """A batch of training clips.

    past: [batch, T, channels, height, width]
    future: [batch, T', channels, height, width]
    shown: [batch, T' - 1] of bool, scheduled sampling: whether a recurrent network sees this future frame (true) or its
        own prediction of it (false) in the next step
    """

    past: Tensor
    future: Tensor
    shown: Tensor
