"""The instrumented back end: runs a kernel's threads on the CPU and watches every access.

`watch(kernel, blocks, threads, *args)` gives a `Run`. It finds, the same way every time: data races
in shared and global memory, within a block and between blocks; updates that are not atomic;
barriers that not every thread of a block reaches; reads of shared and local cells that nobody
wrote; indexes out of range, negative ones too. It counts loads and stores of each thread,
transactions of global memory, and conflicts of shared memory's banks.

From the bottom: `recorder` (one number an access), `watched` (arrays that log), `names` (what
`cuda` means), `threads` (the order of execution); then `log`, `races`, `traffic` and `branches`
(what the record shows), and `report`, `wording` and `run` (what its author is told).

What it leaves out: warps that drift apart within a phase, streams, and timing.
"""

from course_lib.kernels.instrument.report import Event, Finding, KernelError, Run
from course_lib.kernels.instrument.run import watch
from course_lib.kernels.instrument.traffic import Traffic

__all__ = ["Event", "Finding", "KernelError", "Run", "Traffic", "watch"]
