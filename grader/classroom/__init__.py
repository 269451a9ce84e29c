"""Grading a class: fast, in a sandbox, from submissions that nobody trusts."""

import sys

# nbformat imports jsonschema, and that one the grammar of internationalised addresses, if it is
# there: a second of work in each process, for a check that no notebook's schema asks for.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
