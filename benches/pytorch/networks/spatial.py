"""SimVP's encoder and decoder of frames (Gao et al., CVPR 2022, arXiv:2206.05099)."""

import torch.nn.functional as F
from torch import Tensor, nn


class ConvBlock(nn.Module):
    """Convolution, group normalization in two groups, SiLU; halves or doubles height and width if told to."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, upsample: bool = False):
        super().__init__()
        self.upsample = upsample
        self.conv = nn.Conv2d(channels_in, (4 if upsample else 1) * channels_out, 3, stride, padding=1)
        self.norm = nn.GroupNorm(2, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, channels_in, height, width] -> [batch, channels_out, height, width], halved or doubled"""
        x = self.conv(x)
        if self.upsample:
            x = F.pixel_shuffle(x, 2)
        return F.silu(self.norm(x))


class Encoder(nn.Module):
    """Every second block halves height and width."""

    def __init__(self, frame_channels: int, channels: int, depth: int):
        super().__init__()
        self.blocks = nn.ModuleList(
            ConvBlock(channels if layer else frame_channels, channels, stride=1 + layer % 2) for layer in range(depth)
        )

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """[frames, frame_channels, height, width] -> latents [frames, channels, height / s, width / s] and the features
        of the first block [frames, channels, height, width]"""
        features = self.blocks[0](frames)
        latents = features
        for block in self.blocks[1:]:
            latents = block(latents)
        return latents, features


class Decoder(nn.Module):
    """Every second block doubles height and width; the last one also sees the encoder's features."""

    def __init__(self, frame_channels: int, channels: int, depth: int):
        super().__init__()
        self.blocks = nn.ModuleList(ConvBlock(channels, channels, upsample=layer % 2 == 0) for layer in range(depth))
        self.readout = nn.Conv2d(channels, frame_channels, 1)

    def forward(self, latents: Tensor, features: Tensor) -> Tensor:
        """Shapes are those of `Encoder.forward`, backwards."""
        for block in self.blocks[:-1]:
            latents = block(latents)
        return self.readout(self.blocks[-1](latents + features))
