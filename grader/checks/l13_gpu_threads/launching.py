"""What the exercises of lesson 13 share: the probe that launches a kernel, and what is judged.

A kernel runs watched, on copies of its arrays. The probe hands back what it wrote, every mistake
that was found in words, and what it asked of memory. Where two threads clash, it also draws which
thread of the clash read and wrote which cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.compare import difference, same
from grader.exercise import Criterion, Trial
from grader.plain import Plain
from grader.probe import Inputs, Request, run

Array = np.ndarray
When = Callable[[Sequence[Trial]], bool]

# What a cell of `out` holds before the launch: no right answer holds it.
NOT_WRITTEN = -999.0
# Races as the probe tells them apart: a read and a write, or two writes, in one block; blocks
# that meet; updates that are not atomic.
FROM_A_RACE = ("race", "both_write", "between_blocks", "non_atomic_update")
OF_A_BARRIER = ("divergent_barrier", "barrier_in_branch")


def launch(kernel: Any, arguments: Any, shape: Any, blocks: Any, threads: Any) -> Any:
    """Launch a kernel, watched, with one more array for what it computes. Travels as source."""
    from course_lib.kernels import Kernel, check_subset, watch

    def picture(race: Any) -> Any:
        """Threads against cells: who reads (r), writes (W) or updates (A) in the clash's phase."""
        (one, _), (two, _) = race.threads[:2]
        place = one[0] + watched.grid[0] * (one[1] + watched.grid[1] * one[2])
        events = watched.events(race.array, place if one == two else None)
        clashing = [e for e in events if e.clash and (e.phase == race.phase or one != two)]
        cells = list(dict.fromkeys(e.cell for e in clashing))[:8]
        rows = {f"{race.array}[...], phase {race.phase}": "".join(c.rjust(7) for c in cells)}
        for name in list(dict.fromkeys(e.thread for e in clashing))[:8]:
            marks = [
                "".join(
                    dict.fromkeys(e.kind[0] for e in clashing if (e.thread, e.cell) == (name, c))
                )
                for c in cells
            ]
            marks = [m.replace("w", "W").replace("a", "A") for m in marks]
            rows[f"thread {name}"] = "".join((m or ".").rjust(7) for m in marks)
        return rows

    def kind_of(finding: Any) -> str:
        """As the finding says; races by what a barrier could do about them."""
        if finding.kind != "race":
            return str(finding.kind)
        (one, _), (two, _) = finding.threads[:2]
        both = "even if both write" in finding.message
        return "between_blocks" if one != two else "both_write" if both else "race"

    def used_before_written() -> str:
        """The first cell of the result that a thread reads or updates before anybody writes it."""
        log = watched.log
        name = kernel.parameters[-1]
        rows = np.flatnonzero(log.array == [info.name for info in log.arrays].index(name))
        cells, first = np.unique(log.cell[rows], return_index=True)
        read = cells[log.kind[rows][first] != 1]
        if not len(read):
            return ""
        return f"{name}[{', '.join(str(k) for k in np.unravel_index(read[0], out.shape))}]"

    if not isinstance(kernel, Kernel):
        raise TypeError("this is no kernel: `@cuda.jit` belongs above its `def`")
    if "NotImplementedError" in kernel.function.__code__.co_names:
        raise NotImplementedError
    for refused in check_subset(kernel.source) if kernel.source else ():
        raise SyntaxError(str(refused))
    given = {k: np.array(a) if isinstance(a, np.ndarray) else a for k, a in arguments.items()}
    out = np.full(shape, -999.0, np.float32)
    watched = watch(kernel, blocks, threads, *given.values(), out, limit=20_000)
    result: dict[str, Any] = {"out": out}
    if watched.findings:
        result["found"] = [f.message for f in watched.findings[:4]]
    races = [f for f in watched.findings if f.kind in ("race", "non_atomic_update")]
    if races:
        result["who reads and writes"] = picture(races[0])
    traffic = {name: t for name, t in watched.traffic.items() if t.space == "global"}
    spaces = {name: t.space for name, t in watched.traffic.items()}
    counts: dict[Any, int] = {}
    for f in watched.findings:
        key = f"{kind_of(f)} {spaces.get(f.array, '-')} {f.array or '-'}"
        counts[key] = max(f.count, counts.get(key, 0))
    if counts:
        result["in short"] = sorted(f"{key} {count}" for key, count in counts.items())
    if not watched.finished:
        result["finished"] = False
    if used := used_before_written():
        result["used before it is written"] = used
    changed = [k for k, a in arguments.items() if k in traffic and not np.array_equal(a, given[k])]
    if changed:
        result["inputs changed"] = changed
    loads = ", ".join(f"{name} {t.loads}" for name, t in traffic.items() if name != "out")
    shares = ", ".join(f"{name} {t.efficiency:.0%}" for name, t in traffic.items())
    busiest = [watched.most(space, "load") for space in ("global", "shared")]
    result["asked of memory"] = (
        f"loads: {loads}; busiest thread: {busiest[0]} global, {busiest[1]} shared; "
        f"useful share of what is moved: {shares}; barriers passed: {watched.phases - 1}"
    )
    return result


@dataclass(frozen=True)
class Asked:
    """What a kernel asked of memory: the last line of what `launch` gives, read again."""

    loads: dict[str, int]
    busiest_global: int
    busiest_shared: int
    useful: dict[str, float]
    barriers: int


