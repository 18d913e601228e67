"""Speech in the bytes that a client asked for, made while the speech is."""

import struct
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np

from antiphon.audio.encodings import bytes_per_sample, encode
from antiphon.audio.formats import DEFAULT_BIT_RATE, OutputFormat
from antiphon.audio.resample import Resampler
from antiphon.audio.samples import Samples, clean

_UNKNOWN_SIZE = 0xFFFFFFFF
_WAVE_FORMAT_TAGS = {"pcm_s16le": 1, "pcm_f32le": 3, "pcm_alaw": 6, "pcm_mulaw": 7}

_MUXED: Mapping[str, tuple[str, str, int]] = {
    "opus": ("ogg", "libopus", 64_000),
    "aac": ("adts", "aac", 96_000),
    "flac": ("flac", "flac", 0),
}
"""FFmpeg's muxer and encoder, and the bit rate (FLAC has none to choose)."""

_MUXING = {
    "fflags": "+bitexact",
    "flush_packets": "1",
    "page_duration": "60000",  # microseconds
    "metadata_header_padding": "0",
}
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)

_MPEG2_MAX_BIT_RATE = 160_000
_MPEG25_MAX_BIT_RATE = 64_000


class Encoder(Protocol):
    """Turns a stream of samples into a client's bytes; joined, they are one whole file."""

    def push(self, samples: Samples) -> bytes:
        """Bytes that are ready after ``samples``, possibly none."""
        ...

    def finish(self) -> bytes:
        """The last bytes; nothing may be pushed afterwards."""
        ...


def make_encoder(fmt: OutputFormat, source_rate: int) -> Encoder:
    """Encoder from samples at ``source_rate`` Hz to ``fmt``.

    Raises:
        BadRequest: a source rate that can't be resampled.
    """
    match fmt.container:
        case "raw" | "wav":
            return PcmEncoder(fmt, source_rate)
        case "mp3":
            return Mp3Encoder(fmt, source_rate)
        case "opus" | "aac" | "flac":
            return MuxedEncoder(fmt, source_rate)


class PcmEncoder:
    """Encoded samples, behind a WAV header where the container is ``wav``.

    The header goes out with the first push. It gives all lengths as unknown (0xFFFFFFFF), which readers take
    for "to the end of the file".
    """

    def __init__(self, fmt: OutputFormat, source_rate: int) -> None:
        self._encoding = str(fmt.encoding)
        self._resampler = Resampler(source_rate, fmt.sample_rate)
        self._header = wav_header(self._encoding, fmt.sample_rate) if fmt.container == "wav" else b""

    def push(self, samples: Samples) -> bytes:
        """See `Encoder`."""
        header, self._header = self._header, b""
        return header + encode(self._resampler.push(samples), self._encoding)

    def finish(self) -> bytes:
        """See `Encoder`."""
        header, self._header = self._header, b""
        return header + encode(self._resampler.finish(), self._encoding)


