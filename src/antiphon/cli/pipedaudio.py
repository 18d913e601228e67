"""Audio from a pipe: a WAV that is still being written, or bare samples."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from antiphon.cli.pipe import PIECE_BYTES, Pipe, read_exactly
from antiphon.errors import OperatorError

_LARGEST_KNOWN_SIZE = 0x7FFF0000
"""Recorders that don't know the end yet give sizes from just under 2 GB up, or 0."""

_EXTENSIBLE = 0xFFFE
_ENCODINGS = {
    (1, 16): "pcm_s16le",
    (1, 32): "pcm_s32le",
    (3, 32): "pcm_f32le",
    (6, 8): "pcm_alaw",
    (7, 8): "pcm_mulaw",
}


@dataclass(frozen=True, slots=True)
class PipedAudio:
    """Samples of one format, as they come in."""

    encoding: str
    sample_rate: int
    pieces: Iterator[bytes]


def open_piped(pipe: Pipe, encoding: str, sample_rate: int) -> PipedAudio:
    """Find out what comes through a pipe.

    Args:
        pipe: read to its first samples here, and on by the pieces.
        encoding: of samples without a WAV header.
        sample_rate: of these, in Hz.

    Raises:
        OperatorError: a WAV of a form that can't be streamed.
    """
    head = read_exactly(pipe, 12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return _wav(pipe)
    return PipedAudio(encoding, sample_rate, _pieces(pipe, head))


def _wav(pipe: Pipe) -> PipedAudio:
    """Read the chunks before the samples (RIFF: Microsoft, "Multimedia Programming Interface", 1991)."""
    form: tuple[str, int] | None = None
    while len(header := read_exactly(pipe, 8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name == b"data" and form:
            limit = size if 0 < size <= _LARGEST_KNOWN_SIZE else None
            return PipedAudio(*form, _pieces(pipe, b"", limit))
        body = read_exactly(pipe, size + size % 2)
        if name == b"fmt ":
            form = _format(body)
    raise OperatorError("The WAV on standard input ends before its samples.")


def _format(body: bytes) -> tuple[str, int]:
    try:
        tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
        if tag == _EXTENSIBLE:
            (tag,) = struct.unpack_from("<H", body, 24)
    except struct.error:
        raise OperatorError("The WAV on standard input has a broken header.") from None
    if channels != 1:
        raise OperatorError(f"The WAV on standard input has {channels} channels; record one (arecord -c 1).")
    encoding = _ENCODINGS.get((tag, bits))
    if encoding is None:
        raise OperatorError(
            f"The WAV on standard input has samples of {bits} bits (format {tag}); "
            "16 bits will do (arecord -f S16_LE)."
        )
    return encoding, rate


def _pieces(pipe: Pipe, head: bytes, limit: int | None = None) -> Iterator[bytes]:
    """What the pipe has, as soon as it has it; at most ``limit`` bytes."""
    if head:
        yield head
    while limit is None or limit > 0:
        piece = pipe.read(PIECE_BYTES)[:limit]
        if not piece:
            return
        yield piece
        limit = None if limit is None else limit - len(piece)
