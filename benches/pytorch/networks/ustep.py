"""USTEP (Tan et al., TPAMI 2025, arXiv:2310.05829) with blocks of TAU, as Foreframe's preset `moving-mnist` defines it."""

import torch
from torch import Tensor, nn

from .blocks import Block
from .clip import Clip
from .objective import forecast_loss
from .spatial import Decoder, Encoder


class USTEP(nn.Module):
    """A recurrence over micro segments of frames and windows of them; predicted segments are fed back as latents."""

    def __init__(
        self,
        past: int,
        future: int,
        channels: int = 64,
        depth: int = 4,
        width: int = 256,
        blocks: int = 6,
        segment: int = 5,
        mlp_ratio: int = 8,
        divergence_weight: float = 0.1,
    ):
        """`segment` frames are a micro segment, the `past` frames a window; it divides both numbers of frames."""
        super().__init__()
        self.segment = segment
        self.window = past // segment
        self.steps = future // segment
        self.divergence_weight = divergence_weight
        self.encoder = Encoder(1, channels, depth)
        self.micro_net = segment_net(segment * channels, width, blocks, mlp_ratio)
        self.macro_net = segment_net(past * channels, width, blocks, mlp_ratio)
        self.macro_gate = nn.Conv2d(width, width, 3, padding=1)
        self.micro_gate = nn.Conv2d(width, width, 3, padding=1)
        self.cross_gate = nn.Conv2d(width, width, 3, padding=1)
        self.head = nn.Conv2d(width, segment * channels, 1)
        self.decoder = Decoder(1, channels, depth)

    def forward(self, past: Tensor) -> Tensor:
        """[batch, T, 1, height, width] -> [batch, T', 1, height, width]"""
        batch, time = past.shape[:2]
        latents, features = self.encoder(past.flatten(0, 1))
        stacked = latents.unflatten(0, (batch, time)).flatten(1, 2)
        segments = list(stacked.chunk(self.window, dim=1))
        macro_state = micro_state = 0.0
        for _ in range(self.steps):
            micro = self.micro_net(segments[-1])
            macro = self.macro_net(torch.cat(segments[-self.window :], dim=1))
            macro_state = macro + torch.sigmoid(self.macro_gate(macro)) * macro_state
            kept = torch.sigmoid(self.micro_gate(micro)) * micro_state
            micro_state = micro + kept + torch.sigmoid(self.cross_gate(micro)) * macro_state
            segments.append(self.head(micro_state))
        predicted = torch.cat(segments[self.window :], dim=1)
        frames = self.steps * self.segment
        # Future frame j is drawn with the features of observed frame j; T' = T here.
        decoded = self.decoder(predicted.unflatten(1, (frames, -1)).flatten(0, 1), features)
        return decoded.unflatten(0, (batch, frames))

    def loss(self, clip: Clip) -> Tensor:
        return forecast_loss(self(clip.past), clip.future, self.divergence_weight)


def segment_net(channels: int, width: int, blocks: int, mlp_ratio: int) -> nn.Module:
    """[batch, channels, height, width] -> [batch, width, height, width]"""
    return nn.Sequential(nn.Conv2d(channels, width, 1), *(Block(width, "temporal", mlp_ratio) for _ in range(blocks)))
