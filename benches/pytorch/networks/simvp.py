"""SimVP's frame around blocks of attention: TAU and SimVP-gSTA at OpenSTL's sizes for Moving MNIST."""

from torch import Tensor, nn

from .blocks import Block
from .clip import Clip
from .objective import forecast_loss
from .spatial import Decoder, Encoder

# Stochastic depth falls evenly to 0 at the last block: OpenSTL's setting, whatever `drop_path` is.
FIRST_DROP_PATH = 0.01


class SimVP(nn.Module):
    """Encodes frames one by one, translates them stacked on the channel axis, decodes them one by one."""

    def __init__(
        self,
        past: int,
        attention: str,
        divergence_weight: float = 0.0,
        channels: int = 64,
        depth: int = 4,
        width: int = 512,
        blocks: int = 8,
        mlp_ratio: int = 8,
    ):
        super().__init__()
        self.divergence_weight = divergence_weight
        self.encoder = Encoder(1, channels, depth)
        layers = []
        for index in range(blocks):
            layer_in = past * channels if index == 0 else width
            layer_out = past * channels if index == blocks - 1 else width
            drop_path = FIRST_DROP_PATH * (1.0 - index / (blocks - 1))
            layers.append(Block(layer_in, attention, mlp_ratio, drop_path))
            if layer_in != layer_out:
                layers.append(nn.Conv2d(layer_in, layer_out, 1))
        self.translator = nn.Sequential(*layers)
        self.decoder = Decoder(1, channels, depth)

    def forward(self, past: Tensor) -> Tensor:
        """[batch, T, 1, height, width] -> [batch, T, 1, height, width]"""
        batch, time = past.shape[:2]
        latents, features = self.encoder(past.flatten(0, 1))
        translated = self.translator(latents.unflatten(0, (batch, time)).flatten(1, 2))
        frames = self.decoder(translated.unflatten(1, (time, -1)).flatten(0, 1), features)
        return frames.unflatten(0, (batch, time))

    def loss(self, clip: Clip) -> Tensor:
        return forecast_loss(self(clip.past), clip.future, self.divergence_weight)
