"""Races are found by sorting; here the definition itself, pair by pair, is the oracle."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.kernels.instrument.log import ArrayInfo, Log
from course_lib.kernels.instrument.races import find_races, racing_rows
from course_lib.kernels.instrument.recorder import ATOMIC, READ

THREADS = 3  # in a block
SHARED, GLOBAL = 0, 1
ARRAYS = tuple(ArrayInfo(space[0], space, (3,), 4, (4,)) for space in ("shared", "global"))
access = st.tuples(
    st.integers(0, 2 * THREADS - 1),  # thread
    st.integers(0, 1),  # phase
    st.sampled_from([SHARED, GLOBAL]),
    st.integers(0, 2),  # cell
    st.integers(0, 2),  # kind
)


def log_of(accesses: list[tuple[int, ...]]) -> Log:
    columns = np.array(accesses, dtype=np.int64).reshape(-1, 5).T
    thread, phase, array, cell, kind = columns
    return Log(thread, thread // THREADS, phase, array, cell, kind, kind.copy(), ARRAYS)


def pair_races(one: tuple[int, ...], two: tuple[int, ...]) -> bool:
    """The definition in `races`, word by word."""
    same_cell = one[2:4] == two[2:4]
    same_block = one[0] // THREADS == two[0] // THREADS
    unordered = one[1] == two[1] if same_block else one[2] == GLOBAL
    kinds = {one[4], two[4]}
    changed = kinds != {READ} and kinds != {ATOMIC}
    return same_cell and one[0] != two[0] and unordered and changed


@settings(max_examples=400)
@given(st.lists(access, max_size=12))
def test_a_race_is_found_exactly_where_a_pair_of_accesses_races(accesses) -> None:
    pairs = [pair for pair in combinations(accesses, 2) if pair_races(*pair)]
    log = log_of(accesses)
    races = find_races(log)
    assert bool(races) == bool(pairs)
    assert {(int(log.array[r.change])) for r in races} == {one[2] for one, _ in pairs}
    for race in races:
        one, two = (accesses[k] for k in race[:2])
        assert pair_races(one, two)
        assert race.between_blocks == (one[0] // THREADS != two[0] // THREADS)
        assert one[4] != READ
        assert int(log.cell[race.change]) in race.cells
    raced = {(one[2], one[3]) for one, _ in pairs}
    assert {(int(log.array[r.change]), c) for r in races for c in r.cells} <= raced
    racing = {k for pair in pairs for k, a in enumerate(accesses) if a in pair}
    assert racing <= set(np.flatnonzero(racing_rows(log)).tolist())


@given(st.lists(access, max_size=12), st.randoms(use_true_random=False))
def test_the_order_in_which_threads_ran_changes_nothing(accesses, random) -> None:
    """Whatever the schedule: another order of the same accesses has races in the same places."""
    shuffled = list(accesses)
    random.shuffle(shuffled)

    def found(some: list[tuple[int, ...]]) -> set[tuple[int, ...]]:
        log = log_of(some)
        marked = np.flatnonzero(racing_rows(log))
        return {(int(log.array[k]), int(log.cell[k])) for k in marked}

    assert found(accesses) == found(shuffled)
    assert bool(find_races(log_of(accesses))) == bool(find_races(log_of(shuffled)))
