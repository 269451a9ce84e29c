"""The probe reports what an answer did as plain data, whatever the answer is."""

import functools
import threading
import time
import warnings
from unittest.mock import MagicMock, Mock

import numpy as np
import pytest

from grader import plain
from grader.plain import Foreign
from grader.probe import Request, Sighting, call, observe, readable, reply, value
from grader.prober import WireProber
from grader.sources import used_names


def seen(answer, *inputs, **request):
    """The one observation of an answer called once."""
    return observe(answer, Request([inputs], **request)).observations[0]


def test_a_result_comes_back_as_plain_data():
    observation = seen(lambda x: (x + 1, "a", None), np.array([1.0]))
    assert observation.result[0].tolist() == [2.0]
    assert observation.result[1:] == ("a", None)
    assert observation.fault is None


def test_the_answer_works_on_a_copy_of_the_inputs():
    x = np.zeros(2)
    observation = seen(lambda x: x.fill(7), x)
    assert x.tolist() == [0.0, 0.0]
    assert observation.mutated == (0,)


class AlwaysEqual:
    def __eq__(self, other):
        return True

    __hash__ = None


def put(container, key, item):
    container[key] = item


@pytest.mark.parametrize(
    ("inputs", "change"),
    [
        ((np.zeros(2),), lambda x: put(x, 0, 1.0)),
        ((np.zeros(2),), lambda x: put(x, 0, -0.0)),
        ((np.zeros((2, 3)),), lambda x: setattr(x, "shape", (3, 2))),
        (([1, 2],), lambda x: x.append(3)),
        (([1, 2],), lambda x: put(x, 0, AlwaysEqual())),
        (([1, 2],), lambda x: put(x, 0, True)),
        (([[1], [2]],), lambda x: put(x, 1, 5)),
        (([np.zeros(1)],), lambda x: put(x, 0, np.zeros(1).view(np.matrix))),
        (({"a": {"b": 1}},), lambda x: put(x, "a", 3)),
        (({"a": 1},), lambda x: put(x, "b", 3)),
    ],
)
def test_every_change_of_an_input_is_noticed(inputs, change):
    assert seen(change, *inputs).mutated == (0,)


@pytest.mark.parametrize(
    "inputs", [(np.array([np.nan, 1.0]), [np.nan], {"a": (1, "x")}, None, 3, "text")]
)
def test_inputs_that_are_only_read_count_as_unchanged(inputs):
    assert seen(lambda *x: None, *inputs).mutated == ()


@pytest.mark.parametrize(
    ("answer", "aliased"),
    [
        (lambda x: x, True),
        (lambda x: x[::-1], True),
        (lambda x: x.T, True),
        (lambda x: (1, [x])[::1], True),
        (lambda x: x.copy(), False),
        (lambda x: x + 0, False),
    ],
)
def test_a_result_that_shares_memory_with_an_input_is_noticed(answer, aliased):
    assert seen(answer, np.zeros((2, 3))).aliased is aliased


class SaysNothing(Exception):
    def __str__(self):
        raise RuntimeError


class SaysForEver(Exception):
    def __str__(self):
        while True:
            pass


class SaysExit(Exception):
    def __str__(self):
        raise SystemExit


class Words(str):
    __slots__ = ()

    def __getitem__(self, index):
        raise RuntimeError


class SaysWords(Exception):
    def __str__(self):
        return Words("words")


class Unnameable(type):
    def __getattribute__(cls, name):
        if name in ("__name__", "__qualname__", "__module__"):
            raise RuntimeError
        return super().__getattribute__(name)


class Hidden(Exception, metaclass=Unnameable):
    pass


def raising(error):
    def answer():
        raise error

    return answer


def recursion():
    return recursion()


@pytest.mark.parametrize(
    ("answer", "type", "message"),
    [
        (raising(ValueError("no")), "ValueError", "no"),
        (raising(SystemExit(3)), "SystemExit", "3"),
        (raising(GeneratorExit()), "GeneratorExit", ""),
        (raising(SaysNothing()), "SaysNothing", ""),
        (raising(SaysForEver()), "SaysForEver", ""),
        (raising(SaysExit()), "SaysExit", ""),
        (raising(SaysWords()), "SaysWords", "words"),
        (raising(Hidden("x")), "Hidden", "x"),
        (raising(ValueError("x" * 10_000)), "ValueError", "x" * 500),
        (raising(ValueError("\ud800")), "ValueError", "\\ud800"),
        (lambda: input("?"), "AskedForInput", "nobody types"),
        (recursion, "RecursionError", "maximum recursion depth"),
        (lambda x: x, "TypeError", "missing 1 required positional argument"),
        (lambda: np.zeros(10**15), "MemoryError", "Unable to allocate"),
    ],
)
def test_whatever_an_answer_raises_is_described(answer, type, message):
    fault = seen(answer).fault
    assert fault.type == type
    assert message in fault.message


def test_the_stop_button_still_works():
    """An answer that raises it itself cannot be told from the button, so it comes through too."""
    with pytest.raises(KeyboardInterrupt):
        seen(raising(KeyboardInterrupt()))


def test_the_learners_own_line_is_quoted():
    def broken(x):
        return np.linalg.inv(x)  # raises deep inside NumPy

    fault = seen(broken, np.zeros((2, 2))).fault
    assert fault.type == "LinAlgError"
    assert "in broken: return np.linalg.inv(x)  # raises deep inside NumPy" in fault.line


