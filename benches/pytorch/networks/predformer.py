"""PredFormer (Tang et al., 2024, arXiv:2410.04733), arrangement Quadruplet-TSST."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .clip import Clip


class Layer(nn.Module):
    """Attention and a gated feed-forward branch, each normalized and added to its input."""

    def __init__(self, width: int, heads: int, head: int, ratio: int):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * heads * head, bias=False)
        self.project = nn.Linear(heads * head, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.gate = nn.Linear(width, ratio * width)
        self.value = nn.Linear(width, ratio * width)
        self.contract = nn.Linear(ratio * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[groups, tokens, width] -> the same"""
        query, key, value = self.qkv(self.attention_norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(query, key, value)
        x = x + self.project(found.transpose(1, 2).flatten(2))
        normalized = self.mlp_norm(x)
        return x + self.contract(F.silu(self.gate(normalized)) * self.value(normalized))


class Transformer(nn.Module):
    """Layers, and a normalization at the end."""

    def __init__(self, depth: int, *sizes: int):
        super().__init__()
        self.layers = nn.ModuleList(Layer(*sizes) for _ in range(depth))
        self.norm = nn.LayerNorm(sizes[0])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class PredFormer(nn.Module):
    """Six blocks of transformers over time, space, space and time."""

    def __init__(
        self,
        patch: int = 8,
        width: int = 256,
        heads: int = 8,
        head: int = 32,
        ratio: int = 4,
        blocks: int = 6,
        depth: int = 1,
    ):
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(patch**2, width)
        block = lambda: nn.ModuleList(Transformer(depth, width, heads, head, ratio) for _ in range(4))
        self.blocks = nn.ModuleList(block() for _ in range(blocks))
        self.head_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, patch**2)

    def forward(self, past: Tensor) -> Tensor:
        """[batch, T, 1, height, width] -> the same"""
        patches = F.pixel_unshuffle(past, self.patch)
        batch, times, _, rows, columns = patches.shape
        tokens = self.embed(patches.flatten(3).transpose(2, 3).flatten(1, 2))
        tokens = tokens + positions(tokens.shape[1], tokens.shape[2], tokens.device)
        x = tokens.unflatten(1, (times, rows * columns))
        for first, second, third, fourth in self.blocks:
            x = along_time(first, x)
            x = third(second(x.flatten(0, 1))).unflatten(0, (batch, times))
            x = along_time(fourth, x)
        frames = self.head(self.head_norm(x)).transpose(2, 3).unflatten(3, (rows, columns))
        return F.pixel_shuffle(frames, self.patch)

    def loss(self, clip: Clip) -> Tensor:
        return F.mse_loss(self(clip.past), clip.future)


def along_time(transformer: Transformer, x: Tensor) -> Tensor:
    """[batch, time, places, width] -> the same"""
    by_place = x.transpose(1, 2)
    return transformer(by_place.flatten(0, 1)).unflatten(0, by_place.shape[:2]).transpose(1, 2)


def positions(tokens: int, width: int, device: torch.device) -> Tensor:
    """Sines and cosines of the number of a token, [tokens, width]."""
    channel = torch.arange(width, device=device)
    frequency = 10_000.0 ** (-(channel - channel % 2) / width)
    angle = torch.arange(tokens, device=device)[:, None] * frequency
    return torch.where(channel % 2 == 0, torch.sin(angle), torch.cos(angle))
