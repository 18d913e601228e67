"""A multipart form with an audio file in it, which may be far larger than memory."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import BinaryIO

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from antiphon.errors import BadRequest, FileTooLarge

MAX_FIELDS = 200
MAX_FIELD_BYTES = 64 * 1024
FORM_OVERHEAD_BYTES = 64 * 1024
"""What boundaries, part headers and the other fields may take beside the file."""

_CHARSET = re.compile(r";\s*charset\s*=[^;]*", re.IGNORECASE)
"""No parameter of this type (RFC 7578 section 8), but the parser would take any codec of Python by name."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A received form.

    Attributes:
        file: the audio, at its first byte; from 1 MB on it lies on disk (in ``TMPDIR``).
        fields: the other fields, in order.
    """

    file: BinaryIO
    fields: tuple[tuple[str, str], ...]


async def receive_upload(request: Request, limit: int) -> Upload:
    """Read a form with its file in the field ``file``; the caller closes the file.

    Raises:
        BadRequest: no multipart form, or none with a file in ``file``.
        FileTooLarge: the file has more than ``limit`` bytes. What is left of it is not read.
        ClientDisconnect: the client left before the end.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise BadRequest(
            "The body must be a multipart form (multipart/form-data) with the audio in the field file."
        )
    form = await _receive_form(request, limit)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        await form.close()
        problem = "is missing" if file is None else "has no filename, so it came as a text field"
        raise BadRequest(f"file {problem}; send the audio as a file part of that name.")
    if file.size is not None and file.size > limit:
        await form.close()
        raise _too_large(limit)
    fields = tuple((name, value) for name, value in form.multi_items() if isinstance(value, str))
    return Upload(file.file, fields)


async def _receive_form(request: Request, limit: int) -> FormData:
    most = limit + FORM_OVERHEAD_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(limit)
    parser = MultiPartParser(
        Headers({"content-type": _CHARSET.sub("", request.headers["content-type"])}),
        _at_most(request.stream(), most, limit),
        max_files=1,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise BadRequest(f"The multipart form can't be read: {error.message}") from None


async def _at_most(chunks: AsyncGenerator[bytes], most: int, limit: int) -> AsyncGenerator[bytes]:
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > most:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> FileTooLarge:
    return FileTooLarge(f"The file has more than the {limit} bytes that are allowed here.")
