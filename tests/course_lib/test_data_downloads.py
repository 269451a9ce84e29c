"""Files come from a server on this machine; no test asks another one for anything."""

import hashlib
import io
import multiprocessing
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from course_lib import data
from course_lib.data import downloads

CONTENT = ("ada\nbob\ncyd\n" * 20_000).encode()  # a few blocks


class Server(ThreadingHTTPServer):
    """A server that does what its `answer` says, and counts what it was asked."""

    daemon_threads = True
    answer: Callable[[BaseHTTPRequestHandler], None]
    asked = 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked += 1
        try:
            self.server.answer(self)
        except ConnectionError:
            self.close_connection = True  # the client has hung up, as some tests want it to

    def log_message(self, format: str, *args: object) -> None:
        pass


def send(content: bytes, promised: int | None = None) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(promised or len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.answer = send(CONTENT)
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def entry(server: Server, cache: Path) -> data.Download:
    return data.Download(
        name="names",
        url=f"http://127.0.0.1:{server.server_port}/names.txt",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        substitute="data.place_names()",
        read=downloads._read_names,
    )


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def assert_fails(entry: data.Download, reason: str, **options: float) -> None:
    """It fails, says why, names the substitute, and leaves nothing behind."""
    message = re.escape(f"names could not be had from {entry.url}: ") + reason
    with pytest.raises(data.DownloadError, match=message) as caught:
        data.fetch(entry, progress=False, **options)
    assert str(caught.value).endswith("Use data.place_names() instead, which needs no network.")
    assert kept(downloads._cache_folder()) == []


def test_a_file_is_fetched_once_and_then_comes_from_the_cache(
    server: Server, entry: data.Download, cache: Path
) -> None:
    names = data.load(entry)
    assert isinstance(names, data.Corpus)
    assert names.documents[:3] == ("ada", "bob", "cyd")
    assert kept(cache) == ["names.txt"]
    assert data.load(entry).source == names.source
    assert server.asked == 1


def test_the_cache_answers_without_a_network(server: Server, entry: data.Download) -> None:
    data.fetch(entry, progress=False)
    gone = replace(entry, url="http://127.0.0.1:9/names.txt")
    assert data.fetch(gone, progress=False) == CONTENT


@pytest.mark.parametrize("damage", [b"", b"x" * len(CONTENT), CONTENT[:-1], CONTENT + b"x"])
def test_a_damaged_cache_is_noticed_and_fetched_again(
    server: Server, entry: data.Download, cache: Path, damage: bytes
) -> None:
    data.fetch(entry, progress=False)
    (cache / "names.txt").write_bytes(damage)
    assert data.fetch(entry, progress=False) == CONTENT
    assert (cache / "names.txt").read_bytes() == CONTENT
    assert server.asked == 2


def test_another_file_of_the_same_size_is_never_read(server: Server, entry: data.Download) -> None:
    other = CONTENT.swapcase()
    server.answer = send(other)
    opened: list[bytes] = []
    entry = replace(entry, read=opened.append)  # type: ignore[arg-type]
    with pytest.raises(data.DownloadError, match="another file came"):
        data.load(entry)
    assert opened == []
    came = hashlib.sha256(other).hexdigest()
    assert_fails(entry, f"another file came: expected SHA-256 {entry.sha256}, got {came}")


def test_a_file_that_breaks_off_is_thrown_away(server: Server, entry: data.Download) -> None:
    server.answer = send(CONTENT[:1000], promised=len(CONTENT))
    assert_fails(entry, "it broke off after 1000 of 240000 bytes")
    server.answer = send(CONTENT)  # and the next try starts cleanly
    assert data.fetch(entry, progress=False) == CONTENT


def test_a_file_without_end_is_cut_off_at_the_size_expected(
    server: Server, entry: data.Download
) -> None:
    sent = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            sent.append(request.wfile.write(CONTENT))

    server.answer = answer
    assert_fails(entry, "it is longer than the 240000 bytes expected")


def test_an_error_page_is_reported_with_its_code(server: Server, entry: data.Download) -> None:
    server.answer = lambda request: request.send_error(404)
    assert_fails(entry, "HTTP Error 404: Not Found")


def test_a_silent_server_is_given_up_after_the_timeout(
    server: Server, entry: data.Download
) -> None:
    done = threading.Event()

    def answer(_: BaseHTTPRequestHandler) -> None:
        done.wait(10)

    server.answer = answer
    start = time.monotonic()
    assert_fails(entry, "the server did not answer in time", timeout=0.2)
    assert time.monotonic() - start < 5
    done.set()


def test_a_server_that_drips_is_given_up_after_the_limit(
    server: Server, entry: data.Download
) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for byte in CONTENT[:200]:
            request.wfile.write(bytes([byte]))
            time.sleep(0.05)

    server.answer = answer
    start = time.monotonic()
    assert_fails(entry, r"it took longer than 0\.4 s", limit=0.4)
    assert time.monotonic() - start < 5


def test_without_a_network_the_error_names_the_substitute(entry: data.Download) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = unused.getsockname()[1]
        assert_fails(replace(entry, url=f"http://127.0.0.1:{port}/names.txt"), ".*refused")


def test_a_cache_that_cannot_be_written_to_is_reported(
    entry: data.Download, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file"))
    with pytest.raises(data.DownloadError, match=r"file.*Use data\.place_names\(\) instead"):
        data.fetch(entry, progress=False)


def fetch_in_another_process(entry: data.Download, folder: str, answers: object) -> None:
    import os

    os.environ["COURSE_DATA"], os.environ["NO_PROXY"] = folder, "127.0.0.1"
    content = data.fetch(replace(entry, read=downloads._read_names), progress=False)
    answers.put(hashlib.sha256(content).hexdigest())  # type: ignore[attr-defined]


def test_two_processes_at_once_download_it_once(
    server: Server, entry: data.Download, cache: Path
) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.5)
        send(CONTENT)(request)

    server.answer = answer
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    both = [
        spawn.Process(target=fetch_in_another_process, args=(entry, str(cache), answers))
        for _ in range(2)
    ]
    for process in both:
        process.start()
    assert {answers.get(timeout=60) for _ in both} == {entry.sha256}
    for process in both:
        process.join(60)
        process.close()
    answers.close()
    answers.join_thread()
    assert server.asked == 1
    assert kept(cache) == ["names.txt"]


def test_a_lock_held_too_long_is_reported(entry: data.Download, cache: Path) -> None:
    from filelock import FileLock

    cache.mkdir()
    with FileLock(cache / "names.txt.lock"):
        assert_fails(entry, "another process has held .* for 0 s", limit=0.0)


def test_progress_is_shown_and_cleared_away(
    entry: data.Download, capsys: pytest.CaptureFixture[str]
) -> None:
    data.fetch(entry, progress=True)
    assert capsys.readouterr().out.strip() == ""  # no terminal here: nothing stays behind


# -------------------------------------------------------------- the table


def test_every_entry_of_the_table_has_a_hash_or_is_refused(cache: Path) -> None:
    for name, entry in data.DOWNLOADS.items():
        assert entry.name == name
        assert entry.url.startswith("https://")
        assert callable(getattr(data, re.sub(r"data\.(\w+)\(\)", r"\1", entry.substitute)))
        if entry.sha256 is None:
            with pytest.raises(data.DownloadError, match="no SHA-256 is published for it"):
                data.load(name)
        else:
            downloads._check(entry)
    assert not cache.exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sha256": "abc"}, "sha256 must be 64 hexadecimal digits, got 'abc'"),
        ({"url": "file:///etc/passwd"}, "url must start with https"),
        ({"name": "../names"}, "name must be letters"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(
    server: Server, entry: data.Download, wrong: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        data.fetch(replace(entry, **wrong))  # type: ignore[arg-type]
    assert server.asked == 0


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="one of mnist, tiny_shakespeare, names; got 'cifar'"):
        data.load("cifar")


# -------------------------------------------------------------- what the files hold


def test_mnist_becomes_a_dataset_with_the_test_images_last() -> None:
    rng = np.random.default_rng(0)
    train = rng.integers(0, 256, size=(6, 28, 28), dtype=np.uint8)
    test = rng.integers(0, 256, size=(2, 28, 28), dtype=np.uint8)
    archive = io.BytesIO()
    y_train, y_test = np.arange(6, dtype=np.uint8), np.array([9, 8], dtype=np.uint8)
    np.savez(archive, x_train=train, x_test=test, y_train=y_train, y_test=y_test)
    mnist = downloads._read_mnist(archive.getvalue())
    assert mnist.X.shape == (8, 784)
    assert mnist.X.dtype == np.float32
    assert mnist.y.dtype == np.int64
    np.testing.assert_array_equal(mnist.X[-2:].reshape(2, 28, 28), test)
    assert mnist.y.tolist() == [0, 1, 2, 3, 4, 5, 9, 8]
    assert mnist.feature_names[29] == "pixel_1_1"


def test_mnist_never_unpickles() -> None:
    archive = io.BytesIO()
    np.savez(archive, x_train=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        downloads._read_mnist(archive.getvalue())


def test_shakespeare_is_parted_into_speeches_that_join_to_the_same_text() -> None:
    text = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n"
    plays = downloads._read_tiny_shakespeare(text.encode())
    assert len(plays) == 2
    assert plays.text == text
