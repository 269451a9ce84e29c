"""What `course verify` shows, as tests: each grader judges as it should, and at once."""

import pytest
from material import COURSE, EXERCISES

from grader.verify import percentile_of_checks, verify
from grader.verify_command import released_stub


@pytest.mark.parametrize("id", EXERCISES)
def test_the_grader_of_an_exercise_is_proven(id, monkeypatch):
    # Shape annotations are enforced here and the machine is busy; time has its own test below.
    monkeypatch.setattr("grader.verify.MAX_SECONDS", 5.0)
    stub = released_stub(EXERCISES[id], COURSE)
    assert stub is not None, "the release has no cell for it"
    assert verify(EXERCISES[id], stub).gaps == []


def test_ninety_five_of_a_hundred_checks_take_less_than_half_a_second():
    assert 0 < percentile_of_checks(EXERCISES.values()) < 0.5
