"""The single operations of the comparison.

Every function in `OPERATIONS` takes a shape and an `Inputs`, and returns a function of the inputs it asked for.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from networks.recurrent import lstm_gates, memory_gates

Function = Callable[..., Tensor | tuple[Tensor, ...]]


class Inputs:
    """Random tensors that an operation is differentiated by."""

    def __init__(self, device: torch.device, layout: torch.memory_format, differentiable: bool):
        self.device = device
        self.layout = layout
        self.differentiable = differentiable
        self.tensors: list[Tensor] = []

    def add(self, *dims: int, scale: float = 1.0) -> Tensor:
        tensor = scale * torch.randn(dims, device=self.device)
        if tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=self.layout)
        self.tensors.append(tensor.requires_grad_(self.differentiable))
        return tensor

    def image(self, shape: dict, channels: int | None = None) -> Tensor:
        """[batch, channels, height, width]"""
        channels = shape["channels"] if channels is None else channels
        return self.add(shape["batch"], channels, shape["height"], shape["width"])

    def any(self, shape: dict) -> Tensor:
        """`dims` in full, or the number of `elements`, or an image."""
        if "dims" in shape:
            return self.add(*shape["dims"])
        if "elements" in shape:
            return self.add(shape["elements"])
        return self.image(shape)


def matmul(shape: dict, inputs: Inputs) -> Function:
    """[batch,] m x k times [batch,] k x n"""
    batch = [shape["batch"]] if "batch" in shape else []
    inputs.add(*batch, shape["m"], shape["k"])
    inputs.add(*batch, shape["k"], shape["n"])
    return torch.matmul


def weights(shape: dict, inputs: Inputs, *dims: int) -> bool:
    """Adds a weight of these dimensions, scaled by its fan-in, and a bias unless the shape says false."""
    fan_in = dims[1] * dims[2] * dims[3]
    inputs.add(*dims, scale=fan_in**-0.5)
    if shape.get("bias", True):
        inputs.add(shape["out"])
    return shape.get("bias", True)


def sliding(shape: dict) -> dict:
    return {key: shape.get(key, default) for key, default in (("stride", 1), ("padding", 0), ("dilation", 1))}


def conv2d(shape: dict, inputs: Inputs) -> Function:
    """Depthwise where groups = in = out, 1x1 where kernel = 1."""
    groups, kernel = shape.get("groups", 1), shape["kernel"]
    inputs.image(shape, shape["in"])
    weights(shape, inputs, shape["out"], shape["in"] // groups, kernel, kernel)
    options = sliding(shape)
    return lambda x, weight, bias=None: F.conv2d(x, weight, bias, groups=groups, **options)


def conv_transpose2d(shape: dict, inputs: Inputs) -> Function:
    groups, kernel = shape.get("groups", 1), shape["kernel"]
    inputs.image(shape, shape["in"])
    weights(shape, inputs, shape["in"], shape["out"] // groups, kernel, kernel)
    options = sliding(shape) | {"output_padding": shape.get("output_padding", 0), "groups": groups}
    return lambda x, weight, bias=None: F.conv_transpose2d(x, weight, bias, **options)


def deform_conv2d(shape: dict, inputs: Inputs) -> Function:
    """Modulated; offsets are normally distributed, of about one pixel."""
    from torchvision.ops import deform_conv2d as convolve

    kernel, offset_groups = shape["kernel"], shape.get("offset_groups", 1)
    options = sliding(shape)
    reach = options["dilation"] * (kernel - 1) + 1
    rows, columns = (
        (shape[side] + 2 * options["padding"] - reach) // options["stride"] + 1 for side in ("height", "width")
    )
    taps = offset_groups * kernel**2
    inputs.image(shape, shape["in"])
    inputs.add(shape["batch"], 2 * taps, rows, columns)
    inputs.add(shape["batch"], taps, rows, columns)
    weights(shape, inputs, shape["out"], shape["in"] // shape.get("groups", 1), kernel, kernel)
    return lambda x, offset, mask, weight, bias=None: convolve(x, offset, weight, bias, mask=mask, **options)


def grid_sample(shape: dict, inputs: Inputs) -> Function:
    """Bilinear, zeros outside, grid [batch, out_height, out_width, 2] within the image."""
    inputs.image(shape)
    size = shape.get("out_height", shape["height"]), shape.get("out_width", shape["width"])
    inputs.tensors.append(
        (2 * torch.rand(shape["batch"], *size, 2, device=inputs.device) - 1).requires_grad_(inputs.differentiable)
    )
    return lambda x, grid: F.grid_sample(x, grid, align_corners=False)


def pixel_shuffle(shape: dict, inputs: Inputs) -> Function:
    """And times 2, so that no library can answer with a view."""
    inputs.image(shape)
    factor = shape.get("factor", 2)
    return lambda x: F.pixel_shuffle(x, factor) * 2.0


def unary(function: Function) -> Callable:
    def operation(shape: dict, inputs: Inputs) -> Function:
        inputs.any(shape)
        return function

    return operation


def binary(function: Function) -> Callable:
    def operation(shape: dict, inputs: Inputs) -> Function:
        inputs.any(shape)
        inputs.any(shape)
        return function

    return operation


def batch_norm(shape: dict, inputs: Inputs) -> Function:
    """Training: statistics of the batch, and an update of the running ones."""
    channels = shape["channels"]
    inputs.image(shape)
    inputs.add(channels)
    inputs.add(channels)
    mean, var = torch.zeros(channels, device=inputs.device), torch.ones(channels, device=inputs.device)
    return lambda x, weight, bias: F.batch_norm(x, mean, var, weight, bias, training=True)


def group_norm_silu(shape: dict, inputs: Inputs) -> Function:
    inputs.image(shape)
    inputs.add(shape["channels"])
    inputs.add(shape["channels"])
    groups = shape["groups"]
    return lambda x, weight, bias: F.silu(F.group_norm(x, groups, weight, bias))


def layer_norm(shape: dict, inputs: Inputs) -> Function:
    """Over the last axis."""
    features = inputs.any(shape).shape[-1:]
    inputs.add(*features)
    inputs.add(*features)
    return lambda x, weight, bias: F.layer_norm(x, features, weight, bias)


def channel_norm(shape: dict, inputs: Inputs) -> Function:
    """Over the channels of [batch, channels, height, width], as torchvision's ConvNeXt does it: by views."""
    inputs.image(shape)
    channels = (shape["channels"],)
    inputs.add(*channels)
    inputs.add(*channels)
    return lambda x, weight, bias: F.layer_norm(x.permute(0, 2, 3, 1), channels, weight, bias).permute(0, 3, 1, 2)


def lstm(shape: dict, inputs: Inputs) -> Function:
    """gates [batch, 4 * channels, height, width] and cell state -> cell and hidden state"""
    inputs.image(shape, 4 * shape["channels"])
    inputs.image(shape)
    return lstm_gates


OPERATIONS = {
    "matmul": matmul,
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "deform_conv2d": deform_conv2d,
    "grid_sample": grid_sample,
    "pixel_shuffle": pixel_shuffle,
    "gelu": unary(F.gelu),
    "silu": unary(F.silu),
    "sigmoid": unary(torch.sigmoid),
    "tanh": unary(torch.tanh),
    "softmax": unary(lambda x: torch.softmax(x, dim=-1)),
    "batch_norm": batch_norm,
    "group_norm_silu": group_norm_silu,
    "layer_norm": layer_norm,
    "channel_norm": channel_norm,
    "lstm_gates": lstm,
    "add": binary(torch.add),
    "multiply": binary(torch.mul),
}
