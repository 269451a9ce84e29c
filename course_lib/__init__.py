"""Reference implementations of the course: readable first, fast second, both measured.

Importing this package loads NumPy at most. PyTorch, Triton, Numba, scikit-learn and Matplotlib are
loaded by the modules and functions that need them, when they are used.
"""
