"""STLight (Alfarano et al., WACV 2025, arXiv:2411.10198)."""

import torch.nn.functional as F
from torch import Tensor, nn

from .clip import Clip
from .objective import forecast_loss


class Mixer(nn.Module):
    """Two depthwise convolutions with a shortcut, then a 1x1 convolution without one."""

    def __init__(self, width: int, kernel: int, dilated_kernel: int):
        super().__init__()
        reach = 3 * (dilated_kernel - 1) // 2
        self.depthwise = nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width)
        self.dilated = nn.Conv2d(width, width, dilated_kernel, padding=reach, dilation=3, groups=width)
        self.spatial_norm = nn.BatchNorm2d(width)
        self.pointwise = nn.Conv2d(width, width, 1)
        self.channel_norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, width, rows, columns] -> the same"""
        x = x + self.spatial_norm(F.gelu(self.dilated(self.depthwise(x))))
        return self.channel_norm(F.gelu(self.pointwise(x)))


class STLight(nn.Module):
    """Patches of all past frames stacked, mixers, pixels of all future frames."""

    def __init__(
        self, past: int, future: int, width: int, depth: int, patch: int = 2, kernel: int = 3, dilated_kernel: int = 7
    ):
        super().__init__()
        self.patch = patch
        self.embed = nn.Conv2d(past, width, patch, stride=patch)
        self.embed_norm = nn.BatchNorm2d(width)
        self.mixers = nn.ModuleList(Mixer(width, kernel, dilated_kernel) for _ in range(depth))
        self.reassemble = nn.Conv2d(width // patch**2, future, 1)

    def forward(self, past: Tensor) -> Tensor:
        """[batch, T, 1, height, width] -> [batch, T', 1, height, width]"""
        x = F.gelu(self.embed_norm(self.embed(past.flatten(1, 2))))
        store, add = len(self.mixers) // 3, 2 * len(self.mixers) // 3
        for index, mixer in enumerate(self.mixers):
            if index == store:
                stored = x
            if index == add:
                x = x + stored
            x = mixer(x)
        return self.reassemble(F.pixel_shuffle(x, self.patch)).unsqueeze(2)

    def loss(self, clip: Clip) -> Tensor:
        return forecast_loss(self(clip.past), clip.future)
