"""Talks to a kernel over its two sockets, and keeps to limits whatever comes back."""

from __future__ import annotations

import time
from typing import Any, Protocol

import zmq
from jupyter_client.session import Session as Signer

from grader.classroom.inside.reply import REPLY
from grader.classroom.outputs import Budget, Collector
from grader.classroom.session import CellRun, Limits, NoReply, SessionLost
from grader.probe import readable

MAX_MESSAGE = 160 * 2**20  # a reply of the probe, at its largest, fits
_MAX_REPLY = 128 * 2**20
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0  # for a cell to end once it has been interrupted
_INTERRUPT_EVERY = 1.0  # a cell may swallow one
_IDLE_SECONDS = 4.0  # after the reply, for the last outputs to arrive, as nbclient waits
_MAX_ERROR = 2_000


class Kernel(Protocol):
    """The process at the other end."""

    shell: zmq.Socket[bytes]
    iopub: zmq.Socket[bytes]
    signer: Signer

    def fate(self) -> str | None:
        """None while it lives, else how it ended."""
        ...

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in it."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


class Conversation:
    """One notebook's exchange with its kernel. Once it is lost it stays lost."""

    def __init__(self, kernel: Kernel, limits: Limits) -> None:
        self._kernel, self._limits = kernel, limits
        self._budget = Budget(limits.output_bytes)
        self._seconds_left = limits.notebook_seconds
        self._lost: str | None = None
        self._poller = zmq.Poller()
        for socket in (kernel.shell, kernel.iopub):
            self._poller.register(socket, zmq.POLLIN)

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until the kernel answers on both sockets.

        Raises:
            SessionLost: it does not.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            exchange = _Exchange(Collector(Budget(0)))
            exchange.id = self._send("kernel_info_request", {})
            # The subscription may come too late for the first one's outputs: then ask again.
            self._follow(exchange, min(time.monotonic() + 1.0, deadline))
            if exchange.over:
                return
        self._lose(f"the kernel did not start within {seconds:g} s")

    def run(self, source: str, seconds: float | None = None) -> CellRun:
        """Run a cell; see `Session.run`."""
        seconds = self._limits.cell_seconds if seconds is None else seconds
        return self._execute(source, seconds, Collector(self._budget), store_history=True).run

    def probe(self, name: str, line: str, seconds: float) -> str | None:
        """Probe an answer; see `Session.probe`."""
        call = (
            f'__import__("grader.classroom.inside.reply", fromlist=["_"]).show({name!r}, {line!r})'
        )
        exchange = self._execute(call, seconds, Collector(Budget(0)), store_history=False)
        if not exchange.replies:
            raise NoReply(exchange.run.error or "no reply came")
        shown = exchange.replies[-1]
        if not isinstance(shown, dict) or shown.get("defined") is False:
            return None
        reply = shown.get("reply")
        if not isinstance(reply, str) or len(reply) > _MAX_REPLY:
            raise NoReply("the reply is not one of the probe's")
        return reply

    def _execute(
        self, source: str, seconds: float, collector: Collector, *, store_history: bool
    ) -> _Exchange:
        if self._lost:
            raise SessionLost(self._lost)
        if self._seconds_left <= 0:
            self._lose(f"the notebook's {self._limits.notebook_seconds:g} s are spent")
        exchange, started = _Exchange(collector), time.monotonic()
        request = {
            "code": source, "silent": False, "store_history": store_history,
            "user_expressions": {}, "allow_stdin": False, "stop_on_error": False,
        }  # fmt: skip
        exchange.id = self._send("execute_request", request)
        try:
            allowed = min(seconds, self._seconds_left)
            self._follow(exchange, started + allowed)
            if not exchange.over:
                self._stop(exchange, allowed)
        finally:
            self._seconds_left -= time.monotonic() - started
        exchange.finish(time.monotonic() - started)
        return exchange

    def _stop(self, exchange: _Exchange, seconds: float) -> None:
        """Interrupt a cell that is out of time; end the kernel if it goes on all the same."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while not exchange.over and time.monotonic() < deadline:
            self._kernel.interrupt()
            self._follow(exchange, min(time.monotonic() + _INTERRUPT_EVERY, deadline))
        if not exchange.over:
            self._lose(f"a cell ran past {seconds:g} s and did not let itself be stopped")
        exchange.time_out(seconds)

    def _follow(self, exchange: _Exchange, deadline: float) -> None:
        """Take in messages until the exchange is over or the time is up."""
        while not exchange.over and (left := deadline - time.monotonic()) > 0:
            ready = dict(self._poller.poll(int(1000 * min(left, _POLL_SECONDS)) + 1))
            for socket in ready:
                self._take(socket, exchange)
            if exchange.replied_at is not None:
                exchange.idle |= time.monotonic() > exchange.replied_at + _IDLE_SECONDS
            elif not ready and (fate := self._kernel.fate()):
                self._lose(fate)

    def _take(self, socket: Any, exchange: _Exchange) -> None:
        """Take in what has arrived; messages that are none, or belong elsewhere, are dropped."""
        for _ in range(100):  # then look at the clock
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK, copy=True)
            except zmq.Again:
                return
            try:
                _, parts = self._kernel.signer.feed_identities(frames)
                message = self._kernel.signer.deserialize(parts)
                parent = message["parent_header"]["msg_id"]
                kind, content = message["header"]["msg_type"], message["content"]
            except Exception:  # signed by the kernel, but a submission may own the kernel
                continue
            if parent == exchange.id and isinstance(content, dict):
                exchange.take(socket is self._kernel.shell, kind, content)

    def _send(self, kind: str, content: dict[str, Any]) -> str:
        message: Any = self._kernel.signer.send(self._kernel.shell, kind, content)
        return str(message["header"]["msg_id"])

    def _lose(self, why: str) -> None:
        self._lost = why
        self._kernel.kill()
        raise SessionLost(why)


class RunningSession:
    """See `grader.classroom.session.Session`."""

    def __init__(self, conversation: Conversation, about: dict[str, Any]) -> None:
        self._conversation, self.about = conversation, about

    def run(self, source: str, *, seconds: float | None = None) -> CellRun:
        """Run a cell."""
        return self._conversation.run(source, seconds)

    def probe(self, name: str, line: str, *, seconds: float) -> str | None:
        """Probe an answer."""
        return self._conversation.probe(name, line, seconds)


class _Exchange:
    """A request, and what has come of it so far."""

    def __init__(self, collector: Collector) -> None:
        self.id = ""
        self.idle = False
        self.replied_at: float | None = None
        self.replies: list[Any] = []
        self.run = CellRun()
        self._collector = collector
        self._shown_errors: set[str] = set()
        self._replied_error: tuple[str, str] | None = None
        self._count: int | None = None
        self._timed_out = False

    @property
    def over(self) -> bool:
        """Whether the reply and the last output are here."""
        return self.idle and self.replied_at is not None

    def take(self, is_reply: bool, kind: str, content: dict[str, Any]) -> None:
        """Take in one message that answers the request."""
        if is_reply:
            self.replied_at = time.monotonic()
            count = content.get("execution_count")
            self._count = count if type(count) is int else None
            if content.get("status") == "error":
                self._replied_error = _error(content)
        elif kind == "status":
            self.idle = self.idle or content.get("execution_state") == "idle"
        elif kind == "display_data" and REPLY in _data(content):
            self.replies.append(_data(content)[REPLY])
        else:
            if kind == "error":
                self._shown_errors.add(_error(content)[0])
            self._collector.take(kind, content)

    def time_out(self, seconds: float) -> None:
        """Note that the cell was stopped."""
        self._timed_out = True
        self._replied_error = ("CellTimeoutError", f"stopped after {seconds:g} s")

    def finish(self, seconds: float) -> None:
        """Put the result together.

        An error that was shown in some other way, or not at all, joins the outputs here, as in
        nbgrader; the reply and the outputs come by two roads, in any order.
        """
        error = None
        if self._replied_error is not None:
            name, value = self._replied_error
            error = f"{name}: {value}".rstrip(": ")
            if name not in self._shown_errors:
                self._collector.add_error(name, value, [error])
        self.run = CellRun(self._collector.outputs, error, self._timed_out, seconds, self._count)


def _error(content: dict[str, Any]) -> tuple[str, str]:
    name, value = (str(content.get(key, "")) for key in ("ename", "evalue"))
    return readable(name[:_MAX_ERROR]), readable(value[:_MAX_ERROR])


def _data(content: dict[str, Any]) -> dict[str, Any]:
    data = content.get("data")
    return data if isinstance(data, dict) else {}
