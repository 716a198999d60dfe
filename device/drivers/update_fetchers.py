"""Where the files of a repository come from: a static HTTPS server, or a folder (a USB stick).

Both hand out bytes that nothing vouches for yet. They hold to limits of size and time, keep what is on its way in the
unit's staging folder and not in memory, and never leave the repository's folder.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import SSLContext
from typing import IO, Final
from urllib.parse import unquote, urlsplit

import urllib3
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, SlowRetrievalError
from tuf.ngclient import FetcherInterface

BLOCK: Final = 64 * 1024
SILENCE_S: Final = 15.0
"""A server that says nothing for this long has stopped."""
SLOWEST_BYTES_PER_S: Final = 4096
"""One that sends less than this on the whole would keep a unit busy for ever: half a MB takes two minutes then."""
GRACE_S: Final = 30.0

FOLDER_URL: Final = "folder:///"
NOT_FOUND: Final = 404


class _Staged(FetcherInterface):
    """Keeps what is on its way in the unit's own folder: `/tmp` may be memory."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging

    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[IO[bytes]]:
        """Hand out the file at `url`; raise DownloadLengthMismatchError at the first byte beyond `max_length`."""
        self._staging.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._staging) as file:
            received = 0
            for block in self.fetch(url):
                received += len(block)
                if received > max_length:
                    raise DownloadLengthMismatchError(f"more than {max_length} bytes came for {url}")
                file.write(block)
            file.seek(0)
            yield file


class FolderFetcher(_Staged):
    """Reads a folder. A stick may hold anything: links, pipes, names that lead out."""

    def __init__(self, folder: Path, staging: Path) -> None:
        """Addresses look like `folder:///metadata/1.root.json`."""
        super().__init__(staging)
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        parts = unquote(urlsplit(url).path).lstrip("/").split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise DownloadHTTPError("not a name in a repository", NOT_FOUND)
        handle = self._open(parts)
        return self._blocks(handle)

    def _open(self, parts: list[str]) -> int:
        place = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts[:-1]:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
                os.close(place)
                place = inner
            # A pipe would make us wait for a writer for ever.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            handle = os.open(parts[-1], flags, dir_fd=place)
        except FileNotFoundError as error:
            raise DownloadHTTPError(f"{'/'.join(parts)} is not there", NOT_FOUND) from error
        finally:
            os.close(place)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise DownloadError(f"{'/'.join(parts)} is no plain file")
        return handle

    def _blocks(self, handle: int) -> Iterator[bytes]:
        with os.fdopen(handle, "rb") as file:
            while block := file.read(BLOCK):
                yield block


class HttpsFetcher(_Staged):
    """Reads from a server that shows a certificate of the given context. Redirections are not followed."""

    def __init__(self, context: SSLContext, staging: Path, *, monotonic_s: Callable[[], float]) -> None:
        """`monotonic_s` is asked whether a transfer as a whole still gets on."""
        super().__init__(staging)
        self._monotonic_s = monotonic_s
        self._pool = urllib3.PoolManager(
            ssl_context=context, timeout=urllib3.Timeout(SILENCE_S), retries=False, headers={"User-Agent": "uketsuke"}
        )

    def close(self) -> None:
        """Let go of connections that were kept."""
        self._pool.clear()

    def _fetch(self, url: str) -> Iterator[bytes]:
        response = self._pool.request("GET", url, preload_content=False, redirect=False)
        if response.status != 200:  # noqa: PLR2004  the one answer that is a file
            response.drain_conn()
            raise DownloadHTTPError(f"the server answers {response.status} for {url}", response.status)
        return self._blocks(response, url)

    def _blocks(self, response: urllib3.BaseHTTPResponse, url: str) -> Iterator[bytes]:
        started_s, received = self._monotonic_s(), 0
        try:
            for block in response.stream(BLOCK, decode_content=False):
                received += len(block)
                if self._monotonic_s() - started_s > GRACE_S + received / SLOWEST_BYTES_PER_S:
                    raise SlowRetrievalError(f"{received} bytes of {url} came too slowly")
                yield block
        except urllib3.exceptions.TimeoutError as error:
            raise SlowRetrievalError(f"{url} stopped coming") from error
        except urllib3.exceptions.HTTPError as error:
            raise DownloadError(f"{url} broke off") from error
        finally:
            response.close()