class Mp3Encoder:
    """Bare MP3 frames of constant bit rate from LAME: no tag and no Xing frame, which would need the end.

    The frames begin with the encoder's delay (about 1100 samples of silence), and the last is filled up with
    silence; without a Xing frame no player trims these.
    """

    def __init__(self, fmt: OutputFormat, source_rate: int) -> None:
        self._resampler = Resampler(source_rate, fmt.sample_rate)
        self._rate = fmt.sample_rate
        self._codec: Any = av.CodecContext.create("libmp3lame", "w")
        self._codec.sample_rate = fmt.sample_rate
        self._codec.layout = "mono"
        self._codec.format = "fltp"
        self._codec.bit_rate = mp3_bit_rate(fmt)

    def push(self, samples: Samples) -> bytes:
        """See `Encoder`."""
        return self._encode(self._resampler.push(samples))

    def finish(self) -> bytes:
        """See `Encoder`."""
        return self._encode(self._resampler.finish()) + _joined(self._codec.encode(None))

    def _encode(self, samples: Samples) -> bytes:
        if not len(samples):
            return b""
        frame = av.AudioFrame.from_ndarray(clean(samples)[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = self._rate
        return _joined(self._codec.encode(frame))


class MuxedEncoder:
    """Frames of a codec in a container that needs not know its end: Opus in Ogg, AAC in ADTS, or FLAC.

    ``flac`` leaves its length and checksum open, which readers allow. Ogg's pages are kept short (by its
    default one would wait for a second of audio), and its serial number, which is random otherwise, fixed:
    the same speech makes the same bytes. Opus has few rates; at others it is made at 48 kHz.
    """

    def __init__(self, fmt: OutputFormat, source_rate: int) -> None:
        muxer, codec, bit_rate = _MUXED[fmt.container]
        rate = 48_000 if fmt.container == "opus" and fmt.sample_rate not in _OPUS_RATES else fmt.sample_rate
        self._resampler = Resampler(source_rate, rate)
        self._time_base = Fraction(1, rate)
        self._samples = 0
        self._file = _Pipe()
        self._container: Any = av.open(self._file, "w", format=muxer, container_options=_MUXING)
        self._stream: Any = self._container.add_stream(codec, rate=rate, layout="mono", bit_rate=bit_rate)

    def push(self, samples: Samples) -> bytes:
        """See `Encoder`."""
        self._encode(self._resampler.push(samples))
        return self._file.take()

    def finish(self) -> bytes:
        """See `Encoder`."""
        self._encode(self._resampler.finish())
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.take()

    def _encode(self, samples: Samples) -> None:
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(clean(samples)[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = self._time_base.denominator
        frame.time_base = self._time_base
        frame.pts = self._samples
        self._samples += len(samples)
        self._container.mux(self._stream.encode(frame))


class _Pipe:
    """A file that is written and taken away, piece by piece; it has no ``seek``, so none is tried."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        written, self._parts = b"".join(self._parts), []
        return written


def _joined(packets: Iterable[Any]) -> bytes:
    return b"".join(map(bytes, packets))


def mp3_bit_rate(fmt: OutputFormat) -> int:
    """The bit rate that ``fmt`` gets: the one asked for, or the most its sample rate allows.

    ISO/IEC 13818-3 (MPEG-2, 16 to 24 kHz) ends at 160 kbit/s; at 8 kHz (MPEG-2.5) LAME ends at 64 kbit/s.
    """
    asked = fmt.bit_rate or DEFAULT_BIT_RATE
    if fmt.sample_rate < 16_000:
        return min(asked, _MPEG25_MAX_BIT_RATE)
    if fmt.sample_rate < 32_000:
        return min(asked, _MPEG2_MAX_BIT_RATE)
    return asked


def wav_header(encoding: str, sample_rate: int, samples: int | None = None) -> bytes:
    """Everything of a mono WAV file that stands before its samples.

    Layout: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF) and the revision
    of 1994, by which all but integer PCM has an extension size in ``fmt`` and a ``fact`` chunk.

    Args:
        encoding: ``pcm_s16le``, ``pcm_f32le``, ``pcm_mulaw`` or ``pcm_alaw``.
        sample_rate: in Hz.
        samples: how many will follow; None when that is not known yet.
    """
    tag, width = _WAVE_FORMAT_TAGS[encoding], bytes_per_sample(encoding)
    form = struct.pack("<HHIIHH", tag, 1, sample_rate, sample_rate * width, width, 8 * width)
    extra = b"" if encoding == "pcm_s16le" else struct.pack("<H", 0)
    fact = b"" if encoding == "pcm_s16le" else b"fact" + struct.pack("<II", 4, _or_unknown(samples))
    data_size = None if samples is None else samples * width
    chunks = b"".join(
        (
            b"WAVE",
            b"fmt " + struct.pack("<I", len(form + extra)) + form + extra,
            fact,
            b"data" + struct.pack("<I", _or_unknown(data_size)),
        )
    )
    riff_size = None if data_size is None else len(chunks) + data_size
    return b"RIFF" + struct.pack("<I", _or_unknown(riff_size)) + chunks


def _or_unknown(size: int | None) -> int:
    return _UNKNOWN_SIZE if size is None else size


def wav_bytes(samples: Samples, sample_rate: int) -> bytes:
    """A whole 16-bit WAV file with exact sizes, for up to 4 GB of samples."""
    return wav_header("pcm_s16le", sample_rate, len(samples)) + encode(samples, "pcm_s16le")
