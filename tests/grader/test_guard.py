"""An answer that takes too long is stopped near its limit; what it prints is caught and cut."""

import gc
import signal
import sys
import threading
import time

import numpy as np
import pytest

from grader.guard import (
    MAX_PRINTED,
    AskedForInput,
    TimeLimitExceeded,
    call_within,
    captured_output,
    no_input,
)

LIMIT = 0.15
NEAR = 1.0  # a busy machine may take its time; a loop without end would take for ever
needs_alarm = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no interval timer: POSIX has one"
)


def runs_on():
    while True:
        pass


def catches_exceptions():
    while True:
        try:  # noqa: SIM105
            int("x")
        except Exception:
            pass


def catches_everything():
    while True:
        try:  # noqa: SIM105
            time.sleep(10)
        except:  # noqa: E722
            pass


def catches_everything_twice():
    while True:
        try:
            try:
                time.sleep(0.01)
            except BaseException:
                time.sleep(0.01)
        except BaseException:
            pass


def sleeps():
    time.sleep(10)


def multiplies():
    a = np.ones((300, 300))
    while True:
        a @ a


def prints():
    with captured_output():
        while True:
            print("again")


STOPPED = [runs_on, catches_exceptions, multiplies]


def seconds_until_stopped(body) -> float:
    started = time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        call_within(LIMIT, body)
    return time.monotonic() - started


@needs_alarm
@pytest.mark.parametrize(
    "body", [*STOPPED, sleeps, catches_everything, catches_everything_twice, prints]
)
def test_an_answer_that_goes_on_is_stopped_near_the_limit(body):
    assert LIMIT * 0.9 < seconds_until_stopped(body) < NEAR
    assert sys.gettrace() is None or "guard" not in repr(sys.gettrace())


@pytest.mark.parametrize("body", STOPPED)
def test_it_is_stopped_off_the_main_thread_too(body):
    took = []
    thread = threading.Thread(target=lambda: took.append(seconds_until_stopped(body)))
    thread.start()
    thread.join(timeout=20)
    assert LIMIT * 0.9 < took[0] < 4 * NEAR


def test_a_quick_answer_is_left_alone():
    assert call_within(10, sum, range(10)) == 45


def test_what_the_answer_raises_comes_through():
    with pytest.raises(ZeroDivisionError):
        call_within(10, lambda: 1 / 0)


@needs_alarm
def test_the_handler_and_timer_of_others_are_restored():
    handler = signal.getsignal(signal.SIGALRM)
    remaining, _ = signal.getitimer(signal.ITIMER_REAL)
    assert call_within(5, signal.getsignal, signal.SIGALRM) is not handler
    assert signal.getsignal(signal.SIGALRM) is handler
    after, _ = signal.getitimer(signal.ITIMER_REAL)
    assert after <= remaining
    assert (after > 0) == (remaining > 0)


@needs_alarm
def test_an_alarm_of_others_that_was_due_meanwhile_still_goes_off():
    went_off = threading.Event()
    handler = signal.signal(signal.SIGALRM, lambda *_: went_off.set())
    before = signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(TimeLimitExceeded):
            call_within(0.2, runs_on)
        deadline = time.monotonic() + 5
        while not went_off.is_set() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert went_off.is_set()
    finally:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *before)


def leave_in_time_or_not(times: int) -> int:
    """Bodies that end just when their limit does; returns how many were interrupted."""

    def wait(seconds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass

    interrupted = 0
    for i in range(times):
        try:
            call_within(0.002, wait, 0.0015 + 0.00001 * (i % 100))
        except TimeLimitExceeded:
            interrupted += 1
    return interrupted


@needs_alarm
def test_no_alarm_strikes_after_the_guard_is_left():
    assert 0 < leave_in_time_or_not(500) < 500
    for _ in range(5):  # further interrupts would come every 20 ms
        time.sleep(0.01)


def test_nothing_strikes_a_thread_after_the_guard_is_left():
    outcome: list[object] = []

    def body():
        try:
            leave_in_time_or_not(150)
            for _ in range(5):
                time.sleep(0.01)
            outcome.append("went on")
        except BaseException as error:
            outcome.append(error)

    threads = threading.active_count()
    thread = threading.Thread(target=body)
    thread.start()
    thread.join(timeout=60)
    assert outcome == ["went on"]
    assert threading.active_count() <= threads


def test_guards_can_be_nested():
    def outer():
        with pytest.raises(TimeLimitExceeded):
            call_within(LIMIT, runs_on)
        return sum(range(3))

    assert call_within(10, outer) == 3


def test_no_garbage_is_collected_meanwhile():
    assert gc.isenabled()
    assert call_within(10, gc.isenabled) is False
    assert gc.isenabled()


def test_output_is_caught_and_cut():
    with captured_output() as output:
        for _ in range(1000):
            print("x" * 10_000)
        print("error", file=sys.stderr)
    assert output.text() == "x" * MAX_PRINTED


def test_output_to_both_streams_is_caught_in_order(capsys):
    with captured_output() as output:
        print("one")
        print("two", file=sys.stderr)
        sys.stdout.flush()
    assert output.text() == "one\ntwo\n"
    assert capsys.readouterr() == ("", "")


def test_only_text_can_be_written():
    with captured_output() as output:
        for wrong in (b"bytes", 3, ["list"]):
            with pytest.raises(TypeError, match="must be str"):
                sys.stdout.write(wrong)
        print("\ud800")
    assert output.text() == "\\ud800\n"


def test_an_answer_may_close_its_output():
    with captured_output() as output:
        print("before")
        sys.stdout.close()
    assert output.text() == "before\n"
    print("and ours is open")


def test_input_is_refused_and_comes_back():
    asked = __builtins__["input"] if isinstance(__builtins__, dict) else __builtins__.input
    with no_input():
        with pytest.raises(AskedForInput, match="nobody types"):
            input("name? ")
        assert sys.stdin.read() == ""
    assert input is asked
