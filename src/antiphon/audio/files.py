"""Any audio file, of any length, as samples, in little memory."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import av
import av.error
import numpy as np

from antiphon.audio.encodings import StreamDecoder, bytes_per_sample
from antiphon.audio.resample import MAX_RATE, MIN_RATE, Resampler
from antiphon.audio.samples import Samples, clean
from antiphon.audio.swresample import Converter
from antiphon.errors import BadRequest, UnsupportedAudio

_DEMUXERS = "wav,flac,mp3,ogg,matroska,webm,mov,mp4,m4a,mpeg,mpegts,aac"
"""FFmpeg's demuxers that may read an upload. Playlists and the like are absent: they open other addresses."""

_READ_BYTES = 65_536

_ENDLESS_S = 60 * 60 * 24 * 365
"""Containers that don't know their end say such lengths."""


def decode_file(
    file: BinaryIO | Path,
    *,
    target_rate: int = 16_000,
    encoding: str | None = None,
    sample_rate: int | None = None,
) -> Iterator[Samples]:
    """Decode a file while it is read: mono blocks of one second each, the last one shorter.

    Damaged packets are left out and a truncated file gives what it still holds. Errors come with the first
    block, as nothing is read before.

    Args:
        file: seekable and binary, or a path; an MP4 is read back and forth. It is not closed.
        target_rate: Hz of the samples given.
        encoding: of headerless PCM, one of `encodings.INPUT_ENCODINGS`; None finds out the format.
        sample_rate: of headerless PCM, in Hz.

    Raises:
        BadRequest: only one of ``encoding`` and ``sample_rate``, or one with an unknown value.
        UnsupportedAudio: no audio in it that can be decoded.
        OSError: the path can't be read.
    """
    if (encoding is None) != (sample_rate is None):
        raise BadRequest(
            "headerless PCM needs both encoding and sample_rate; a file with a header needs neither"
        )
    with ExitStack() as stack:
        source = stack.enter_context(file.open("rb")) if isinstance(file, Path) else file
        if encoding is None or sample_rate is None:
            parts = _container_parts(source, target_rate)
        else:
            parts = _pcm_parts(source, encoding, sample_rate, target_rate)
        yield from _blocks(parts, target_rate)


def told_duration(
    file: BinaryIO | Path, *, encoding: str | None = None, sample_rate: int | None = None
) -> float | None:
    """The seconds that a file says it lasts, found without decoding it; None where it does not say.

    It need not be true: a recorder that was cut off says too much, one that could not go back too little.

    Args:
        file: as `decode_file` takes it; it is left at its first byte.
        encoding: of headerless PCM.
        sample_rate: of headerless PCM, in Hz.

    Raises:
        BadRequest: an unknown encoding.
        UnsupportedAudio: no audio in it that can be decoded.
        OSError: the path can't be read.
    """
    with ExitStack() as stack:
        source = stack.enter_context(file.open("rb")) if isinstance(file, Path) else file
        try:
            if encoding is None or sample_rate is None:
                return _container_duration(source)
            size = source.seek(0, SEEK_END)
            return size / (bytes_per_sample(encoding) * sample_rate)
        finally:
            source.seek(0)


def _container_duration(file: BinaryIO) -> float | None:
    with _audio_track(file) as (container, stream):
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        else:
            seconds = (container.duration or 0) / av.time_base
    return seconds if 0 < seconds < _ENDLESS_S else None


