"""The exercises of lesson 00, why deep learning: one module each, listed in the lesson's order."""

from grader.checks.l00_why_deep_learning.assess import ASSESS
from grader.checks.l00_why_deep_learning.features import FEATURES
from grader.checks.l00_why_deep_learning.honest_score import HONEST_SCORE
from grader.checks.l00_why_deep_learning.kinds import KINDS
from grader.checks.l00_why_deep_learning.more_data import MORE_DATA, REFLECTION
from grader.checks.l00_why_deep_learning.split import SPLIT
from grader.checks.l00_why_deep_learning.standardise import STANDARDISE
from grader.checks.l00_why_deep_learning.strongest import STRONGEST

EXERCISES = [
    KINDS,
    FEATURES,
    SPLIT,
    STANDARDISE,
    ASSESS,
    HONEST_SCORE,
    STRONGEST,
    MORE_DATA,
    REFLECTION,
]
