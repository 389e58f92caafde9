"""Download of one file over HTTP that resumes a `.part` file: a downloader for pooch."""

import errno
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urljoin

import requests
from rich.filesize import decimal
from urllib3.exceptions import HTTPError

from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.files import open_unlinked

_SECONDS_TO_CONNECT_AND_BETWEEN_BYTES = (10.0, 30.0)
_CHUNK_BYTES = 1 << 15
_MOST_REDIRECTIONS = 10
# EFBIG: more than the file system, or a limit of this process, lets one file hold.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_RANGE_REFUSED = {HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
logger = logging.getLogger(__name__)


class NotServedError(AttnlabError):
    """The server cannot be reached, or has no such file."""


class NoRoomError(AttnlabError):
    """There is no room for a file."""


class _ConnectionLostError(Exception):
    """A failure that another try may mend."""


@dataclass(frozen=True)
class ResumingDownloader:
    """Downloads to `part` and then renames it.

    Attributes:
        part: the partial file; its content so far is the beginning of the download.
        show: called with the bytes received and, where the server states it, their total.
        tries: number of attempts.
        pause: seconds before the second try; each further pause is twice as long.
        largest: bound on the bytes received.
    """

    part: Path
    show: Callable[[int, int | None], None]
    tries: int
    pause: float
    largest: int

    def __call__(self, url: str, output_file: str, _pooch: object = None) -> None:
        """Download `url`.

        Raises:
            NotServedError: there is no such file, or it is larger than `largest`.
            NoRoomError: it cannot be written, and `part` is removed.
            UsageError: `url` is not an address.
            AttnlabError: the connection was cut; `part` stays for the next call.
        """
        for tried in range(1, self.tries + 1):
            try:
                self._receive(url)
            except _ConnectionLostError as error:
                if tried == self.tries:
                    self._give_up(url, error)
                seconds = self.pause * 2 ** (tried - 1)
                logger.info("%s: %s; trying again in %g s", url, error, seconds)
                time.sleep(seconds)
            else:
                self.part.replace(output_file)
                return

    def _receive(self, url: str) -> None:
        start = self._size()
        if start > self.largest:
            self.part.unlink()
            start = 0
        # With another encoding the received bytes would not be those of the file.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with _request(url, headers) as response:
            status, sent = response.status_code, response.headers.get("Content-Range", "")
            if status == HTTPStatus.OK:  # all of it, also where the Range was ignored
                self._write(response, 0)
            elif status == HTTPStatus.PARTIAL_CONTENT and sent.startswith(f"bytes {start}-"):
                self._write(response, start)
            elif status in _RANGE_REFUSED and start:
                if sent != f"bytes */{start}":  # else all of it is there already
                    self.part.unlink()
                    self._receive(url)
            elif status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
                raise _ConnectionLostError(f"the server answers {status} {response.reason}")
            else:
                raise NotServedError(f"{url}: the server answers {status} {response.reason}")

    def _write(self, response: requests.Response, start: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        done = start
        self._require_bound(response, done if total is None else total)
        self.show(done, total)
        try:
            with open_unlinked(self.part, "ab" if start else "wb") as file:
                for chunk in _chunks(response):
                    done += len(chunk)
                    self._require_bound(response, done)
                    file.write(chunk)
                    self.show(done, total)
        except OSError as error:
            self.part.unlink(missing_ok=True)
            needs = decimal(total) if total is not None else f"more than {decimal(done)}"
            refuse_full_disk(error, self.part.with_suffix("").name, needs)
            raise
        if total is not None and done < total:
            raise _ConnectionLostError(
                f"the connection was cut after {decimal(done)} of {decimal(total)}"
            )

    def _require_bound(self, response: requests.Response, size: int) -> None:
        if size > self.largest:
            self.part.unlink(missing_ok=True)
            raise NotServedError(
                f"{response.url}: the server sends {decimal(size)} or more, and this file has less "
                f"than {decimal(self.largest)}; it was removed"
            )

    def _give_up(self, url: str, error: _ConnectionLostError) -> NoReturn:
        if size := self._size():
            raise AttnlabError(
                f"{url}: {error}; {decimal(size)} are there, and the same command goes on from "
                "there"
            ) from error
        raise NotServedError(f"{url}: {error}") from error

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0


def refuse_full_disk(error: OSError, name: str, needs: str) -> None:
    """Raise a NoRoomError for the file `name` if `error` means that the disk is full."""
    if error.errno in _NO_ROOM:
        raise NoRoomError(f"there is no room for {name}, which needs {needs}") from error


class _Session(requests.Session):
    """Follows no redirection: requests would read its body without a bound."""

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:  # type: ignore[override]
        return iter(())


def _request(url: str, headers: dict[str, str]) -> requests.Response:
    try:
        for _ in range(_MOST_REDIRECTIONS):
            response = _Session().get(
                url, headers=headers, stream=True, timeout=_SECONDS_TO_CONNECT_AND_BETWEEN_BYTES
            )
            if not response.is_redirect:
                return response
            response.close()
            url = urljoin(url, response.headers["Location"])
        raise requests.TooManyRedirects(f"more than {_MOST_REDIRECTIONS} redirections")
    except requests.Timeout as error:
        raise _ConnectionLostError("the host does not answer") from error
    except requests.exceptions.SSLError as error:
        raise _ConnectionLostError("no secure connection to the host") from error
    except requests.ConnectionError as error:
        raise _ConnectionLostError("no connection to the host (is there a network?)") from error
    except (requests.RequestException, ValueError) as error:
        raise UsageError(f"{url}: {error}; --from takes the address of a folder") from error


def _chunks(response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.raw.stream(_CHUNK_BYTES, decode_content=False)
    except HTTPError as error:
        raise _ConnectionLostError("the connection was cut") from error
