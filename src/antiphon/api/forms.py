"""A multipart form with audio files in it, which may be far larger than memory."""

import re
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from antiphon.errors import BadRequest, FileTooLarge

MAX_FIELDS = 200
MAX_FIELD_BYTES = 64 * 1024
FORM_OVERHEAD_BYTES = 64 * 1024
"""What boundaries, part headers and the other fields may take beside the files."""

_CHARSET = re.compile(r";\s*charset\s*=[^;]*", re.IGNORECASE)
"""No parameter of this type (RFC 7578 section 8), but the parser would take any codec of Python by name."""

_NESTED = re.compile(r"(?P<outer>\w+)\[(?P<key>\w+)\]")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Form:
    """A received form.

    Attributes:
        files: the audio by the field's name, each at its first byte; from 1 MB on it lies on disk (in
            ``TMPDIR``).
        fields: the other fields, in order.
    """

    files: Mapping[str, BinaryIO]
    fields: tuple[tuple[str, str], ...]

    @contextmanager
    def open(self) -> Generator[Mapping[str, BinaryIO]]:
        """The files, closed at the end."""
        try:
            yield self.files
        finally:
            for file in self.files.values():
                file.close()


async def receive_form(request: Request, names: Sequence[str], limit: int) -> Form:
    """Read a form with files in fields of these names, of which each may be absent; the caller closes them.

    Raises:
        BadRequest: no multipart form, or text in such a field.
        FileTooLarge: the files have more than ``limit`` bytes. What is left of them is not read.
        ClientDisconnect: the client left before the end.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise BadRequest(
            "The body must be a multipart form (multipart/form-data) with the audio in the field "
            f"{' or '.join(names)}."
        )
    form = await _parse(request, len(names), limit)
    try:
        return _checked(form, names, limit)
    except BaseException:
        await form.close()
        raise


def _checked(form: FormData, names: Sequence[str], limit: int) -> Form:
    files: dict[str, BinaryIO] = {}
    size = 0
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name not in names or name in files:
                value.file.close()
                continue
            files[name] = value.file
            size += value.size or 0
        elif name in names:
            raise BadRequest(
                f"{name} has no filename, so it came as a text field; "
                "send the audio as a file part of that name."
            )
    if size > limit:
        raise _too_large(limit)
    fields = tuple((name, value) for name, value in form.multi_items() if isinstance(value, str))
    return Form(files, fields)


async def _parse(request: Request, most_files: int, limit: int) -> FormData:
    most = limit + FORM_OVERHEAD_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(limit)
    parser = MultiPartParser(
        Headers({"content-type": _CHARSET.sub("", request.headers["content-type"])}),
        _at_most(request.stream(), most, limit),
        max_files=most_files,
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


def nested(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Fields as the object that they write out: ``output_format[container]`` is a key of ``output_format``.

    Of a name that comes twice the last value counts, as in JSON. Whole numbers in nested fields become
    numbers, for a form has none; an empty value counts as not given.
    """
    values: dict[str, Any] = {}
    for name, value in fields:
        if not value:
            continue
        parts = _NESTED.fullmatch(name)
        if parts is None:
            values[name] = value
        elif isinstance(inner := values.setdefault(parts["outer"], {}), dict):
            inner[parts["key"]] = int(value) if _WHOLE_NUMBER.fullmatch(value) else value
    return values
