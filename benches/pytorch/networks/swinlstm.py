"""SwinLSTM (Tang et al., ICCV 2023, arXiv:2308.09891) in the form of OpenSTL, without the layers that OpenSTL allocates and
never runs."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .recurrent import Recurrent


class WindowAttention(nn.Module):
    """Attention within windows, shifted or not, with a bias for each distance."""

    def __init__(self, width: int, heads: int, edge: int, shift: int, size: int):
        super().__init__()
        self.heads, self.edge, self.shift = heads, edge, shift
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.table = nn.Parameter(torch.zeros((2 * edge - 1) ** 2, heads))
        place = torch.stack(torch.meshgrid(torch.arange(edge), torch.arange(edge), indexing="ij")).flatten(1)
        distance = place[:, :, None] - place[:, None, :] + edge - 1
        self.register_buffer("distance", distance[0] * (2 * edge - 1) + distance[1], persistent=False)
        mask = None
        if shift:
            part = (torch.arange(size) >= size - shift).int()
            part = self.windows((2 * part[:, None] + part[None, :]).reshape(1, size, size, 1)).squeeze(-1)
            mask = torch.where(part[:, None, :] == part[:, :, None], 0.0, -100.0)
        self.register_buffer("mask", mask, persistent=False)

    def windows(self, image: Tensor) -> Tensor:
        """[batch, rows, columns, channels] -> [windows of all, positions, channels]"""
        batch, rows, columns, channels = image.shape
        cut = image.reshape(batch, rows // self.edge, self.edge, columns // self.edge, self.edge, channels)
        return cut.transpose(2, 3).reshape(-1, self.edge**2, channels)

    def forward(self, x: Tensor) -> Tensor:
        batch, rows, columns, width = x.shape
        x = torch.roll(x, (-self.shift, -self.shift), (1, 2)) if self.shift else x
        windows = self.windows(x)
        query, key, value = (
            self.qkv(windows).unflatten(-1, (3, self.heads, width // self.heads)).permute(2, 0, 3, 1, 4)
        )
        bias = self.table[self.distance].permute(2, 0, 1)
        if self.mask is not None:
            bias = (bias + self.mask[:, None]).repeat(batch, 1, 1, 1)
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        found = self.proj(found.transpose(1, 2).flatten(2))
        cut = found.reshape(batch, rows // self.edge, columns // self.edge, self.edge, self.edge, width)
        x = cut.transpose(2, 3).reshape(batch, rows, columns, width)
        return torch.roll(x, (self.shift, self.shift), (1, 2)) if self.shift else x


class Block(nn.Module):
    """Attention within windows and a feed-forward branch; some read a second image."""

    def __init__(self, width: int, heads: int, edge: int, size: int, index: int, drop_path: float):
        super().__init__()
        self.drop_path = drop_path
        shift = edge // 2 if index % 2 and size > edge else 0
        self.norm1 = nn.LayerNorm(width)
        self.attn = WindowAttention(width, heads, min(edge, size), shift, size)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.red = nn.Linear(2 * width, width) if index % 2 == 0 else None

    def forward(self, x: Tensor, second: Tensor) -> Tensor:
        normalized = self.norm1(x)
        if self.red is not None:
            normalized = self.red(torch.cat((normalized, self.norm1(second)), dim=-1))
        x = x + self.kept(self.attn(normalized))
        return x + self.kept(self.mlp(self.norm2(x)))

    def kept(self, branch: Tensor) -> Tensor:
        if not self.training or not self.drop_path:
            return branch
        keep = 1.0 - self.drop_path
        return branch * (torch.empty(len(branch), 1, 1, 1, device=branch.device).bernoulli_(keep) / keep)


class Cell(nn.Module):
    """An LSTM cell with one gate, whose products are blocks of attention."""

    def __init__(self, width: int, heads: int, edge: int, size: int, drop_paths: list[float]):
        super().__init__()
        blocks = (Block(width, heads, edge, size, index, drop) for index, drop in enumerate(drop_paths))
        self.STBs = nn.ModuleList(blocks)

    def forward(self, x: Tensor, hidden: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        features, second = x, hidden
        for block in self.STBs:
            features, second = block(features, second), x
        gate = torch.sigmoid(features)
        memory = gate * (memory + torch.tanh(features))
        return gate * torch.tanh(memory), memory


class Merge(nn.Module):
    """Halves height and width, and doubles the channels."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, rows, columns, width = x.shape
        x = x.reshape(batch, rows // 2, 2, columns // 2, 2, width).permute(0, 1, 3, 4, 2, 5)
        return self.reduction(self.norm(x.reshape(batch, rows // 2, columns // 2, 4 * width)))


class Expand(nn.Module):
    """Doubles height and width, and halves the channels."""

    def __init__(self, width: int):
        super().__init__()
        self.expand = nn.Linear(width, 2 * width, bias=False)
        self.norm = nn.LayerNorm(width // 2)

    def forward(self, x: Tensor) -> Tensor:
        batch, rows, columns, width = x.shape
        x = self.expand(x).reshape(batch, rows, columns, 2, 2, width // 2).permute(0, 1, 3, 2, 4, 5)
        return self.norm(x.reshape(batch, 2 * rows, 2 * columns, width // 2))


class SwinLSTM(Recurrent):
    """SwinLSTM-D: cells of 2 and 6 blocks on the way down, of 6 and 2 on the way up, windows of 4x4."""

    def __init__(
        self,
        future: int,
        size: int = 64,
        width: int = 128,
        window: int = 4,
        down: tuple[int, ...] = (2, 6),
        up: tuple[int, ...] = (6, 2),
        heads: tuple[int, ...] = (4, 8),
        drop_path: float = 0.1,
    ):
        super().__init__(future, 1)
        self.scales, self.width, image = len(down), width, size // 2
        self.proj = nn.Conv2d(1, width, 2, stride=2)
        self.norm = nn.LayerNorm(width)

        def cell(scale: int, halvings: int, drop_paths: list[float]) -> Cell:
            return Cell(width << halvings, heads[scale], window, image >> halvings, drop_paths)

        downs, ups = shares(down, drop_path), shares(up, drop_path)
        cells = [cell(scale, scale, drops) for scale, drops in enumerate(downs)]
        cells += [cell(scale, scale + 1, drops[::-1]) for scale, drops in reversed(list(enumerate(ups)))]
        self.cells = nn.ModuleList(cells)
        self.merges = nn.ModuleList(Merge(width << scale) for scale in range(self.scales))
        self.expansions = nn.ModuleList(Expand(width << scale) for scale in range(self.scales, 0, -1))
        self.last = nn.ConvTranspose2d(width, 1, 3, 2, padding=1, output_padding=1)

    def first_state(self, frame: Tensor):
        batch, _, rows, columns = frame.shape
        halvings = [*range(self.scales), *range(self.scales, 0, -1)]
        states = []
        for times in halvings:
            empty = frame.new_zeros(batch, rows >> (times + 1), columns >> (times + 1), self.width << times)
            states.append((empty, empty))
        return states

    def advance(self, frame: Tensor, state):
        x, after = self.norm(self.proj(frame).permute(0, 2, 3, 1)), []
        for index, (cell, (hidden, memory)) in enumerate(zip(self.cells, state)):
            x, memory = cell(x, hidden, memory)
            after.append((x, memory))
            x = self.merges[index](x) if index < self.scales else self.expansions[index - self.scales](x)
        return torch.sigmoid(self.last(x.permute(0, 3, 1, 2))), after


def shares(depths: tuple[int, ...], last: float) -> list[list[float]]:
    """Probabilities of dropping a path, evenly spaced over all blocks, cell by cell."""
    values = iter(torch.linspace(0, last, sum(depths)).tolist())
    return [[next(values) for _ in range(depth)] for depth in depths]
