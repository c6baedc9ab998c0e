"""Scores of events by two independent public implementations, for `crates/metrics/tests/public.rs`.

    python3 -m venv venv && venv/bin/pip install pysteps scores
    venv/bin/python tests/scores/compare.py tests/golden/metrics/public_events.json

CSI, POD, FAR, HSS and bias come from `scores` (Bureau of Meteorology) and, where it has them, from `pysteps`, whose
values must agree with them; the fractions skill score comes from `pysteps`, accumulated over the frames. The frames are
whole numbers from a generator that the Rust test repeats, so that both sides see the same bits.
"""

import importlib.metadata
import json
import pathlib
import sys

import numpy as np
import pysteps.verification.detcatscores as pysteps_events
import pysteps.verification.spatialscores as pysteps_spatial
import scores.categorical
import xarray

CLIPS, LEAD_TIMES, HEIGHT, WIDTH = 3, 2, 40, 48
THRESHOLDS = [14.0, 16.0, 18.0, 40.0]
SCALES = [1, 3, 9, 31]


def noise(seed, count):
    """Numerical Recipes' generator; the highest 5 bits of each state."""
    values, state = [], seed
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values.append(state >> 27)
    return values


def frame(seed):
    """A frame that is smooth: the mean of 5x5 noise, rounded down."""
    height, width = HEIGHT + 4, WIDTH + 4
    wide = np.array(noise(seed, height * width)).reshape(height, width)
    windows = np.lib.stride_tricks.sliding_window_view(wide, (5, 5))
    return (windows.sum(axis=(2, 3)) // 25).astype(np.float64)


def pair(clip, lead_time):
    """Forecast and truth: the truth is the forecast's mean with other noise."""
    seed = 1000 * clip + 10 * lead_time
    forecast, other = frame(seed + 1), frame(seed + 2)
    return forecast, (2 * forecast + other + lead_time) // 3


def events(pairs, threshold):
    forecast = xarray.DataArray(np.concatenate([f.ravel() for f, _ in pairs]) >= threshold, dims="pixel").astype(float)
    truth = xarray.DataArray(np.concatenate([t.ravel() for _, t in pairs]) >= threshold, dims="pixel").astype(float)
    table = scores.categorical.BinaryContingencyManager(fcst_events=forecast, obs_events=truth).transform()
    values = {
        "csi": float(table.critical_success_index()),
        "pod": float(table.probability_of_detection()),
        "far": float(table.false_alarm_ratio()),
        "hss": float(table.heidke_skill_score()),
        "bias": float(table.frequency_bias()),
    }
    accumulated = pysteps_events.det_cat_fct_init(threshold - 0.5)  # pysteps asks for more than, not for as much as
    for forecast, truth in pairs:
        pysteps_events.det_cat_fct_accum(accumulated, forecast, truth)
    again = pysteps_events.det_cat_fct_compute(accumulated, ["CSI", "POD", "FAR", "HSS", "BIAS"])
    for name, value in values.items():
        other = float(np.squeeze(again[name.upper()]))
        assert np.isclose(value, other, rtol=1e-12, equal_nan=True), (threshold, name, value, other)
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def fss(pairs, threshold, scale):
    accumulated = pysteps_spatial.fss_init(threshold, scale)
    for forecast, truth in pairs:
        pysteps_spatial.fss_accum(accumulated, forecast, truth)
    value = float(pysteps_spatial.fss_compute(accumulated))
    return None if np.isnan(value) else value


def main():
    by_lead_time = [[pair(clip, lead) for clip in range(CLIPS)] for lead in range(LEAD_TIMES)]
    everything = [pair for lead in by_lead_time for pair in lead]
    result = {}
    for threshold in THRESHOLDS:
        of_all, of_leads = events(everything, threshold), [events(pairs, threshold) for pairs in by_lead_time]
        for name, total in of_all.items():
            result[f"{name}_{threshold:g}"] = {"total": total, "per_lead_time": [of[name] for of in of_leads]}
        for scale in SCALES:
            result[f"fss_{threshold:g}_{scale}px"] = {
                "total": fss(everything, threshold, scale),
                "per_lead_time": [fss(pairs, threshold, scale) for pairs in by_lead_time],
            }
    versions = {name: importlib.metadata.version(name) for name in ["pysteps", "scores", "numpy"]}
    document = {
        "made_by": "tests/scores/compare.py",
        "versions": versions,
        "clips": CLIPS,
        "lead_times": LEAD_TIMES,
        "height": HEIGHT,
        "width": WIDTH,
        "thresholds": THRESHOLDS,
        "scales": SCALES,
        "sum_of_all_values": sum(float(f.sum() + t.sum()) for f, t in everything),
        "scores": result,
    }
    pathlib.Path(sys.argv[1]).write_text(json.dumps(document, indent=1) + "\n")


main()
