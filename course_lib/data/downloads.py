"""Larger classics, for those who want them: fetched once, checked, kept. No lesson needs one.

What is used is what was hashed: a file is read into memory, compared with the SHA-256 in the table
and only then opened, whether it comes from the network or from the cache.
"""

import hashlib
import os
import re
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from pathlib import Path
from typing import Literal, overload
from urllib.error import HTTPError, URLError

import numpy as np

from course_lib.data.corpora import Corpus
from course_lib.data.tables import Dataset

BLOCK = 1 << 16  # bytes


class DownloadError(OSError):
    """A data set could not be had; the message says why, and what to use instead."""


@dataclass(frozen=True)
class Download:
    """What is known of a file before it is fetched.

    size is in bytes; substitute names what does the same offline; read turns the bytes into data.
    A file without a published SHA-256 is never fetched.
    """

    name: str
    url: str
    sha256: str | None
    size: int
    substitute: str
    read: Callable[[bytes], Dataset | Corpus]


def _read_mnist(content: bytes) -> Dataset:
    """Open the archive: 60,000 training images, then 10,000 test images."""
    with np.load(BytesIO(content), allow_pickle=False) as parts:
        X = np.concatenate([parts["x_train"], parts["x_test"]])
        y = np.concatenate([parts["y_train"], parts["y_test"]])
    rows, columns = X.shape[1:]
    return Dataset(
        X.reshape(len(X), rows * columns).astype(np.float32),
        y.astype(np.int64),
        tuple(f"pixel_{row}_{column}" for row in range(rows) for column in range(columns)),
        tuple("0123456789"),
        "LeCun and others 1998, MNIST",
    )


def _read_tiny_shakespeare(content: bytes) -> Corpus:
    """Part the text into speeches."""
    speeches = tuple(content.decode("utf-8").split("\n\n"))
    return Corpus(speeches, "\n\n", "Shakespeare, chosen by Karpathy 2015 for char-rnn")


def _read_names(content: bytes) -> Corpus:
    """Take one name a line."""
    names = tuple(content.decode("utf-8").split())
    return Corpus(names, "\n", "US Social Security names, chosen by Karpathy 2022 for makemore")


DOWNLOADS: Mapping[str, Download] = {
    entry.name: entry
    for entry in (
        Download(
            name="mnist",
            url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
            sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            size=11_490_434,
            substitute="data.digits()",
            read=_read_mnist,
        ),
        Download(
            name="tiny_shakespeare",
            url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"
            "input.txt",
            sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            size=1_115_394,
            substitute="data.python_reference()",
            read=_read_tiny_shakespeare,
        ),
        Download(
            name="names",
            url="https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
            sha256=None,  # none is published; to be filled in by someone who can check the file
            size=228_145,
            substitute="data.place_names()",
            read=_read_names,
        ),
    )
}


@overload
def load(name: Literal["mnist"]) -> Dataset: ...
@overload
def load(name: Literal["tiny_shakespeare", "names"]) -> Corpus: ...
@overload
def load(name: str | Download) -> Dataset | Corpus: ...
def load(name: str | Download) -> Dataset | Corpus:
    """Give a larger classic, downloading it on first use.

    "mnist": 70,000 handwritten digits of 28 by 28 pixels from 0 to 255 (float32, 220 MB), the last
    10,000 for testing. "tiny_shakespeare": 1.1 MB of plays, a document a speech. "names": 32,000
    first names.

    Files are kept in the user's cache folder, or in the folder that COURSE_DATA names.

    Raises:
        ValueError: the name is not in the table.
        DownloadError: the file could not be had, or is not the one that was expected.
    """
    if not isinstance(name, Download):
        if name not in DOWNLOADS:
            raise ValueError(f"name must be one of {', '.join(DOWNLOADS)}; got {name!r}")
        name = DOWNLOADS[name]
    return name.read(fetch(name))


