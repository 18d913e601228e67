"""The wire encodings of headerless audio: float, linear and G.711 PCM, mono, little-endian.

Full scale: an integer of n bits is divided by 2**(n-1), so every integer code survives decode and encode
unchanged; +1.0 itself encodes as the largest code. The G.711 tables follow ITU-T G.711 (11/1988), tables 1
and 2, for 16-bit samples as FFmpeg takes them: the lowest two bits are dropped, then the nearest level wins.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.samples import Samples, clean
from antiphon.errors import BadRequest

OUTPUT_ENCODINGS = ("pcm_f32le", "pcm_s16le", "pcm_mulaw", "pcm_alaw")
"""What speech can be asked for in."""

INPUT_ENCODINGS = (*OUTPUT_ENCODINGS, "pcm_s32le", "pcm_f16le")
"""What audio may be sent in."""

_S16_SCALE = 2**15
_S32_SCALE = 2**31
_MULAW_SIGN_AND_MASK = 0xFF
_ALAW_SIGN_AND_MASK = 0xD5


def _mulaw_levels() -> NDArray[np.int16]:
    """16-bit value of each of the 256 mu-law codes."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    step, segment = code & 0x0F, (code >> 4) & 0x07
    magnitude = (((step << 3) + 132) << segment) - 132
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_levels() -> NDArray[np.int16]:
    """16-bit value of each of the 256 A-law codes."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    step, segment = code & 0x0F, (code >> 4) & 0x07
    linear = (step << 4) + 8
    magnitude = np.where(segment > 0, (linear + 256) << np.maximum(segment - 1, 0), linear)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _codes(levels: NDArray[np.int16], mask: int) -> NDArray[np.uint8]:
    """Code of every 16-bit sample, indexed by the sample's bits read as unsigned.

    Args:
        levels: value of each code, shape [256].
        mask: what the code of magnitude index i is XORed with; with its top bit turned for negative samples.
    """
    magnitude_index = np.arange(128)
    heights = levels[magnitude_index ^ mask].astype(np.int32)
    borders = (heights[:-1] + heights[1:] + 4) >> 3
    coarse = np.arange(2**16, dtype=np.uint16).view(np.int16) >> 2
    nearest = np.searchsorted(borders, np.abs(coarse), side="right")
    return (nearest ^ np.where(coarse < 0, mask ^ 0x80, mask)).astype(np.uint8)


_MULAW_LEVELS = _mulaw_levels()
_ALAW_LEVELS = _alaw_levels()
_MULAW_CODES = _codes(_MULAW_LEVELS, _MULAW_SIGN_AND_MASK)
_ALAW_CODES = _codes(_ALAW_LEVELS, _ALAW_SIGN_AND_MASK)


def _to_s16(samples: Samples) -> NDArray[np.int16]:
    return np.minimum(np.rint(samples * _S16_SCALE), _S16_SCALE - 1).astype("<i2")


def _to_s32(samples: Samples) -> NDArray[np.int32]:
    scaled = np.rint(samples.astype(np.float64) * _S32_SCALE)
    return np.minimum(scaled, _S32_SCALE - 1).astype("<i4")


def _from_s16(values: NDArray[np.int16]) -> Samples:
    return values.astype(np.float32) / np.float32(_S16_SCALE)


def _from_s32(values: NDArray[np.int32]) -> Samples:
    return (values / _S32_SCALE).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Codec:
    """One encoding: the type of its wire values, and both ways between these and clean samples."""

    dtype: np.dtype[Any]
    to_wire: Callable[[Samples], NDArray[Any]]
    from_wire: Callable[[NDArray[Any]], Samples]


def _table(levels: NDArray[np.int16], codes: NDArray[np.uint8]) -> _Codec:
    heard = _from_s16(levels)
    return _Codec(
        np.dtype("u1"),
        lambda samples: codes[_to_s16(samples).view(np.uint16)],
        lambda values: heard[values],
    )


_CODECS: Mapping[str, _Codec] = MappingProxyType(
    {
        "pcm_f32le": _Codec(np.dtype("<f4"), lambda samples: samples.astype("<f4", copy=False), clean),
        "pcm_f16le": _Codec(np.dtype("<f2"), lambda samples: samples.astype("<f2"), clean),
        "pcm_s16le": _Codec(np.dtype("<i2"), _to_s16, _from_s16),
        "pcm_s32le": _Codec(np.dtype("<i4"), _to_s32, _from_s32),
        "pcm_mulaw": _table(_MULAW_LEVELS, _MULAW_CODES),
        "pcm_alaw": _table(_ALAW_LEVELS, _ALAW_CODES),
    }
)


def _codec(encoding: str) -> _Codec:
    try:
        return _CODECS[encoding]
    except KeyError:
        raise BadRequest(f"encoding is {encoding[:40]!r}; allowed: {', '.join(_CODECS)}") from None


def bytes_per_sample(encoding: str) -> int:
    """Bytes one sample takes on the wire.

    Raises:
        BadRequest: unknown encoding.
    """
    return _codec(encoding).dtype.itemsize


def encode(samples: Samples, encoding: str) -> bytes:
    """Samples as wire bytes: rounded to the nearest code, clipped to [-1, 1]; NaN and infinity become 0.

    Raises:
        BadRequest: unknown encoding.
    """
    return _codec(encoding).to_wire(clean(samples)).tobytes()


def decode(data: bytes, encoding: str) -> Samples:
    """Wire bytes as samples; float encodings are clipped to [-1, 1], their NaN and infinity become 0.

    Raises:
        BadRequest: unknown encoding, or bytes that end inside a sample.
    """
    codec = _codec(encoding)
    if len(data) % codec.dtype.itemsize:
        raise BadRequest(
            f"{len(data)} bytes of {encoding} end inside a sample; each takes {codec.dtype.itemsize} bytes"
        )
    return codec.from_wire(np.frombuffer(data, dtype=codec.dtype))


class StreamDecoder:
    """Decodes a stream of bytes that is cut anywhere, also inside a sample.

    Args:
        encoding: one of `INPUT_ENCODINGS`.

    Raises:
        BadRequest: unknown encoding.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._width = bytes_per_sample(encoding)
        self._partial = b""

    def push(self, data: bytes) -> Samples:
        """Samples that ``data`` completes; the bytes of an unfinished one wait for the next call."""
        held = self._partial + data
        whole = len(held) - len(held) % self._width
        self._partial = held[whole:]
        return decode(held[:whole], self._encoding)
