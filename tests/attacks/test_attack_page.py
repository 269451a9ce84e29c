"""What the page on grading says about attacks is what happens.

With COURSE_UPDATE_PICTURES=1 the table is written anew. `COURSE_NBGRADER_ATTACKS` says how many
attacks are tried on nbgrader again; `python tests/attacks/on_nbgrader.py` tries all that are not in
its file yet.
"""

import os
import random
import shutil
from dataclasses import asdict

import attack_page
import pytest
from attack_table import Attack
from on_nbgrader import NOT_TRIED, generated, try_on_nbgrader
from test_attacks import ATTACKS

TRIED = [attack for attack in ATTACKS.values() if attack.name not in NOT_TRIED]
SAMPLE = random.Random(4).sample(TRIED, int(os.environ.get("COURSE_NBGRADER_ATTACKS", "2")))


def test_the_page_has_every_attack_with_what_nbgrader_does_and_what_we_do():
    if os.environ.get("COURSE_UPDATE_PICTURES") == "1":
        attack_page.update()
    assert attack_page.in_page() == attack_page.table()
    lines = attack_page.in_page().splitlines()
    assert all(any(line.startswith(f"| {a.name} |") for line in lines) for a in ATTACKS.values())


def test_each_attack_was_tried_on_nbgrader():
    assert set(attack_page.found()) == {attack.name for attack in TRIED}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
@pytest.mark.parametrize("attack", SAMPLE, ids=[attack.name for attack in SAMPLE])
def test_nbgrader_still_does_what_the_page_says(attack: Attack, tmp_path):
    fate = asdict(try_on_nbgrader(attack, generated(tmp_path / "room")))
    assert attack_page.theirs(attack, fate) == attack_page.theirs(
        attack, attack_page.found()[attack.name]
    )
