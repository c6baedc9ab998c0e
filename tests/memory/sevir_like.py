"""Writes an archive in the layout of SEVIR, as large as is asked for, to measure how much of it is ever in memory.

    python3 -m venv venv && venv/bin/pip install h5py
    venv/bin/python tests/memory/sevir_like.py sevir-like --gigabytes 10

`CATALOG.csv` and one file of events of 384x384 pixels and 49 frames, one chunk each, not compressed, so that the file is as
large as what it holds. A storm crosses every event. The events are spread over the dates of all three splits.
"""

import argparse
import pathlib

import h5py
import numpy as np

SIDE, FRAMES = 384, 49

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--gigabytes", type=float, default=10.0)
arguments = parser.parse_args()

events = max(10, round(arguments.gigabytes * 1e9 / (SIDE * SIDE * FRAMES)))
path = pathlib.Path("vil/2018/SEVIR_VIL_STORMEVENTS_2018_0101_0630.h5")
file = arguments.folder / "data" / path
file.parent.mkdir(parents=True, exist_ok=True)

rows, columns = np.mgrid[0:SIDE, 0:SIDE]
storm = np.stack(
    [200 * np.exp(-((rows - 192.0) ** 2 + (columns - 90.0 - 4 * time) ** 2) / 4000) for time in range(FRAMES)], axis=-1
).astype(np.uint8)
dates = ["2018-06-01 12:00:00"] * 8 + ["2019-03-01 12:00:00", "2019-07-01 12:00:00"]
lines = ["id,file_name,file_index,img_type,time_utc,pct_missing"]
with h5py.File(file, "w") as output:
    array = output.create_dataset(
        "vil", (events, SIDE, SIDE, FRAMES), np.uint8, chunks=(1, SIDE, SIDE, FRAMES)
    )
    for event in range(events):
        array[event] = np.roll(storm, 37 * event % SIDE, axis=0) + np.uint8(event % 7)
        lines.append(f"S{event},{path},{event},vil,{dates[event % len(dates)]},0")
(arguments.folder / "CATALOG.csv").write_text("\n".join(lines) + "\n")
print(f"{events} events, {file.stat().st_size} bytes in {file}")
