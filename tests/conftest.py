"""Tests of course_lib run with its shape annotations enforced.

The environment that tests run in is set in the conftest.py of the root.
"""

import os
import sys

import hypothesis
import jaxtyping

# A shape that a docstring promises is checked at each call. The hook works on import only, so it
# has to come first.
assert "course_lib" not in sys.modules, "course_lib was imported before its import hook"
_hook = jaxtyping.install_import_hook("course_lib", "beartype.beartype")

# A busy machine makes no example fail, and CI draws the same examples every time.
hypothesis.settings.register_profile("course", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("course")

# Notebooks that tests carry are material, not lessons to replay.
collect_ignore_glob = ["*.ipynb"]
