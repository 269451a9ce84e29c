"""The way from the judge to the answer: in this process, or over a wire that carries only text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from grader import plain
from grader.probe import Request, Sighting, observe


class Prober(Protocol):
    """The way to the answer: it may live in this process, another one, or a sandbox."""

    def observe(self, request: Request) -> Sighting:
        """Run the request's probe where the answer lives."""
        ...


class LocalProber:
    """Probes an answer that lives in this process."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def observe(self, request: Request) -> Sighting:
        """Run the probe here."""
        return observe(self.answer, request)


class WireProber:
    """Probes an answer that lives elsewhere: `send` carries a line there and its reply back."""

    def __init__(self, send: Callable[[str], str]) -> None:
        self.send = send

    def observe(self, request: Request) -> Sighting:
        """Send the request as a line of plain data; nothing is pickled either way.

        Raises:
            ValueError: the reply is not what a probe answers.
        """
        reply = self.send(plain.dumps(request.to_plain()))
        sighting = Sighting.from_plain(plain.loads(reply))
        if len(sighting.observations) != len(request.cases):
            raise ValueError(
                f"{len(request.cases)} observations were required, "
                f"{len(sighting.observations)} came"
            )
        for case, seen in zip(request.cases, sighting.observations, strict=True):
            if any(position >= len(case) for position in seen.mutated):
                raise ValueError(f"inputs {seen.mutated} of {len(case)} cannot have changed")
        return sighting
