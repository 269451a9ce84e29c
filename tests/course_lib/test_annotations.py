import doctest
import subprocess
import sys

import jaxtyping
import numpy as np
import pytest

from course_lib import perceptron

HEAVY = ("torch", "triton", "numba", "sklearn", "matplotlib", "scipy", "IPython", "PIL")


def test_annotated_shapes_are_enforced_in_these_tests() -> None:
    X, w = np.zeros((2, 3)), np.zeros(4)
    with pytest.raises(jaxtyping.TypeCheckError):
        perceptron.weighted_sum(X, w, 0.0)


def test_every_worked_number_in_a_docstring_is_true() -> None:
    result = doctest.testmod(perceptron)
    assert result.attempted >= 6
    assert result.failed == 0


@pytest.mark.parametrize("module", ["course_lib", "course_lib.perceptron", "course_lib.data"])
def test_importing_course_lib_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_drawing_a_figure_never_loads_pyplot_or_pytorch() -> None:
    code = (
        "import sys, numpy as np; from course_lib import viz; "
        "viz.scatter(np.eye(2), np.array([-1, 1]), title='t').png(); "
        "print([m for m in ('matplotlib.pyplot', 'torch', 'sklearn') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