def test_the_cases_share_one_time_limit():
    started = time.monotonic()
    request = Request([(0.01,), (60.0,), (60.0,)], seconds=0.3)
    observations = observe(time.sleep, request).observations
    assert time.monotonic() - started < 3
    assert [o.fault and o.fault.type for o in observations] == [None] + 2 * ["TimeLimitExceeded"]


def test_a_stub_is_asked_once():
    asked = []

    def stub(x):
        asked.append(x)
        raise NotImplementedError

    faults = [o.fault.type for o in observe(stub, Request([(1,), (2,)])).observations]
    assert faults == ["NotImplementedError"] * 2
    assert asked == [1]


def test_what_is_printed_is_kept_and_cut(capsys):
    observation = seen(lambda: [print("x" * 1000) for _ in range(10_000)] and None)
    assert observation.printed.startswith("x" * 1000 + "\n")
    assert len(observation.printed) <= 2000
    assert capsys.readouterr().out == ""


def test_warning_filters_and_numpys_error_state_are_put_back():
    def careless():
        warnings.simplefilter("error")
        np.seterr(all="raise")
        return 1

    filters, state = list(warnings.filters), np.geterr()
    assert seen(careless).result == 1
    assert warnings.filters == filters
    assert np.geterr() == state


def test_warnings_of_an_answer_are_not_errors():
    observation = seen(lambda x: np.log(x), np.array([-1.0]))
    assert observation.fault is None
    assert np.isnan(observation.result).all()


@pytest.mark.parametrize(
    "answer",
    [
        Mock(),
        MagicMock(),
        functools.partial(np.sum, axis=0),
        np.sign,
        len,
        int,
        functools.lru_cache(abs),
        functools.wraps(abs)(lambda x: x),
        np.vectorize(lambda x: x),
        type("Callable", (), {"__call__": lambda self, x: x})(),
        type("Magic", (), {"__getattr__": lambda self, name: type(self)()})(),
        type("Loops", (), {"__getattr__": lambda self, name: [0 for _ in iter(int, 1)]})(),
        type("Quits", (), {"__getattr__": lambda self, name: exit()})(),
        Unnameable("NoName", (), {}),
        None,
        3,
        "text",
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_any_object_can_be_observed_and_sent(answer):
    request = Request([(np.array([1.0]),)], seconds=0.3)
    sighting = observe(answer, request)
    assert len(sighting.observations) == 1
    assert Sighting.from_plain(plain.loads(plain.dumps(sighting.to_plain())))


def test_a_thread_that_an_answer_leaves_behind_stops_nothing():
    stop = threading.Event()
    observation = seen(lambda: threading.Thread(target=stop.wait).start())
    assert observation.fault is None
    stop.set()


def probe_of_two(answer, a, b):
    """A probe that travels as source."""
    return {"sum": answer(a, b), "numpy": np.add(a, b)}


def test_a_probe_travels_as_source_and_gives_the_same():
    request = Request([(1, 2)], probe_of_two)
    here = observe(max, request)
    there = WireProber(functools.partial(reply, max)).observe(request)
    assert there == here


@pytest.mark.parametrize("probe", [call, value])
def test_the_probes_of_functions_and_results_travel_by_name(probe):
    request = Request([()], probe)
    assert request.to_plain()["source"] == ""
    assert Request.from_plain(plain.loads(plain.dumps(request.to_plain()))) == Request([()], probe)


def good_sighting() -> dict:
    return observe(lambda x: x, Request([(1,)])).to_plain()


FORGERIES = [
    lambda s: [],
    lambda s: {},
    lambda s: "text",
    lambda s: {**s, "observations": 3},
    lambda s: {**s, "observations": [3]},
    lambda s: {**s, "observations": []},
    lambda s: {**s, "observations": s["observations"] * 2},
    lambda s: {**s, "uses": [1]},
    lambda s: {**s, "answer_type": None},
    *(
        lambda s, change=change: {**s, "observations": [{**s["observations"][0], **change}]}
        for change in (
            {"fault": {"type": 1, "message": "x"}},
            {"fault": {"message": "x"}},
            {"fault": {"type": "A", "message": "x", "more": "y"}},
            {"fault": "text"},
            {"printed": 1},
            {"mutated": [-1]},
            {"mutated": [7]},
            {"mutated": [True]},
            {"mutated": 1},
        )
    ),
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_sighting_is_a_value_error(forge):
    line = plain.dumps(forge(good_sighting()))
    with pytest.raises(ValueError, match=r"."):
        WireProber(lambda sent: line).observe(Request([(1,)]))


def test_text_from_elsewhere_is_cut_and_readable():
    forged = good_sighting()
    forged["observations"][0]["printed"] = "\ud800" + "x" * 100_000
    sighting = Sighting.from_plain(forged)
    assert len(sighting.observations[0].printed) < 3000
    sighting.observations[0].printed.encode()
    assert readable("a\ud800") == "a\\ud800"


def uses_scipy(x):
    import scipy.special

    return scipy.special.softmax(np.linalg.norm(x))


def test_the_library_names_in_an_answer_are_listed():
    names = used_names(uses_scipy)
    assert {"scipy.special", "numpy.linalg.norm"} <= set(names)


def test_results_that_are_not_plain_arrive_as_foreign():
    assert seen(lambda: (i for i in range(3))).result == Foreign("generator")
    assert seen(lambda: MagicMock()).result == Foreign("unittest.mock.MagicMock")
