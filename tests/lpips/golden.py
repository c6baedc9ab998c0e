"""LPIPS of a narrow AlexNet with random weights, by PyTorch's own operations, for `crates/lpips/tests/golden.rs`.

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python tests/lpips/golden.py tests/golden/lpips/narrow.safetensors

The steps are those of version 0.1 of the package `lpips` with `net="alex"`: the scaling layer, torchvision's AlexNet cut
after every convolution, activations normalized over the channels, weighted squared differences, means over the pixels.
"""

import json
import struct
import sys

import torch
import torch.nn.functional as F

CHANNELS = [4, 6, 8, 6, 6]
# Number in torchvision's sequence, kernel, stride, padding, whether pooling comes first.
CONVOLUTIONS = [(0, 11, 4, 2, False), (3, 5, 1, 2, True), (6, 3, 1, 1, True), (8, 3, 1, 1, False), (10, 3, 1, 1, False)]


def save(tensors, path):
    """Writes the tensors, all of 32 bits, as a safetensors file."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        values = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main(path):
    torch.manual_seed(0)
    tensors, inputs = {}, 3
    for index, ((number, kernel, *_), outputs) in enumerate(zip(CONVOLUTIONS, CHANNELS)):
        tensors[f"features.{number}.weight"] = torch.randn(outputs, inputs, kernel, kernel) / (inputs * kernel**2) ** 0.5
        tensors[f"features.{number}.bias"] = 0.1 * torch.randn(outputs)
        tensors[f"lin{index}.model.1.weight"] = torch.rand(1, outputs, 1, 1)
        inputs = outputs
    left = 2 * torch.rand(2, 3, 40, 48) - 1
    right = (left + 0.3 * torch.randn(2, 3, 40, 48)).clamp(-1, 1)

    shift = torch.tensor([-0.030, -0.088, -0.188])[None, :, None, None]
    scale = torch.tensor([0.458, 0.448, 0.450])[None, :, None, None]
    pair, distance = [(image - shift) / scale for image in (left, right)], 0
    for index, (number, _, stride, padding, pooled) in enumerate(CONVOLUTIONS):
        unit = []
        for at, image in enumerate(pair):
            image = F.max_pool2d(image, 3, 2) if pooled else image
            weight, bias = tensors[f"features.{number}.weight"], tensors[f"features.{number}.bias"]
            pair[at] = image = F.relu(F.conv2d(image, weight, bias, stride=stride, padding=padding))
            unit.append(image / (image.pow(2).sum(1, keepdim=True).sqrt() + 1e-10))
        weighted = F.conv2d((unit[0] - unit[1]) ** 2, tensors[f"lin{index}.model.1.weight"])
        distance = distance + weighted.mean([2, 3]).flatten()

    save({**tensors, "left": left, "right": right, "distance": distance}, path)
    print(distance)


if __name__ == "__main__":
    main(sys.argv[1])
