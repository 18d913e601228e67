"""What is said under load: recordings of single utterances, and their texts where they are known."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from antiphon.audio.encodings import decode, encode
from antiphon.audio.files import decode_file
from antiphon.audio.samples import Samples
from antiphon.errors import OperatorError, RequestError
from antiphon.loadtest.failures import Failure
from antiphon.loadtest.request import AUDIBLE, Listener
from antiphon.loadtest.sentences import SENTENCES
from antiphon.loadtest.speech import BytesClient
from antiphon.loadtest.target import Target

RATE = 16_000
ENCODING = "pcm_s16le"

SHORTEST_S, LONGEST_S = 3.0, 8.0
"""Utterances as people make them on the telephone."""

_SUFFIXES = frozenset({".wav", ".flac"})


@dataclass(frozen=True, slots=True)
class Recording:
    """One utterance, without the silence around it.

    Attributes:
        pcm: 16 kHz pcm_s16le.
        text: what is said, if it is known.
    """

    pcm: bytes
    text: str | None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / 2 / RATE


def read_recordings(folder: Path) -> tuple[Recording, ...]:
    """Every ``.wav`` and ``.flac`` of a folder; what is said in ``x.wav`` may stand in ``x.txt``.

    Raises:
        OperatorError: nothing there, or a file that can't be read.
    """
    found: list[Recording] = []
    try:
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES):
            text = path.with_suffix(".txt")
            samples = np.concatenate(list(decode_file(path, target_rate=RATE)))
            said = text.read_text(encoding="utf-8").strip() if text.is_file() else None
            found.append(Recording(_pcm(samples), said))
    except OSError as error:
        raise OperatorError(f"Can't read {error.filename or folder}: {error.strerror}.") from None
    except RequestError as error:
        raise OperatorError(f"A recording in {folder} can't be read: {error}") from None
    if not any(recording.pcm for recording in found):
        raise OperatorError(f"{folder} holds no .wav or .flac file with speech in it.")
    return tuple(recording for recording in found if recording.pcm)


async def speak_recordings(target: Target, texts: Sequence[str] = SENTENCES) -> tuple[Recording, ...]:
    """Have a server speak sentences; those between `SHORTEST_S` and `LONGEST_S` are kept.

    Args:
        target: the server; its model and voice are those of speech.
        texts: the sentences.

    Raises:
        OperatorError: it does not speak them.
    """
    client = BytesClient(replace(target, encoding=ENCODING, sample_rate=RATE))
    try:
        spoken = [await _speak(client, text) for text in texts]
    except Failure as failure:
        raise OperatorError(
            f"{target.url} does not speak the sentences to be heard ({failure.kind}); "
            "give recordings with --audio."
        ) from None
    finally:
        await client.aclose()
    kept = tuple(recording for recording in spoken if SHORTEST_S <= recording.seconds <= LONGEST_S)
    if not kept:
        raise OperatorError(
            f"No sentence takes {SHORTEST_S:g} to {LONGEST_S:g} seconds; give recordings with --audio."
        )
    return kept


async def _speak(client: BytesClient, text: str) -> Recording:
    recorder = _Recorder()
    await client.speak(text, recorder)
    return Recording(_pcm(decode(bytes(recorder.pcm), ENCODING)), text)


class _Recorder(Listener):
    """Keeps what it hears."""

    def __init__(self) -> None:
        super().__init__(time.perf_counter(), ENCODING, RATE)
        self.pcm = bytearray()

    def hear(self, data: bytes) -> None:
        """See `Listener`."""
        self.pcm += data


def _pcm(samples: Samples) -> bytes:
    """Without the silence before and after."""
    audible = np.flatnonzero(np.abs(samples) > AUDIBLE)
    return encode(samples[audible[0] : audible[-1] + 1], ENCODING) if len(audible) else b""
