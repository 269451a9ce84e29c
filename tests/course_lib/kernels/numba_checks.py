"""What is checked with Numba, in a process of its own: it is either simulator or compiler.

    python numba_checks.py simulator|ptx

prints one line of JSON with what was run, and fails with the first check that fails.
"""

import json
import random
import re
import sys
import warnings
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from random_kernels import agree, make_kernel
from sound import COURSE, OWN, run_and_compare

from course_lib.kernels import choose, to_ptx

RANDOM = 80


def simulator() -> dict[str, Any]:
    """Run every sound kernel and many random ones on Numba's simulator."""
    launch = choose("simulator").launch
    for sound in [*OWN, *COURSE]:
        run_and_compare(sound, np.random.default_rng(0), launch)
    agreed = set()

    @settings(max_examples=RANDOM, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def random_kernels(data: st.DataObject) -> None:
        made = make_kernel(lambda options: data.draw(st.sampled_from(options)))
        agree(made, launch, seed=0)
        agreed.add(made.source)

    random_kernels()
    return {"kernels": [sound.name for sound in (*OWN, *COURSE)], "random": len(agreed)}


def ptx() -> dict[str, Any]:
    """Compile every sound kernel and some random ones to PTX, for both compute capabilities."""
    found: dict[str, Any] = {}
    for sound in [*OWN, *COURSE]:
        arguments = sound.arguments(np.random.default_rng(0))
        for compute in ((8, 0), (9, 0)):
            text = to_ptx(sound.kernel, *arguments, compute=compute)
            found[f"{sound.name} sm_{compute[0]}{compute[1]}"] = {
                "target": f".target sm_{compute[0]}{compute[1]}" in text,
                "entry": ".visible .entry" in text,
                "barrier": "bar.sync" in text or "barrier.sync" in text,
                "shared": ".shared" in text,
                "atomic": re.search(r"\b(atom|red)\.", text) is not None,
            }
    rng = random.Random(0)
    cells = np.zeros(8, np.float32)
    for _ in range(10):
        assert ".entry" in to_ptx(make_kernel(rng.choice).kernel, cells, cells, cells)
    return found


if __name__ == "__main__":
    warnings.simplefilter("error")
    warnings.filterwarnings("default", module="numba")  # its own, with a newer NumPy, say
    print(json.dumps({"simulator": simulator, "ptx": ptx}[sys.argv[1]]()))
