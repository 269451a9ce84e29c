"""Grading a class: fast, in a sandbox, from submissions that nobody trusts."""
