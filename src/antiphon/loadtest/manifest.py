"""Recordings of known text, listed in a file.

JSON lines, or one JSON array, of objects; the names are those of NVIDIA NeMo's manifests where it has one:

=====================  =======================================================================
``audio_filepath``     the recording, relative to the manifest; ``file`` is the same
``text``               what is said in it
``group``              reported apart; ``all`` when missing
``source``             where it is from, reported apart too; the group when missing
``language``           code such as ``en``; that of the command when missing
=====================  =======================================================================

Other keys are left alone.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from antiphon.audio.encodings import encode
from antiphon.audio.files import decode_file
from antiphon.audio.samples import Samples
from antiphon.errors import OperatorError, RequestError
from antiphon.loadtest.plainwords import plain_words
from antiphon.loadtest.recordings import ENCODING, RATE

_FRAME = RATE // 100
_LOUD_SHARE = 10 ** (-35 / 20)
"""Of the loudest frame: quieter ones before and after are no speech."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording and what is said in it.

    Attributes:
        path: of the file.
        text, group, source, language: see above; the language may be None.
        pcm: 16 kHz pcm_s16le.
        onset_s, end_s: when the first sound of speech begins and the last one ends, by loudness.
    """

    path: Path
    text: str
    group: str
    source: str
    language: str | None
    pcm: bytes
    onset_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / 2 / RATE


class _Entry(msgspec.Struct):
    text: str = ""
    file: str = ""
    audio_filepath: str = ""
    group: str = "all"
    source: str = ""
    language: str | None = None


_decode_lines = msgspec.json.Decoder(_Entry).decode_lines
_decode_array = msgspec.json.Decoder(list[_Entry]).decode


def read_manifest(path: Path) -> tuple[Clip, ...]:
    """Every recording of a manifest, in its order.

    Raises:
        OperatorError: the manifest or a recording of it can't be read, or an entry lacks something.
    """
    entries = _entries(path)
    if not entries:
        raise OperatorError(f"{path} lists no recordings.")
    return tuple(_clip(entry, path, number) for number, entry in enumerate(entries, 1))


def _entries(path: Path) -> list[_Entry]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"Can't read {path}: {error.strerror}.") from None
    try:
        return _decode_array(content) if content.lstrip().startswith(b"[") else _decode_lines(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"{path} is no manifest ({error}): it holds a line such as "
            '{"file": "a.wav", "text": "what is said"} for each recording.'
        ) from None


def _clip(entry: _Entry, manifest: Path, number: int) -> Clip:
    name = entry.file or entry.audio_filepath
    if not name:
        raise OperatorError(f"Entry {number} of {manifest} names no file.")
    if not plain_words(entry.text):
        raise OperatorError(f"Entry {number} of {manifest}, {name}, has no text.")
    path = manifest.parent / name
    try:
        samples = np.concatenate(list(decode_file(path, target_rate=RATE)))
    except OSError as error:
        raise OperatorError(f"Entry {number} of {manifest}: can't read {path}: {error.strerror}.") from None
    except RequestError as error:
        raise OperatorError(f"Entry {number} of {manifest}: {path} can't be read: {error}") from None
    onset_s, end_s = _extent(samples)
    source = entry.source or entry.group
    pcm = encode(samples, ENCODING)
    return Clip(path, entry.text, entry.group, source, entry.language, pcm, onset_s, end_s)


def _extent(samples: Samples) -> tuple[float, float]:
    """When speech begins and ends, in seconds: the frames of 10 ms near in loudness to the loudest."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    levels = np.sqrt(np.mean(np.square(frames), axis=1))
    loud = np.flatnonzero(levels >= levels.max(initial=0.0) * _LOUD_SHARE)
    if not len(loud):
        return 0.0, len(samples) / RATE
    return float(loud[0]) * _FRAME / RATE, float(loud[-1] + 1) * _FRAME / RATE
