"""What `crates/fvd/tests/golden.rs` compares with: I3D's features by PyTorch's own operations, Frechet distances by SciPy.

    python3 -m venv venv && venv/bin/pip install torch numpy scipy
    venv/bin/python tests/fvd/golden.py tests/golden/fvd/expected.json

Nothing random is stored: weights, clips and samples are numbers that a hash of their name and place makes, in the same way
as in `crates/golden/src/formula.rs`, so that the network is checked in its full size by a small file. The network is that of
the package pytorch-i3d (`InceptionI3d`, whose padding is TensorFlow's), computed here in double precision.
"""

import json
import math
import sys

import numpy
import scipy.linalg
import torch
import torch.nn.functional as F

# Inception modules: the channels of their branches, and the pooling before them: taps and stride over time and space.
MIXED = [
    ("3b", [64, 96, 128, 16, 32, 32], ((1, 3), (1, 2))),
    ("3c", [128, 128, 192, 32, 96, 64], None),
    ("4b", [192, 96, 208, 16, 48, 64], ((3, 3), (2, 2))),
    ("4c", [160, 112, 224, 24, 64, 64], None),
    ("4d", [128, 128, 256, 24, 64, 64], None),
    ("4e", [112, 144, 288, 32, 64, 64], None),
    ("4f", [256, 160, 320, 32, 128, 128], None),
    ("5b", [256, 160, 320, 32, 128, 128], ((2, 2), (2, 2))),
    ("5c", [384, 192, 384, 48, 128, 128], None),
]
CLASSES = 400
# Sizes of the clips: frames, height, width.
CLIPS = [(9, 40, 48), (16, 64, 64), (21, 31, 240)]
# Samples and features of the two sets, and how far apart their means are.
SETS = [(60, 60, 8, 0.5), (500, 450, 60, 0.1), (7, 5, 40, 0.3), (2, 3, 6, 0.0), (30, 40, 400, 0.2)]


def uniform(name, count):
    """Numbers in [0, 1) that are exact in single precision."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
    mask = numpy.uint64(0xFFFFFFFF)
    h = (numpy.arange(count, dtype=numpy.uint64) * numpy.uint64(0x9E3779B9) + numpy.uint64(seed)) & mask
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = (h ^ (h >> numpy.uint64(shift))) * numpy.uint64(factor) & mask
    h ^= h >> numpy.uint64(16)
    return (h >> numpy.uint64(8)).astype(numpy.float64) / 2**24


def weights(name, shape):
    """A weight called `name`, rounded to single precision."""
    values = uniform(name, math.prod(shape))
    if name.endswith("conv3d.weight"):
        values = (2 * values - 1) * math.sqrt(6 / math.prod(shape[1:]))
    elif name.endswith(("bn.weight", "running_var")):
        values = values + 0.5
    else:
        values = 0.5 * values - 0.25
    return torch.from_numpy(values.astype(numpy.float32).astype(numpy.float64)).reshape(shape)


def padded(clip, kernel, stride):
    """TensorFlow's padding `SAME`: what cannot be split evenly comes behind."""
    pads = []
    for size, taps, step in reversed(list(zip(clip.shape[2:], kernel, stride))):
        total = max(taps - (size % step or step), 0)
        pads += [total // 2, total - total // 2]
    return F.pad(clip, pads)


def unit(clip, name, channels, taps=1, step=1):
    weight = weights(f"{name}.conv3d.weight", [channels, clip.shape[1]] + [taps] * 3)
    clip = F.conv3d(padded(clip, [taps] * 3, [step] * 3), weight, stride=step)
    norm = [weights(f"{name}.bn.{part}", [channels]) for part in ("running_mean", "running_var", "weight", "bias")]
    return F.relu(F.batch_norm(clip, *norm, training=False, eps=1e-3))


def pool(clip, taps, step):
    kernel, stride = ([of[0], of[1], of[1]] for of in (taps, step))
    return F.max_pool3d(padded(clip, kernel, stride), kernel, stride)


def mixed(clip, name, channels):
    one, two_a, two_b, three_a, three_b, four = channels
    return torch.cat([
        unit(clip, f"{name}.b0", one),
        unit(unit(clip, f"{name}.b1a", two_a), f"{name}.b1b", two_b, 3),
        unit(unit(clip, f"{name}.b2a", three_a), f"{name}.b2b", three_b, 3),
        unit(pool(clip, (3, 3), (1, 1)), f"{name}.b3b", four),
    ], 1)


def features(clip):
    """Of a clip `[frames, 3, height, width]` in -1..1."""
    clip = F.interpolate(clip, size=(224, 224), mode="bilinear", align_corners=False).transpose(0, 1)[None]
    clip = pool(unit(clip, "Conv3d_1a_7x7", 64, 7, 2), (1, 3), (1, 2))
    clip = unit(unit(clip, "Conv3d_2b_1x1", 64), "Conv3d_2c_3x3", 192, 3)
    for name, channels, pooling in MIXED:
        if pooling:
            clip = pool(clip, *pooling)
        clip = mixed(clip, f"Mixed_{name}", channels)
    clip = F.avg_pool3d(clip, [2, 7, 7], [1, 1, 1])
    name = "logits.conv3d"
    clip = F.conv3d(clip, weights(f"{name}.weight", [CLASSES, clip.shape[1], 1, 1, 1]), weights(f"{name}.bias", [CLASSES]))
    return clip.squeeze(4).squeeze(3).mean(2)[0]


def samples(name, count, length, shift):
    """A set with correlated features of unlike spread."""
    mixing = uniform(f"{name} mixing", length * length).reshape(length, length) - 0.5
    features = (uniform(name, count * length).reshape(count, length) - 0.5) @ mixing + shift
    return features.astype(numpy.float32).astype(numpy.float64)


def frechet(left, right):
    covariances = [numpy.cov(of, rowvar=False) for of in (left, right)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    # The same trace without a root: of S1 = A'A and S2 = B'B it is the sum of the singular values of AB'.
    a, b = ((of - of.mean(0)) / math.sqrt(len(of) - 1) for of in (left, right))
    trace = numpy.linalg.svd(a @ b.T, compute_uv=False).sum()
    full_rank = min(len(left), len(right)) > left.shape[1]
    assert not full_rank or abs(numpy.trace(root).real - trace) < 1e-9 * trace, (numpy.trace(root), trace)
    by_root = numpy.trace(root).real if full_rank else trace
    distance = ((left.mean(0) - right.mean(0)) ** 2).sum() + sum(map(numpy.trace, covariances)) - 2 * by_root
    print(left.shape, right.shape, distance, "by sqrtm" if full_rank else f"by singular values; sqrtm {numpy.trace(root)}, {trace}")
    return distance


def main(path):
    expected = {"features": [], "distances": []}
    for frames, height, width in CLIPS:
        clip = 2 * torch.from_numpy(uniform(f"clip {frames}", frames * 3 * height * width)) - 1
        found = features(clip.reshape(frames, 3, height, width)).tolist()
        print(frames, found[:4], numpy.std(found))
        rounded = [float(f"{value:.7g}") for value in found]
        expected["features"].append({"clip": [frames, 3, height, width], "features": rounded})
    for left, right, length, shift in SETS:
        distance = frechet(samples("left", left, length, 0.0), samples("right", right, length, shift))
        expected["distances"].append({"left": left, "right": right, "length": length, "shift": shift, "distance": distance})
    with open(path, "w") as file:
        json.dump(expected, file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
