"""Any audio file, of any length, as samples, in little memory."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
import numpy as np

from antiphon.audio.encodings import StreamDecoder
from antiphon.audio.resample import MAX_RATE, MIN_RATE, Resampler
from antiphon.audio.samples import Samples, clean
from antiphon.errors import BadRequest, UnsupportedAudio

_DEMUXERS = "wav,flac,mp3,ogg,matroska,webm,mov,mp4,m4a,mpeg,mpegts,aac"
"""FFmpeg's demuxers that may read an upload. Playlists and the like are absent: they open other addresses."""

_READ_BYTES = 65_536


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

    A stream may change its rate or channels on the way (chained Ogg files do): then a new converter starts.
    """
    converter: _Converter | None = None
    for frame in _frames(file):
        if converter is None or not converter.fits(frame):
            if converter is not None:
                yield converter.finish()
            converter = _Converter(frame, target_rate)
        yield from converter.push(frame)
    if converter is not None:
        yield converter.finish()


class _Converter:
    """From the frames of one format to mono samples at the target rate."""

    def __init__(self, first: av.AudioFrame, target_rate: int) -> None:
        rate = first.sample_rate
        if not MIN_RATE <= rate <= MAX_RATE:
            raise UnsupportedAudio(
                f"the file's sample rate is {rate} Hz; allowed: {MIN_RATE} to {MAX_RATE} Hz"
            )
        self._kind = _kind(first)
        self._mixer = av.AudioResampler(format="flt", layout="mono", rate=rate)
        self._resampler = Resampler(rate, target_rate)

    def fits(self, frame: av.AudioFrame) -> bool:
        return _kind(frame) == self._kind

    def push(self, frame: av.AudioFrame) -> Iterator[Samples]:
        # Times are of no use here, and the wrong ones of a damaged file would only confuse the mixer.
        frame.pts = None
        for mono in self._mixer.resample(frame):
            yield self._resampler.push(mono.to_ndarray()[0])

    def finish(self) -> Samples:
        return self._resampler.finish()


def _kind(frame: av.AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name


def _frames(file: BinaryIO) -> Iterator[av.AudioFrame]:
    """Decoded frames of the file's first audio stream; damaged packets are left out.

    Raises:
        UnsupportedAudio: no container that may be read, or one without an audio stream.
    """
    try:
        container = av.open(
            file,
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
        for packet in _packets(container, stream):
            try:
                frames: list[av.AudioFrame] = codec.decode(packet)
            except av.error.FFmpegError:
                continue
            yield from frames


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
