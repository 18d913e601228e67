import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import numpy as np

from antiphon.models.card import Card
from antiphon.models.digests import Digests
from antiphon.models.logmel import HOP, SAMPLE_RATE, Floats, LogMel
from antiphon.models.protocols import NO_HINTS, Hints, Passage, Samples, Timed, Transcript
from antiphon.models.whisper import timing
from antiphon.models.whisper.network import FRAMES, Network, Written
from antiphon.models.whisper.tokens import Vocabulary

_FILES = ("config.json", "model.bin")

_STEP = 100
"""Frames (1 s): windows are encoded with one to two of them of silence after their end. Without silence the
decoder says the text over and over; and windows of a few lengths alone can share a batch."""

_LONGEST_S = 28.0
"""Seconds of a window after which there is room for silence."""

_QUIETEST = 1e-4
"""RMS (-80 dBFS) under which a window holds no speech."""

_TOKENS_PER_S = 16.0
_MOST_TOKENS = 200
"""No speech has more: a text that comes to so many goes round in circles."""


@dataclass(slots=True)
class Hearing:
    """What is kept of an utterance between two of its windows.

    Attributes:
        hints: what was known before.
        samples: length of the last window.
        said: what was heard in it.
    """

    hints: Hints
    samples: int = -1
    said: Transcript = field(default_factory=lambda: Transcript(""))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read from one window.

    Attributes:
        memory: [1, positions, width] what the decoder looked at.
        language: that of the prompt.
        written: the text.
    """

    memory: Floats
    language: str
    written: Written


class WhisperModel:
    """A Whisper in CTranslate2's form. See `STTModel`.

    The network was trained on windows of 30 s, with silence after shorter ones. On a CPU only a window and a
    second or two of silence are encoded, and the memory of the silence after that is put behind, encoded
    once: a window of 3 s costs a tenth, and the decoder sees what it was trained to see. On a GPU, where 30 s
    cost next to nothing, they are encoded whole.

    Earlier text is no prompt: an utterance is heard for itself, so that no mistake goes on into the next.
    """

    sample_rate = SAMPLE_RATE
    takes_keyterms = False

    def __init__(self, card: Card, network: Network, vocabulary: Vocabulary, digest: str) -> None:
        self.name = card.name
        self.languages: tuple[str, ...] = card.languages or (
            vocabulary.languages if network.multilingual else ("en",)
        )
        self.max_window_s = min(card.max_window_s or _LONGEST_S, FRAMES * HOP / SAMPLE_RATE)
        self.digest = digest
        self._network = network
        self._vocabulary = vocabulary
        self._log_mel = LogMel(network.bands)
        self._silence = network.encode(self._log_mel(np.zeros(0, np.float32), FRAMES)[None])

    @classmethod
    def load(cls, folder: Path, card: Card) -> "WhisperModel":
        """Read ``config.json``, ``model.bin`` and ``vocabulary.json`` or ``vocabulary.txt`` from a folder.

        Raises:
            ModelMissing: a file is not there.
            ModelCorrupt: a file is not what its name says.
        """
        network, vocabulary = Network(folder), Vocabulary.load(folder)
        digests = Digests(folder)
        digest = hashlib.sha256(" ".join(map(digests.known, _FILES)).encode()).hexdigest()
        return cls(card, network, vocabulary, digest)

    def start(self, hints: Hints = NO_HINTS) -> Hearing:
        """The state of an utterance of which nothing was heard; see `STTModel.start`."""
        return Hearing(hints)

    def step(
        self, states: Sequence[Hearing], windows: Sequence[Samples], *, word_timestamps: Sequence[bool]
    ) -> list[Transcript]:
        """Hear several windows; see `STTModel.step`."""
        rows: dict[int, list[int]] = {}
        for i, (state, window) in enumerate(zip(states, windows, strict=True)):
            if len(window) == state.samples and not word_timestamps[i]:
                continue
            if _rms(window) >= _QUIETEST:
                rows.setdefault(self._frames(window), []).append(i)
            else:
                state.samples, state.said = len(window), Transcript("")
        for frames, group in rows.items():
            languages = [states[i].hints.language for i in group]
            readings = self._read([windows[i] for i in group], languages, frames)
            for i, reading in zip(group, readings, strict=True):
                states[i].said = self._transcript(reading, windows[i], timed=word_timestamps[i])
                states[i].samples = len(windows[i])
        return [state.said for state in states]

    def _frames(self, window: Samples) -> int:
        """Frames to encode of a window and the silence after it."""
        if self._network.on_gpu:
            return FRAMES
        return min((len(window) // (HOP * _STEP) + 2) * _STEP, FRAMES)

    def _read(self, windows: Sequence[Samples], languages: Sequence[str], frames: int) -> list[_Reading]:
        """Read windows of like length in one batch; an empty language is found out."""
        heard = self._network.encode(np.stack([self._log_mel(window, frames) for window in windows]))
        languages = self._found_out(languages, heard)
        silence = np.broadcast_to(self._silence, (len(windows), *self._silence.shape[1:]))
        memory = np.concatenate([heard, silence[:, heard.shape[1] :]], axis=1)
        most = min(math.ceil(frames * HOP / SAMPLE_RATE * _TOKENS_PER_S), _MOST_TOKENS)
        written = self._network.write(memory, list(map(self._prompt, languages)), most)
        readings = [
            _Reading(row[None], language, each)
            for language, row, each in zip(languages, memory, written, strict=True)
        ]
        if frames == FRAMES:
            return readings
        # What goes round in circles is read again, as the network was trained to.
        return [
            self._read([window], [reading.language], FRAMES)[0]
            if len(reading.written.tokens) >= most
            else reading
            for window, reading in zip(windows, readings, strict=True)
        ]

    def _found_out(self, languages: Sequence[str], heard: Floats) -> Sequence[str]:
        if all(languages):
            return languages
        if not self._network.multilingual:
            return [language or self.languages[0] for language in languages]
        found = self._network.detect(heard, self.languages)
        return [language or guess for language, guess in zip(languages, found, strict=True)]

    def _prompt(self, language: str) -> list[int]:
        return self._vocabulary.prompt(language if self._network.multilingual else "")

    def _transcript(self, reading: _Reading, window: Samples, *, timed: bool) -> Transcript:
        written = reading.written
        tokens = without_circles(written.tokens)
        text = self._vocabulary.text(tokens)
        words = self._words(reading, tokens, window) if timed else ()
        whole = Passage(text, 0, len(window), written.log_probability, len(words), written.no_speech)
        return Transcript(text, words, reading.language, (whole,))

    def _words(self, reading: _Reading, tokens: Sequence[int], window: Samples) -> tuple[Timed, ...]:
        frames = min(math.ceil(len(window) / HOP), FRAMES)
        starts = self._network.align(reading.memory, self._prompt(reading.language), tokens, frames)
        words = self._vocabulary.words(tokens, reading.language)
        firsts = accumulate((word.tokens for word in words), initial=0)
        spans = timing.spans([starts[first] for first in firsts], window)
        return tuple(Timed(word.text, *span) for word, span in zip(words, spans, strict=True))


def without_circles(tokens: Sequence[int]) -> Sequence[int]:
    """Leave out the rounds of an end that comes at least three times over."""
    for period in range(1, len(tokens) // 3 + 1):
        last = tokens[-period:]
        if last == tokens[-2 * period : -period] == tokens[-3 * period : -2 * period]:
            begun = len(tokens) - period
            while begun and tokens[begun - 1] == tokens[begun - 1 + period]:
                begun -= 1
            return tokens[: begun + period]
    return tokens


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
