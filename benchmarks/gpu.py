"""The kernels on a real GPU, as shares of what the device can do: `python -m benchmarks.gpu`.

Bandwidth is held against a copy on the device, the matrix product against cuBLAS. Each row is the
median of several timings by CUDA events, after a warm-up. Needs what `benchmarks.bare` lists, and
writes `benchmarks/results/gpu.json` and the page of all measurements.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bare
from benchmarks.page import PAGE, page

RESULTS = Path(__file__).parent / "results" / "gpu.json"
REPEATS, WARM_UP = 20, 3
CELLS = 1 << 26  # of float32: 256 MiB, larger than any cache
SIDE = 8192  # of matrices: as many cells
INNER = 4096  # of the matrix products

Row = dict[str, Any]


def main() -> int:
    """Measure, print the table and keep it; exit status 2 without a GPU."""
    bare.prepare()
    reason = bare.missing()
    if reason:
        print(f"benchmarks.gpu: {reason}", file=sys.stderr)
        return 2
    outcome = measure()
    show(outcome)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(RESULTS.parent), encoding="utf-8")
    return 0


def measure() -> dict[str, Any]:
    """Every row, and what it was measured on."""
    from course_lib.kernels import choose

    device = choose("cuda")
    copy = copy_bandwidth(device)
    rows = [row("device copy (PyTorch)", copy, copy)]
    rows += bandwidth_rows(device, copy)
    products = product_rows(device)
    return {
        "title": "Kernels on a GPU: GB/s for what memory must move, and the share of a copy",
        "rows": rows,
        "products": products,
        "verdict": verdict(rows, products),
        "command": "python -m benchmarks.gpu",
        "machine": machine(),
    }


def verdict(rows: list[Row], products: list[Row]) -> str:
    """What the tables come to, in a sentence."""
    share = {row["kernel"]: row["of a copy"] for row in rows}
    tiled = next(row["of naive"] for row in products if row["product"].startswith("tiled"))
    return (
        f"Vector add reaches {share['vector add']:.0%} of a copy; a transpose "
        f"{share['transpose, naive']:.0%}, and {share['transpose, padded']:.0%} by way of a padded "
        f"tile; tiles make a product {tiled:.1f} times as fast"
    )


def milliseconds(device: Any, work: Callable[[], object]) -> float:
    """The median time of one call, by the device's own clock."""
    for _ in range(WARM_UP):
        work()
    times = []
    for _ in range(REPEATS):
        start, end = (device.cuda.event(timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(device.cuda.event_elapsed_time(start, end))
    return statistics.median(times)


def row(name: str, rate: float, copy: float) -> Row:
    """One line of the table."""
    return {"kernel": name, "GB/s": round(rate, 1), "of a copy": round(rate / copy, 3)}


def copy_bandwidth(device: Any) -> float:
    """GB/s of PyTorch's copy from one array to another: each byte is read and written."""
    import torch

    source = torch.ones(CELLS, device="cuda")
    target = torch.empty_like(source)
    return 8 * CELLS / 1e6 / milliseconds(device, lambda: target.copy_(source))


def bandwidth_rows(device: Any, copy: float) -> Iterator[Row]:
    """The kernels that memory limits; arrays lie on the device, and only launches are timed."""
    for name, cells_moved, work in launches(device):
        yield row(name, 4 * cells_moved / 1e6 / milliseconds(device, work), copy)


def launches(device: Any) -> Iterator[tuple[str, int, Callable[[], None]]]:
    """(name, cells that must be read or written, one launch)."""
    from course_lib.kernels.histograms import COUNT_THREADS, HISTOGRAM_KERNELS, MOST_BLOCKS
    from course_lib.kernels.maps import (
        MAP_BLOCK,
        MAP_THREADS,
        scale_shift_kernel,
        vector_add_kernel,
    )
    from course_lib.kernels.reductions import SUM_KERNELS, SUM_THREADS
    from course_lib.kernels.rows import ROW_THREADS, softmax_kernel
    from course_lib.kernels.transposes import ROWS, TRANSPOSE_KERNELS
    from course_lib.kernels.transposes import SIDE as TILE_SIDE

    def launching(kernel: Any, blocks: Any, threads: Any, *args: Any) -> Callable[[], None]:
        return lambda: device.launch(kernel, blocks, threads, *args)

    rng = np.random.default_rng(0)
    a, b, out = (device.upload(rng.random(CELLS, dtype=np.float32)) for _ in range(3))
    blocks = CELLS // MAP_THREADS
    yield "vector add", 3 * CELLS, launching(vector_add_kernel, blocks, MAP_THREADS, a, b, out)
    x, y = a.reshape(SIDE, SIDE), out.reshape(SIDE, SIDE)
    one, two = np.float32(1), np.float32(2)
    grid = (SIDE // MAP_BLOCK[0], SIDE // MAP_BLOCK[1])
    yield "2-D map", 2 * CELLS, launching(scale_shift_kernel, grid, MAP_BLOCK, x, two, one, y)
    for name, kernel in SUM_KERNELS.items():
        blocks = CELLS // SUM_THREADS
        sums = device.zeros((blocks,), np.float32)
        yield f"sum, {name}", CELLS, launching(kernel, blocks, SUM_THREADS, a, sums)
    yield "row softmax", 2 * CELLS, launching(softmax_kernel, SIDE, ROW_THREADS, x, y)
    for name, kernel in TRANSPOSE_KERNELS.items():
        grid, block = (SIDE // TILE_SIDE,) * 2, (TILE_SIDE, ROWS)
        yield f"transpose, {name}", 2 * CELLS, launching(kernel, grid, block, x, y)
    values = device.upload(rng.integers(0, 256, CELLS).astype(np.int32))
    counts = device.zeros((256,), np.int32)
    for name, kernel in HISTOGRAM_KERNELS.items():
        work = launching(kernel, MOST_BLOCKS, COUNT_THREADS, values, counts)
        yield f"histogram, {name}", CELLS, work


def product_rows(device: Any) -> list[Row]:
    """Matrix products: naive, tiled, and cuBLAS in true float32 (no TF32), in TFLOP/s."""
    import torch

    from course_lib.kernels.products import MATMUL_KERNELS, TILE

    torch.backends.cuda.matmul.allow_tf32 = False
    a, b, out = (torch.rand(INNER, INNER, device="cuda") for _ in range(3))
    x, y, z = map(device.upload, (a, b, out))
    blocks, threads = (INNER // TILE,) * 2, (TILE, TILE)
    times = {
        name: milliseconds(device, lambda k=kernel: device.launch(k, blocks, threads, x, y, z))
        for name, kernel in MATMUL_KERNELS.items()
    }
    times["cuBLAS"] = milliseconds(device, lambda: torch.matmul(a, b, out=out))
    return [
        {
            "product": f"{name}, {INNER} x {INNER}, float32",
            "ms": round(time, 3),
            "TFLOP/s": round(2 * INNER**3 / time / 1e9, 2),
            "of naive": round(times["naive"] / time, 2),
        }
        for name, time in times.items()
    ]


def machine() -> dict[str, Any]:
    """Device, driver and versions."""
    import torch
    from numba.cuda.cudadrv.driver import driver

    versions = {"python": platform.python_version(), "numpy": np.__version__}
    for package in ("torch", "numba", "numba-cuda"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "device": torch.cuda.get_device_name(),
        "driver": ".".join(map(str, driver.get_version())),
        "driver release": _driver_release(),
        "CUDA of PyTorch": str(torch.version.cuda),
        "cores": os.cpu_count(),
        **versions,
    }


def _driver_release() -> str:
    """The release of the NVIDIA driver, from the system."""
    try:
        text = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    return next((word for word in text.split() if word[0].isdigit() and "." in word), "unknown")


def show(outcome: dict[str, Any]) -> None:
    """Print the tables."""
    print(outcome["title"])
    for table in (outcome["rows"], outcome["products"]):
        width = max(len(next(iter(line.values()))) for line in table) + 2
        first, *others = table[0]
        print("\n" + first.ljust(width) + "".join(name.rjust(12) for name in others))
        for line in table:
            name, *numbers = line.values()
            print(name.ljust(width) + "".join(str(number).rjust(12) for number in numbers))
    print("\n" + outcome["verdict"])
    print(", ".join(f"{key} {value}" for key, value in outcome["machine"].items()))


if __name__ == "__main__":
    sys.exit(main())
