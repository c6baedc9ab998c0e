"""PyTorch's half of the benchmark: reads one JSON object per line, answers with one JSON line. See README.md."""

import argparse
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("f32", "tf32", "bf16"), default="f32")
    parser.add_argument(
        "--allocator",
        choices=("system", "retain"),
        default="system",
        help="retain: the C library's allocator keeps freed memory, as a tuned one would",
    )
    return parser.parse_args()


def peak_rss_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def retain_memory() -> None:
    """Has glibc neither map large blocks one by one nor give freed ones back."""
    import ctypes

    trim_threshold, mmap_max = -1, -4
    libc = ctypes.CDLL(None)
    if not (libc.mallopt(trim_threshold, 2**31 - 1) and libc.mallopt(mmap_max, 0)):
        raise SystemExit("this C library's allocator cannot be told to retain memory")


class Worker:
    """Holds one case at a time."""

    # A warm-up lasts this long, but two repetitions at least (they compile, and let oneDNN and cuDNN choose) and 20 at
    # most.
    WARM_UP_SECONDS = 0.3
    # Each variant is timed for so long.
    TRIAL_SECONDS = 0.3

    def __init__(self, options: argparse.Namespace):
        import torch

        import cases

        self.torch = torch
        self.cases = cases
        self.threads = options.threads
        torch.set_num_threads(options.threads)
        torch.set_num_interop_threads(1)
        tf32 = options.precision == "tf32"
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        self.settings = cases.Settings(torch.device(options.device), options.precision)
        self.cuda = options.device == "cuda"
        self.faster: dict[str, str] = {}
        self.case = self.variant = None
        self.rss_after_import_kb = peak_rss_kb()

    def describe(self, _: dict) -> dict:
        torch = self.torch
        return {
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "device": torch.cuda.get_device_name() if self.cuda else processor(),
            "compile": self.compiles(),
            "peak_rss_kb": self.rss_after_import_kb,
        }

    def compiles(self) -> bool:
        """Whether torch.compile works here, by a tiny function."""
        torch = self.torch
        try:
            torch.compile(lambda x: x * x + 1.0)(torch.ones(8, device=self.settings.device))
        except Exception as error:
            print(f"torch.compile: {error}", file=sys.stderr)
            return False
        return True

    def prepare(self, request: dict) -> dict:
        self.release({})
        case, compiled = request["case"], request.get("mode", "eager") == "compile"
        key = json.dumps([case, compiled], sort_keys=True)
        variant = case.get("variant") or self.faster.get(key)
        trials = {}
        if variant is None:
            for candidate in self.cases.variants(case):
                self.build(case, candidate, compiled)
                trials[candidate] = self.trial()
            variant = self.faster[key] = min(trials, key=trials.get)
        if self.variant != variant:
            self.build(case, variant, compiled)
        return {"ok": True, "parameters": self.case.parameters, "variant": variant, "trials": trials}

    def build(self, case: dict, variant: str, compiled: bool) -> None:
        self.release({})
        self.case = self.cases.build(case, variant, compiled, self.settings)
        self.variant = variant
        self.warm_up()

    def warm_up(self) -> None:
        start = time.perf_counter()
        for repetition in range(20):
            self.seconds()
            if repetition > 0 and time.perf_counter() - start > self.WARM_UP_SECONDS:
                return

    def trial(self) -> float:
        """The fastest of several repetitions."""
        end = time.perf_counter() + self.TRIAL_SECONDS
        times = [self.seconds()]
        while len(times) < 100 and time.perf_counter() < end:
            times.append(self.seconds())
        return min(times)

    def seconds(self) -> float:
        """Of one repetition."""
        self.synchronize()
        start = time.perf_counter()
        self.case.repeat()
        self.synchronize()
        return time.perf_counter() - start

    def synchronize(self) -> None:
        if self.cuda:
            self.torch.cuda.synchronize()

    def run(self, request: dict) -> dict:
        if self.case is None:
            raise RuntimeError("nothing is prepared")
        gc.collect()
        gc.disable()
        try:
            return {"seconds": [self.seconds() for _ in range(request["repetitions"])]}
        finally:
            gc.enable()

    def release(self, _: dict) -> dict:
        self.case = self.variant = None
        self.torch.compiler.reset()
        gc.collect()
        if self.cuda:
            self.torch.cuda.empty_cache()
        return {"ok": True}

    def train(self, request: dict) -> dict:
        import training

        self.release({})
        return {"losses": training.train(request, self.settings.device)}

    def memory(self, _: dict) -> dict:
        device = self.torch.cuda.max_memory_allocated() if self.cuda else 0
        return {"peak_rss_kb": peak_rss_kb(), "peak_device_bytes": device}

    def answer(self, line: str) -> dict:
        actions: dict[str, Callable[[dict], dict]] = {
            "describe": self.describe,
            "prepare": self.prepare,
            "run": self.run,
            "release": self.release,
            "memory": self.memory,
            "train": self.train,
            "quit": lambda _: sys.exit(),
        }
        try:
            request = json.loads(line)
            return actions[request["do"]](request)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}


def processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        import platform

        return platform.processor() or platform.machine()


def main() -> None:
    options = arguments()
    # Before PyTorch is imported: OpenMP and the compiler read them once.
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS"):
        os.environ[variable] = str(options.threads)
    if options.allocator == "retain":
        retain_memory()
    # Compilers may print; only answers belong on standard output.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(options)
    for line in sys.stdin:
        answer = worker.answer(line)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
