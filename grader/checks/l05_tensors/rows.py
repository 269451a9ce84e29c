"""Exercise: the gradient of picking rows, where a row may be picked several times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.checks.l05_tensors.drawing import numbers
from grader.exercise import Exercise, Misconception
from grader.gradients import Gradient
from grader.probe import Inputs

Array = np.ndarray
Shape = tuple[int, int]


def rows_vjp(grad: Array, rows: Array, shape: Shape) -> Array:
    """The gradient for a table of this shape, when grad is the gradient of table[rows]."""
    total = np.zeros(shape)
    np.add.at(total, rows, grad)
    return total


def rows_cases(rng: np.random.Generator) -> list[Inputs]:
    """Rows picked once, out of order; rows picked again; a whole table of picks."""
    cases: list[Inputs] = []
    for count, picks, dim in [(3, 2, 2), (5, 3, 4), (7, 1, 3)]:
        while True:
            rows = rng.permutation(count)[:picks]
            if (rows != np.arange(picks)).all():  # a position is not taken for a row
                break
        cases.append((numbers(rng, picks, dim), rows, (count, dim)))
    for count, picks, dim in [(3, 3, 2), (4, 5, 3), (5, 8, 2)]:
        cases.append((numbers(rng, picks, dim), _with_repeats(rng, count, picks), (count, dim)))
    for count, batch, context, dim in [(5, 2, 3, 2), (7, 3, 4, 5)]:
        rows = np.stack([_with_repeats(rng, count, context) for _ in range(batch)])
        rows[1, 0] = rows[0, 0]  # and between the rows of the picks
        cases.append((numbers(rng, batch, context, dim), rows, (count, dim)))
    return cases


def _with_repeats(rng: np.random.Generator, count: int, picks: int) -> Array:
    """Picks of which one at least stands twice, and which leave a row out."""
    left_out = rng.integers(count)
    rows = rng.choice(np.delete(np.arange(count), left_out), size=picks)
    rows[-1] = rows[0]
    return rows


def _repeats(grad: Array, rows: Array, shape: Shape) -> bool:
    return len(np.unique(rows)) < rows.size


def _picked(grad: Array, rows: Array, table: Array) -> Array:
    return table[rows]


def _gradient(name: str, where: Callable[..., bool]) -> Gradient:
    return Gradient(
        name,
        forward=_picked,
        wrt="table",
        upstream="grad",
        at=lambda grad, rows, shape: np.zeros(shape),
        of="the table",
        where=where,
    )


def rows_vjp_one_by_one(grad: Array, rows: Array, shape: Shape) -> Array:
    """A loop over picks."""
    total = np.zeros(shape)
    for row, g in zip(rows.reshape(-1), grad.reshape(-1, shape[1]), strict=True):
        total[row] += g
    return total


def rows_vjp_as_a_product(grad: Array, rows: Array, shape: Shape) -> Array:
    """Picking rows is a product with a table of ones and zeros; so its rule is matmul's."""
    one_hot = (rows.reshape(-1, 1) == np.arange(shape[0])).astype(float)
    return one_hot.T @ grad.reshape(-1, shape[1])


def _last_pick_wins(grad: Array, rows: Array, shape: Shape) -> Array:
    total = np.zeros(shape)
    total[rows] += grad
    return total


def _along_first_axis(grad: Array, rows: Array, shape: Shape) -> Array:
    total = np.zeros(shape)
    for row, g in zip(rows, grad, strict=True):
        total[row] += g
    return total


def _mean_of_picks(grad: Array, rows: Array, shape: Shape) -> Array:
    counts = np.bincount(rows.reshape(-1), minlength=shape[0])
    return rows_vjp(grad, rows, shape) / np.maximum(counts, 1)[:, None]


def _counts(grad: Array, rows: Array, shape: Shape) -> Array:
    return rows_vjp(np.ones_like(grad), rows, shape)


def _positions(grad: Array, rows: Array, shape: Shape) -> Array:
    total = np.zeros(shape)
    flat = grad.reshape(-1, shape[1])[: shape[0]]
    total[: len(flat)] = flat
    return total


def _picked_rows_only(grad: Array, rows: Array, shape: Shape) -> Array:
    return rows_vjp(grad, rows, shape)[np.unique(rows)]


def _everywhere(grad: Array, rows: Array, shape: Shape) -> Array:
    return np.zeros(shape) + grad.reshape(-1, shape[1]).sum(axis=0)


ROWS = Exercise(
    id="tensors.rows_vjp",
    lesson="05_tensors",
    title="Gradient of picking rows",
    points=3,
    reference=rows_vjp,
    cases=rows_cases,
    may_return_input=True,
    criteria=[
        _gradient(
            "sends each gradient to the row that was picked",
            lambda grad, rows, shape: not _repeats(grad, rows, shape),
        ),
        _gradient(
            "adds up where a row was picked more than once",
            lambda grad, rows, shape: rows.ndim == 1 and _repeats(grad, rows, shape),
        ),
        _gradient("takes picks with two axes", lambda grad, rows, shape: rows.ndim == 2),
    ],
    misconceptions=[
        Misconception(
            "repeats_lost",
            _last_pick_wins,
            "A row that was picked several times gets only the last gradient. `total[rows] += "
            "grad` reads all the old values, adds, and writes once for each place: of several "
            "writes to one row the last one stays. `np.add.at(total, rows, grad)` adds them all.",
        ),
        Misconception(
            "repeats_lost_in_each_example",
            _along_first_axis,
            "With picks of two axes the loop meets whole rows of picks, and inside one of them "
            "repeats are lost. `np.add.at` takes picks of any shape; or loop over "
            "`rows.reshape(-1)`.",
        ),
        Misconception(
            "mean_of_picks",
            _mean_of_picks,
            "A row picked several times gets the mean of its gradients. Each use changes the loss, "
            "so their effects add up: sum.",
        ),
        Misconception(
            "counts_only",
            _counts,
            "These are counts: how often each row was picked. Each pick brings its own gradient, "
            "which is in `grad`.",
        ),
        Misconception(
            "position_for_row",
            _positions,
            "Gradient number i goes to row i. It belongs to the row that pick i asked for: "
            "`rows[i]`.",
        ),
        Misconception(
            "rows_of_grad",
            lambda grad, rows, shape: grad[rows],
            "Here `rows` picks from `grad`, or from an array of its shape. But `rows` are places "
            "in the *table*: start from zeros of `shape`, and add each gradient at the row it "
            "came from.",
        ),
        Misconception(
            "picked_rows_only",
            _picked_rows_only,
            "Only rows that were picked come back. The gradient has the shape of the whole table; "
            "rows that nobody picked have 0.",
        ),
        Misconception(
            "every_row_gets_all",
            _everywhere,
            "Every row gets the sum of all gradients. A row only affects the places where it was "
            "picked.",
        ),
    ],
    alternatives=[rows_vjp_one_by_one, rows_vjp_as_a_product],
    hints=[
        "Start with zeros of the table's shape. To which row does `grad[0]` belong? And if `rows` "
        "names that row twice?",
        "`total[rows] += grad` looks right and loses repeats: NumPy writes each row once.",
        "`np.add.at(total, rows, grad)` adds one after the other, for picks of any shape.",
    ],
)