def fetch(
    download: Download, *, timeout: float = 20.0, limit: float = 600.0, progress: bool = True
) -> bytes:
    """Give the bytes of a file, from the cache if it is there and whole, else from the network.

    timeout is how long the server may stay silent, limit how long all may take, both in seconds.
    Of several processes that ask at once, one downloads and the others wait for it.

    Raises:
        DownloadError: the file could not be had, or is not the one that was expected.
    """
    from filelock import FileLock, Timeout

    _check(download)
    try:
        folder = _cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{download.name}{Path(download.url).suffix}"
        with FileLock(f"{path}.lock", timeout=limit):
            content = _cached(path, download)
            if content is None:
                content = _receive(download, timeout, limit, progress)
                _keep(path, content)
        return content
    except Timeout:
        raise _failure(download, f"another process has held {path}.lock for {limit:g} s") from None
    except DownloadError:
        raise
    except (OSError, HTTPException) as error:
        raise _failure(download, _reason(error)) from error


def _check(download: Download) -> None:
    """Refuse what cannot be checked, and names that are no plain file names."""
    if download.sha256 is None:
        raise _failure(download, "no SHA-256 is published for it, so it could not be checked")
    if not re.fullmatch("[0-9a-f]{64}", download.sha256):
        raise ValueError(f"sha256 must be 64 hexadecimal digits, got {download.sha256!r}")
    if not re.fullmatch("https?://.+", download.url):
        raise ValueError(f"url must start with https:// or http://, got {download.url!r}")
    if not re.fullmatch(r"\w[\w-]*", download.name):
        raise ValueError(f"name must be letters, digits, _ and -, got {download.name!r}")


def _cache_folder() -> Path:
    """Say where files are kept."""
    import platformdirs

    chosen = os.environ.get("COURSE_DATA")
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_cache_path("deep-learning-course", appauthor=False) / "data"


def _cached(path: Path, download: Download) -> bytes | None:
    """Read the file from the cache; None if it is not there, or not the right one."""
    try:
        if path.stat().st_size != download.size:
            return None
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return content if hashlib.sha256(content).hexdigest() == download.sha256 else None


def _receive(download: Download, timeout: float, limit: float, progress: bool) -> bytes:
    """Download the file and compare it with what was expected."""
    deadline = time.monotonic() + limit
    request = urllib.request.Request(download.url, headers={"User-Agent": "deep-learning-course"})
    content = bytearray()
    with (
        urllib.request.urlopen(request, timeout=timeout) as response,
        _bar(download, progress) as show,
    ):
        for block in _blocks(response):
            content += block
            show(len(content))
            if len(content) > download.size:
                raise _failure(download, f"it is longer than the {download.size} bytes expected")
            if time.monotonic() > deadline:
                raise _failure(download, f"it took longer than {limit:g} s")
    if len(content) < download.size:
        raise _failure(download, f"it broke off after {len(content)} of {download.size} bytes")
    came = hashlib.sha256(content).hexdigest()
    if came != download.sha256:
        raise _failure(
            download, f"another file came: expected SHA-256 {download.sha256}, got {came}"
        )
    return bytes(content)


def _blocks(response: HTTPResponse) -> Iterator[bytes]:
    """Read what has come as soon as it has come, so that a slow server cannot stop the clock."""
    while block := response.read1(BLOCK):
        yield block


def _keep(path: Path, content: bytes) -> None:
    """Put the file into the cache in one step: no one ever sees half of it."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


@contextmanager
def _bar(download: Download, progress: bool) -> Iterator[Callable[[int], None]]:
    """Show how far the download has come, and clear the bar away at its end."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, TransferSpeedColumn(), transient=True, disable=not progress
    ) as bar:  # fmt: skip
        task = bar.add_task(download.name, total=download.size)
        yield lambda count: bar.update(task, completed=count)


def _reason(error: Exception) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, HTTPError):
        error.close()  # it holds the connection
        return f"{error}"
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, PermissionError):
        return f"{error}; COURSE_DATA can name a folder that you may write to"
    return f"{error}" or type(error).__name__


def _failure(download: Download, reason: str) -> DownloadError:
    """Word an error: what failed, why, and what to do without it."""
    return DownloadError(
        f"{download.name} could not be had from {download.url}: {reason}. "
        f"Use {download.substitute} instead, which needs no network."
    )
