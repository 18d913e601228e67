"""A multipart form with one audio file in the field ``file``."""

from dataclasses import dataclass
from typing import BinaryIO

from starlette.requests import Request

from antiphon.api.forms import receive_form
from antiphon.errors import BadRequest


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
    form = await receive_form(request, ["file"], limit)
    if "file" not in form.files:
        raise BadRequest("file is missing; send the audio as a file part of that name.")
    return Upload(form.files["file"], form.fields)
