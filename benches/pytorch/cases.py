"""From the description of a case to something that can be repeated."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from networks import FRAME, FUTURE, NETWORKS, PAST
from networks.clip import Clip
from operations import OPERATIONS, Inputs

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
# PyTorch's implementations of Adam on all parameters at once.
ADAMS = ("fused", "foreach")
# Operations on images of four axes, which can be laid out with channels last.
IMAGE_OPERATIONS = {
    "conv2d",
    "conv_transpose2d",
    "deform_conv2d",
    "grid_sample",
    "pixel_shuffle",
    "batch_norm",
    "group_norm_silu",
    "channel_norm",
    "lstm_gates",
}


@dataclass
class Settings:
    """How all cases run."""

    device: torch.device
    precision: str

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")


@dataclass
class Case:
    """One repetition of what is timed, and the number of parameters of what is in it."""

    repeat: Callable[[], object]
    parameters: int


def variants(case: dict) -> tuple[str, ...]:
    """The ways to run a case that are worth trying."""
    if case["kind"] == "network" or case["op"] in IMAGE_OPERATIONS:
        return tuple(LAYOUTS)
    return ADAMS if case["op"] == "adam" else ("contiguous",)


def build(case: dict, variant: str, compiled: bool, settings: Settings) -> Case:
    torch.manual_seed(0)
    if case["kind"] == "network":
        return network(case, LAYOUTS[variant], compiled, settings)
    if case["op"] == "adam":
        return adam(case["shape"], variant, compiled, settings)
    return operation(case, LAYOUTS[variant], compiled, settings)


def network(case: dict, layout: torch.memory_format, compiled: bool, settings: Settings) -> Case:
    """A training step without data loading, or a forecast in evaluation mode."""
    device, batch = settings.device, case.get("batch", 4)
    module = NETWORKS[case["network"]]().to(device, memory_format=layout)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    if compiled:
        module.compile(dynamic=False)
    past = torch.rand(batch, PAST, *FRAME, device=device)
    if case["pass"] == "forecast":
        return Case(forecast(module.eval(), past, settings), parameters)
    clip = Clip(
        past,
        torch.rand(batch, FUTURE, *FRAME, device=device),
        torch.rand(batch, FUTURE - 1, device=device) < 0.5,
    )
    return Case(training_step(module.train(), clip, settings), parameters)


def forecast(module: nn.Module, past: Tensor, settings: Settings) -> Callable[[], Tensor]:
    @torch.inference_mode()
    def repeat() -> Tensor:
        with settings.autocast():
            return module(past)

    return repeat


def training_step(module: nn.Module, clip: Clip, settings: Settings) -> Callable[[], Tensor]:
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)

    def repeat() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        with settings.autocast():
            loss = module.loss(clip)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return repeat


def operation(case: dict, layout: torch.memory_format, compiled: bool, settings: Settings) -> Case:
    """A function of random inputs, or that and the gradients of all of them."""
    backward = case["pass"] == "backward"
    inputs = Inputs(settings.device, layout, backward)
    function = OPERATIONS[case["op"]](case["shape"], inputs)
    tensors = inputs.tensors
    if compiled:
        function = torch.compile(function, dynamic=False)

    @torch.inference_mode(not backward)
    def forward() -> tuple[Tensor, ...]:
        with settings.autocast():
            outputs = function(*tensors)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    if not backward:
        return Case(forward, 0)
    gradients = tuple(torch.randn_like(output) for output in forward())
    return Case(lambda: torch.autograd.grad(forward(), tensors, gradients), 0)


def adam(shape: dict, variant: str, compiled: bool, settings: Settings) -> Case:
    """One step over `tensors` parameters of `elements` values together."""
    elements, tensors = shape["elements"], shape.get("tensors", 1)
    sizes = [elements // tensors + (index < elements % tensors) for index in range(tensors)]
    parameters = [torch.randn(size, device=settings.device, requires_grad=True) for size in sizes]
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    optimizer = torch.optim.Adam(parameters, lr=1e-3, **{variant: True})
    step = torch.compile(optimizer.step) if compiled else optimizer.step
    return Case(step, elements)
