"""A file behind HTTP, read from any offset on. Apart from the sources, since httpx is slow to import."""

import re
from collections.abc import Iterator

import httpx

from antiphon.models.packages import SourceFailed

_TIMEOUT = httpx.Timeout(60.0, connect=15.0)


def download(url: str, start: int) -> Iterator[bytes]:
    """The bytes from offset ``start`` on.

    A server that knows no ranges sends all; then the first bytes are dropped.

    Raises:
        SourceFailed: with the reason; also in the midst of the iteration.
    """
    # Without "identity" a proxy may compress, and offsets would count other bytes than the file's.
    headers = {"accept-encoding": "identity"} | ({"range": f"bytes={start}-"} if start else {})
    try:
        with httpx.stream("GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True) as response:
            skip = start - _first_byte(response)
            for chunk in response.iter_raw():
                yield chunk[skip:]
                skip = max(0, skip - len(chunk))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceFailed(f"{type(error).__name__}: {error}") from None


def _first_byte(response: httpx.Response) -> int:
    if response.status_code == 200:
        return 0
    content_range = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
    if response.status_code == 206 and content_range:
        return int(content_range[1])
    raise SourceFailed(f"HTTP status {response.status_code} {response.reason_phrase}")
