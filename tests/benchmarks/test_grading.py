"""The simulated class of the grading benchmark; how fast it is graded is not a test's business."""

import ast

import nbformat

from benchmarks import grading

RIGHT = """def double(x):
    y = 2 * x
    return y


class Net:
    def fit(self, X):
        return X
"""
LEFT_OPEN = nbformat.v4.new_code_cell("def double(x): ...")


def test_every_kind_of_student_hands_in_python_or_means_not_to():
    broken = 0
    for kind in set(grading.KINDS):
        for place in range(2):
            try:
                ast.parse(kind(place, LEFT_OPEN, RIGHT))
            except SyntaxError:
                broken += 1
    assert broken == 1


def test_a_hard_coded_answer_has_the_names_and_nothing_behind_them():
    names: dict[str, object] = {}
    exec(grading._hard_coded(0, LEFT_OPEN, RIGHT), names)
    assert names["double"](3) == 1.0
    assert names["Net"]().fit([2]) == 1.0


def test_prose_is_never_taken_for_python():
    prose = nbformat.v4.new_markdown_cell("Because.")
    assert {kind(0, prose, "It does.") for kind in grading.KINDS} <= {"Because.", "It does."}