def _blocks(parts: Iterable[Samples], size: int) -> Iterator[Samples]:
    """Cut parts of any length anew into blocks of ``size`` samples, the last one shorter.

    Raises:
        UnsupportedAudio: there are no samples.
    """
    held: list[Samples] = []
    length = 0
    empty = True
    for part in parts:
        held.append(part)
        length += len(part)
        if length < size:
            continue
        joined = clean(np.concatenate(held))
        whole = length - length % size
        yield from np.split(joined[:whole], whole // size)
        held, length, empty = [joined[whole:]], length - whole, False
    if length:
        yield clean(np.concatenate(held))
    elif empty:
        raise UnsupportedAudio("the file holds no audio that can be decoded")


def _pcm_parts(file: BinaryIO, encoding: str, sample_rate: int, target_rate: int) -> Iterator[Samples]:
    decoder = StreamDecoder(encoding)
    resampler = Resampler(sample_rate, target_rate)
    while data := file.read(_READ_BYTES):
        yield resampler.push(decoder.push(data))
    yield resampler.finish()


def _container_parts(file: BinaryIO, target_rate: int) -> Iterator[Samples]:
    """Parts of the first audio stream, mixed down and resampled.

    A stream may change its rate or channels on the way, as joined MP3 files do: then a new mixer starts. A
    frame whose new form makes no sense is a damaged one.
    """
    mixer: _Mixer | None = None
    for frame in _frames(file):
        form = _form(frame)
        if mixer is None:
            mixer = _Mixer(form, target_rate)
        elif mixer.form != form:
            try:
                successor = _Mixer(form, target_rate)
            except UnsupportedAudio:
                continue
            yield mixer.finish()
            mixer = successor
        yield mixer.push(frame)
    if mixer is not None:
        yield mixer.finish()


class _Form(NamedTuple):
    """What may not change inside one conversion."""

    rate: int
    sample_format: str
    layout: str


def _form(frame: av.AudioFrame) -> _Form:
    return _Form(frame.sample_rate, frame.format.name, frame.layout.name)


class _Mixer:
    """From frames of one form to mono samples at the target rate.

    Channels are weighted as in ITU-R BS.775 and scaled so that no mix can exceed full scale.
    """

    def __init__(self, form: _Form, target_rate: int) -> None:
        if not MIN_RATE <= form.rate <= MAX_RATE:
            raise UnsupportedAudio(
                f"the file's sample rate is {form.rate} Hz; allowed: {MIN_RATE} to {MAX_RATE} Hz"
            )
        self.form = form
        options = f"{form.rate}:rematrix_maxval=1"
        try:
            self._mono = Converter(form.rate, options, sample_format=form.sample_format, layout=form.layout)
        except (av.error.FFmpegError, ValueError) as error:
            raise UnsupportedAudio(
                f"the file's channels ({form.layout}) can't be mixed to one; mono, stereo and surround can"
            ) from error
        self._resampler = Resampler(form.rate, target_rate)

    def push(self, frame: av.AudioFrame) -> Samples:
        # The times in a damaged file are of no use, and wrong ones would make gaps.
        frame.pts = None
        return self._resampler.push(self._mono.push_frame(frame))

    def finish(self) -> Samples:
        return self._resampler.finish()


def _frames(file: BinaryIO) -> Iterator[av.AudioFrame]:
    """Decoded frames of the file's first audio stream; damaged packets are left out.

    Raises:
        UnsupportedAudio: as `_audio_track` does.
    """
    with _audio_track(file) as (container, stream):
        codec: Any = stream.codec_context
        for packet in _packets(container, stream):
            try:
                frames: list[av.AudioFrame] = codec.decode(packet)
            except av.error.FFmpegError:
                continue
            yield from frames


@contextmanager
def _audio_track(file: BinaryIO) -> Generator[tuple[Any, av.AudioStream]]:
    """The file's container, opened, and its first audio stream.

    Raises:
        UnsupportedAudio: no container that may be read, or one without audio that has a decoder.
    """
    try:
        container = av.open(
            file,
            "r",  # said, because a temporary file's own mode (w+b) would be taken for a wish to write
            metadata_errors="replace",
            options={"format_whitelist": _DEMUXERS, "protocol_whitelist": ""},
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise UnsupportedAudio("the file is none of wav, flac, mp3, ogg, webm, mp4, m4a, mpeg") from error
    with container:
        stream = next(iter(container.streams.audio), None)
        if stream is None:
            raise UnsupportedAudio("the file has no audio track")
        codec: Any = stream.codec_context
        if codec is None:  # whatever its type says: there is no decoder
            raise UnsupportedAudio("the file's audio is in a coding that has no decoder here")
        yield container, stream


def _packets(container: Any, stream: av.AudioStream) -> Iterator[Any]:
    """Packets up to the end or to damage that can't be read past, then None, which empties the decoder."""
    packets: Iterator[Any] = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            break
        if packet.size:
            yield packet
    yield None
