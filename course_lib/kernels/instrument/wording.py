"""Turns what a run showed into findings, in words for the author of the kernel.

Adds to `report`: the sentences. Each names the threads, the array, the cell and the lines.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

import numpy as np

from course_lib.kernels.instrument.branches import barriers_in_branches
from course_lib.kernels.instrument.log import Dims3, Log, Shape
from course_lib.kernels.instrument.races import Race, find_races
from course_lib.kernels.instrument.recorder import WRITE, Fault, Recorder
from course_lib.kernels.instrument.report import VERBS, Finding, show_index
from course_lib.kernels.instrument.threads import Stop

MOST_THREADS = 8  # so many are named in a finding


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Wording:
    """Words the findings of one run."""

    def __init__(self, recorder: Recorder, log: Log, shape: Shape, text: Sequence[str], first: int):
        """Keep the source too: `text`, whose first line is number `first` of the file."""
        self._recorder, self._log, self._shape = recorder, log, shape
        self._text, self._first = text, first
        self._lines: dict[int, int] = {}
        self._races: list[Race] = []

    def line(self, site: int) -> int:
        """The source line of a site."""
        if site not in self._lines:
            self._lines[site] = self._recorder.line(site)
        return self._lines[site]

    def source(self, line: int) -> str:
        """The text of a source line, if it is to be had."""
        k = line - self._first
        return self._text[k].strip() if 0 <= k < len(self._text) else ""

    def races(self) -> Iterator[Finding]:
        """Races, merged where array and lines are the same."""
        merged: dict[tuple[object, ...], tuple[Race, frozenset[int]]] = {}
        self._races = find_races(self._log)
        for race in self._races:
            lines = sorted(self.line(int(self._log.site[k])) for k in race[:2])
            key = (int(self._log.array[race.change]), *lines, race.update)
            first, cells = merged.get(key, (race, frozenset()))
            merged[key] = (first, cells | race.cells)
        for race, cells in merged.values():
            yield self._race(race, len(cells))

    def _race(self, race: Race, cells: int) -> Finding:
        log, rows = self._log, (race.change, race.other)
        info = log.arrays[int(log.array[race.change])]
        index = tuple(int(k) for k in np.unravel_index(int(log.cell[race.change]), info.shape))
        line, other_line = (self.line(int(log.site[row])) for row in rows)
        threads = [int(log.thread[row]) for row in rows]
        one, two = map(self._shape.name, threads)
        cell = f"{info.name}[{show_index(index)}]"
        kinds = [int(log.kind[row]) for row in rows]
        if race.update:
            message = (
                f"{one} and {two} each read {cell}, change it and write it back at line {line}: "
                "one of the changes is lost. Use an atomic, such as cuda.atomic.add"
            )
        else:
            message = (
                f"{one} {VERBS[kinds[0]]} {cell} at line {line}, and {two} {VERBS[kinds[1]]} it "
                f"at line {other_line}: {self._why(race, info.space)}"
            )
            if kinds == [WRITE, WRITE]:
                message += " (a race even if both write the same value)"
        more = f"; the same happens to {_count(cells - 1, 'more cell')} of {info.name}."
        message += more if cells > 1 else "."
        return Finding(
            "non_atomic_update" if race.update else "race",
            f"{info.space.capitalize()} memory, race: {message}", line, self.source(line),
            other_line, info.name, index, info.shape,
            tuple(map(self._shape.place, threads)), int(log.phase[race.change]), cells,
        )  # fmt: skip

    def _why(self, race: Race, space: str) -> str:
        """What is missing between the two accesses."""
        if race.between_blocks:
            return "no barrier orders the threads of different blocks"
        phase = int(self._log.phase[race.change])
        return f"both in phase {phase}, with no cuda.syncthreads() between them"

    def faults(self) -> Iterator[Finding]:
        """Accesses that are wrong by themselves, merged by line and array; after `races`."""
        raced_arrays = {int(self._log.array[race.change]) for race in self._races}
        faults = sorted(self._recorder.faults, key=self._place)  # stable: the first comes first
        for _, group in groupby(faults, key=self._place):
            members = list(group)
            if members[0].kind == "unwritten" and members[0].array in raced_arrays:
                continue  # whether it was written yet depends on the race, which is named already
            yield self._fault(members)

    def _place(self, fault: Fault) -> tuple[str, int, int, int]:
        """What makes faults one finding: array and line, or only the array if nobody wrote it."""
        if fault.kind == "unwritten":
            return fault.kind, fault.array, 0, 0
        return fault.kind, fault.array, self.line(fault.site), fault.access

    def _fault(self, members: Sequence[Fault]) -> Finding:
        first, threads = members[0], list(dict.fromkeys(fault.thread for fault in members))
        array, line = self._recorder.arrays[first.array], self.line(first.site)
        cell = f"{array.name}[{show_index(first.cell)}]"
        message = f"{self._shape.name(threads[0])} {VERBS[first.access]} {cell} at line {line}"
        if first.kind == "unwritten":
            message += f", a cell of a {array.space} array that nobody has written"
        else:
            message += f", but {array.name} has shape {tuple(array.shape)}"
            negative = min(first.cell) < 0
            message += " and an index must not be negative" if negative else ""
        others = len(threads) - 1
        verb = "does" if others == 1 else "do"
        message += f"; so {verb} {_count(others, 'other thread')}." if others else "."
        head = "Out of range" if first.kind == "out_of_range" else "Unwritten memory"
        return Finding(
            first.kind, f"{head}: {message}", line, self.source(line), line, array.name,
            first.cell, tuple(array.shape), self._examples(threads), first.phase, len(threads),
        )  # fmt: skip

    def _examples(self, threads: Sequence[int]) -> tuple[tuple[Dims3, Dims3], ...]:
        return tuple(map(self._shape.place, threads[:MOST_THREADS]))

    def branches(
        self, source: str | None, waiting: Collection[str], known: Sequence[Finding]
    ) -> Iterator[Finding]:
        """Barriers under a condition that depends on the thread, unless a run showed it.

        `waiting` names the device functions that have a barrier.
        """
        if source is None or any(finding.kind == "divergent_barrier" for finding in known):
            return
        for barrier, condition in barriers_in_branches(source, waiting):
            line, why = barrier + self._first - 1, condition + self._first - 1
            direct = "syncthreads" in self.source(line)
            what = "cuda.syncthreads()" if direct else "the barrier of the function called"
            yield Finding(
                "barrier_in_branch",
                f"Barrier in a branch: whether a thread reaches {what} at line {line} depends on "
                f"the thread, by the condition at line {why}. All threads of a block must reach "
                "it, also at sizes where some miss it.",
                line, self.source(line), why,
            )  # fmt: skip

    def stop(self, stop: Stop) -> Finding:
        """Why the run ended early."""
        where = self._shape.place(stop.thread)
        if stop.kind == "divergent_barrier":
            return self._divergent(stop)
        if stop.kind == "step_limit":
            line = self.line(stop.site)
            message = (
                f"Too long: stopped after {self._recorder.limit} accesses, at line {line}, in "
                f"{self._shape.name(stop.thread)}. Does a loop never end? If not, raise the limit."
            )
            return Finding(stop.kind, message, line, self.source(line), threads=(where,))
        error = stop.error
        message = f"Error: {self._shape.name(stop.thread)}, line {stop.line}: "
        name = type(error).__name__
        message += str(error) if name == "KernelMistake" else f"{name}: {error}"
        return Finding("error", message, stop.line, self.source(stop.line), threads=(where,))

    def _divergent(self, stop: Stop) -> Finding:
        """Some threads of a block wait where others do not come."""
        groups: dict[int, list[int]] = {}
        for thread, site in stop.places:
            groups.setdefault(self.line(site) if site >= 0 else 0, []).append(thread)
        parts = []
        for line, threads in sorted(groups.items(), key=lambda item: item[0] == 0):
            does = f"at the barrier of line {line}" if line else "at the end of the kernel"
            who = self._shape.name(threads[0])
            more = f" and {len(threads) - 1} more" if len(threads) > 1 else ""
            parts.append(f"{who}{more} {'are' if more else 'is'} {does}")
        line = min(line for line in groups if line)
        first = [threads[0] for threads in groups.values()]
        return Finding(
            stop.kind,
            f"Divergent barrier: {', '.join(parts)}. Every thread of a block must reach the same "
            "cuda.syncthreads().",
            line, self.source(line), max(groups), threads=self._examples(first),
            phase=stop.phase, count=len(stop.places),
        )  # fmt: skip
