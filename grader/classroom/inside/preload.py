"""What warm processes import before they fork, and the variables that they need for it."""

# Modules that notebooks import; what is not installed is left out.
LIBRARIES = ("numpy", "torch", "matplotlib.pyplot")
# What lessons of this course import as well, at the latest when they first load data or show
# something. Only for grading: whoever works on the course wants to import it afresh.
COURSE = (
    "course_lib.data",
    "course_lib.viz",
    "grader.learner",
    "contourpy",
    "importlib.resources.readers",
    # What the inline backend imports: as itself is imported, it looks for a running kernel.
    "IPython.core.pylabtools",
    "IPython.display",
    "matplotlib.backends.backend_agg",
    "sklearn.datasets",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "torch._dynamo",  # a first step of any of PyTorch's optimizers does, and takes seconds over it
)
# What an IPython kernel imports as it starts: done before the fork, it is done once.
KERNEL = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.extensions.storemagic",
)
THREADS = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
VARIABLES = {
    **dict.fromkeys(THREADS, "1"),  # a library with threads of its own cannot be forked
    # As a kernel sets it before its first import of Matplotlib.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger would print a warning
}
