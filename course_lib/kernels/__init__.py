"""GPU kernels in Numba CUDA's subset of Python, which also run where there is no GPU.

`from course_lib.kernels import cuda, float32` stands where `from numba import cuda, float32` would;
a kernel is decorated with `@cuda.jit` and launched with `kernel[blocks, threads](*arrays)`. The
same source runs watched on the CPU, on Numba's simulator, and on a GPU: `backends` chooses.
`watch(kernel, blocks, threads, *arrays)` says what is wrong with a kernel and what it costs.

From the bottom: `namespace` and `binding` (what the names in a kernel mean), `instrument` (the
watched back end), `compiling` (Numba's), `backends`, `launching`, and the kernels themselves, a
family a file: `maps`, `reductions`, `rows`, `products`, `transposes`, `histograms`. `subset` says
which Python a kernel may use.

Importing this loads NumPy and nothing heavier; Numba comes with the back ends that need it.
"""

from course_lib.kernels.backends import choose, use
from course_lib.kernels.compiling import to_ptx
from course_lib.kernels.histograms import histogram
from course_lib.kernels.instrument import Event, Finding, KernelError, Run, Traffic, watch
from course_lib.kernels.maps import scale_shift, vector_add
from course_lib.kernels.namespace import (
    DeviceFunction,
    Kernel,
    boolean,
    cuda,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from course_lib.kernels.products import matmul
from course_lib.kernels.reductions import reduce_sum
from course_lib.kernels.rows import row_softmax
from course_lib.kernels.subset import Violation, check_subset
from course_lib.kernels.transposes import transpose

__all__ = [
    "DeviceFunction",
    "Event",
    "Finding",
    "Kernel",
    "KernelError",
    "Run",
    "Traffic",
    "Violation",
    "boolean",
    "check_subset",
    "choose",
    "cuda",
    "float16",
    "float32",
    "float64",
    "histogram",
    "int8",
    "int16",
    "int32",
    "int64",
    "matmul",
    "reduce_sum",
    "row_softmax",
    "scale_shift",
    "to_ptx",
    "transpose",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "use",
    "vector_add",
    "watch",
]