def asked(result: Plain) -> Asked:
    """Read the line."""
    loads, busiest, shares, barriers = result["asked of memory"].split("; ")
    of_global, of_shared = map(int, re.findall(r"\d+", busiest))
    return Asked(
        {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", loads)},
        of_global,
        of_shared,
        {name: int(share) / 100 for name, share in re.findall(r"(\w+) (\d+)%", shares)},
        int(barriers.split(": ")[1]),
    )


@dataclass(frozen=True)
class Computes(Criterion):
    """The array that the kernel fills holds what it should."""

    def complaint(self, trial: Trial) -> str | None:
        """Say why the run ended early, which cell nobody wrote, or which number is wrong."""
        came, required = trial.observed.result, trial.expected.result
        found = came.get("found", [])
        if "finished" in came:
            return str(found[0])
        if "inputs changed" in came:
            return f"the kernel writes to {came['inputs changed'][0]}, which it may only read"
        if found and difference(came["out"], required["out"], rtol=1e-4, atol=1e-4):
            return str(found[0])
        wrong = difference(
            came["out"], required["out"], rtol=1e-4, atol=1e-4, numbers="any", where="out"
        )
        if wrong and "used before it is written" in came:
            return (
                f"the kernel uses what {came['used before it is written']} holds before anything "
                f"is written there. That could be any number, not 0: here it is {NOT_WRITTEN:g}"
            )
        left = np.argwhere(came["out"] == NOT_WRITTEN)
        if len(left):
            cell = ", ".join(str(int(k)) for k in left[0])
            more = f", nor to {len(left) - 1} more" if len(left) > 1 else ""
            return f"no thread writes to out[{cell}]{more}"
        return wrong


@dataclass(frozen=True)
class Sound(Criterion):
    """The watch found nothing: no clash, no index out of range, no barrier that some miss."""

    def complaint(self, trial: Trial) -> str | None:
        """The first finding, in full."""
        found = trial.observed.result.get("found", [])
        return str(found[0]) if found else None


@dataclass(frozen=True)
class Thrifty(Criterion):
    """The kernel keeps within a budget: `budget(result, *inputs)` says what it spends too much of.

    Unlike `Holds`, it is no complaint about an answer that could not be run.
    """

    budget: Callable[..., str | None] = lambda result, *inputs: None

    def complaint(self, trial: Trial) -> str | None:
        """What the budget says."""
        return self.budget(trial.observed.result, *trial.inputs)


def floats(rng: np.random.Generator, *shape: int) -> Array:
    """Numbers with one digit, none of them 0, 1 or twice the same in a row."""
    numbers = rng.permutation(np.arange(2, 2 + 2 * int(np.prod(shape))))[: int(np.prod(shape))]
    signs = rng.choice([-1, 1], size=len(numbers))
    return (numbers * signs / 2).reshape(shape).astype(np.float32)


def kinds(trial: Trial) -> set[tuple[str, str, str]]:
    """(kind, space, array) of what was found."""
    split = (text.split(" ") for text in trial.observed.result.get("in short", ()))
    return {(kind, space, array) for kind, space, array, _ in split}


def computed(trial: Trial) -> bool:
    """Whether `out` is right."""
    required = trial.expected.result["out"]
    return difference(
        trial.observed.result["out"], required, rtol=1e-4, atol=1e-4, numbers="any"
    ) is None  # fmt: skip


def finds(*wanted: str, space: str = "", array: str = "", only: bool = False) -> When:
    """Whether something of these kinds was found, in this space and array; nothing else if only."""

    def fits(kind: str, where: str, which: str) -> bool:
        return kind in wanted and where == (space or where) and which == (array or which)

    def matches(trials: Sequence[Trial]) -> bool:
        found = [kind for trial in trials for kind in kinds(trial)]
        fitting = [fits(*kind) for kind in found]
        return all(fitting) and bool(found) if only else any(fitting)

    return matches


def correct(trials: Sequence[Trial]) -> bool:
    """Whether every `out` is right."""
    return all(map(computed, trials))


def passes_barriers(trials: Sequence[Trial]) -> bool:
    """Whether threads came to a barrier at all."""
    return any(asked(trial.observed.result).barriers for trial in trials)


def both(*tests: When) -> When:
    """Whether all tests hold."""
    return lambda trials: all(test(trials) for test in tests)


def like(*wrong: Any, counts: bool = False) -> When:
    """Whether one of these kernels does the same: the same `out`, and the same kinds of mistakes.

    A finding's text names lines and variables, which differ from answer to answer, so it is left
    out. With counts, as many threads or cells must be concerned, of the same arrays.
    """
    known: dict[tuple[int, int], tuple[Trial, Plain]] = {}  # the judge asks more than once

    def of(kernel: Any, trial: Trial) -> Plain:
        key = id(kernel), id(trial)
        if key not in known or known[key][0] is not trial:
            if len(known) > 50:
                known.clear()
            (seen,) = run(kernel, Request([trial.inputs], trial.probe, 2.0))
            known[key] = trial, seen.result
        return known[key][1]

    def alike(kernel: Any, trial: Trial) -> bool:
        came = _essence(trial.observed.result, counts)
        return same(came, _essence(of(kernel, trial), counts))

    def matches(trials: Sequence[Trial]) -> bool:
        return any(all(alike(kernel, trial) for trial in trials) for kernel in wrong)

    return matches


def _essence(result: dict[str, Plain], counts: bool) -> Plain:
    """What two answers with the same mistake have in common."""
    found = sorted(
        {text if counts else " ".join(text.split(" ")[:2]) for text in result.get("in short", ())}
    )
    return [np.nan_to_num(result["out"], nan=12345.0), found, "finished" in result]


def case(
    arguments: dict[str, Any], shape: tuple[int, ...], blocks: Any, threads: Any
) -> Inputs:  # fmt: skip
    """The inputs of `launch`."""
    return arguments, shape, blocks, threads
