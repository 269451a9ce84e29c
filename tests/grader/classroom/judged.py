"""Where the plain tests of a class were judged, from its records."""

from collections import defaultdict

from parity import NAMES, Pair


def where_judged(pair: Pair) -> tuple[dict[str, set[str]], set[str]]:
    """For each plain test that gave anybody points, where it was judged; and who is disputed."""
    where: dict[str, set[str]] = defaultdict(set)
    disputed = set()
    for name in NAMES:
        for notebook in pair.ours.record(name)["notebooks"]:
            for cell in notebook["cells"]:
                if cell["kind"] == "test" and cell["score"]:
                    where[cell["id"]].add(cell["judged"])
                if cell["beside"] is not None:
                    disputed.add(name)
    return dict(where), disputed
