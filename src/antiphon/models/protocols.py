"""The two protocols a model implements. A model knows nothing of NATS, clients or scheduling.

Both are called from one thread only (the engine's).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono audio, float32 in [-1, 1], shape [n]."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A word or phoneme and its times, in samples from the start of the utterance."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """Some words of an utterance, what their times are told under, and how they are pronounced.

    Attributes:
        text: `Timed.text` of these words; the samples do not depend on it.
        words: how many words of the text; 0 for what is written and not spoken.
        phonemes: IPA of all of them together, blanks between words, commas for pauses; empty: as read.
    """

    text: str
    words: int = 1
    phonemes: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a TTS model is asked to speak: one segment.

    The same utterance gives the same samples, whatever its tokens are called.

    Attributes:
        text: plain text, words separated by blanks.
        voice: a voice id of the model.
        language: code the model lists.
        speed: factor of the pace.
        seed: with ``segment``, keys the noise.
        segment: index in the context.
        tokens: what the words are told as; those beyond them stand for themselves.
        normalize: whether the model may put numbers and the like into words.
        duration_s: how long it is to last, as nearly as the pace may be changed for it.
    """

    text: str
    voice: str
    language: str
    speed: float = 1.0
    seed: int = 0
    segment: int = 0
    tokens: Sequence[Token] = ()
    normalize: bool = True
    duration_s: float | None = None


class TTSState(Protocol):
    """An utterance on its way: prosody is planned, audio is made chunk by chunk."""

    @property
    def total_frames(self) -> int:
        """Frames of the whole utterance."""
        ...

    @property
    def done_frames(self) -> int:
        """Frames made (or skipped) so far."""
        ...

    @property
    def silent_frames(self) -> int:
        """Frames at the start that are certainly silent: they need not be made to find where sound begins."""
        ...

    @property
    def onset_frame(self) -> int:
        """Frame at which sound has most likely begun."""
        ...

    @property
    def words(self) -> Sequence[Timed]:
        """Words of the whole utterance, one for each token; known before the first chunk."""
        ...

    @property
    def phonemes(self) -> Sequence[Timed]:
        """Phonemes of the whole utterance, known before the first chunk."""
        ...

    def skip_to(self, frame: int) -> None:
        """Leave out the frames before ``frame`` (at least ``done_frames``): later samples stay the same."""
        ...


S = TypeVar("S", bound=TTSState)


class TTSModel(Protocol[S]):
    """A text-to-speech model.

    Attributes:
        name: canonical name, e.g. ``hibari``.
        sample_rate: in Hz.
        frame_samples: samples a frame.
        languages: codes it speaks.
        voices: ids it speaks with.
        digest: sha256 over the model's files.
    """

    name: str
    sample_rate: int
    frame_samples: int
    languages: tuple[str, ...]
    voices: tuple[str, ...]
    digest: str

    def start(self, utterance: Utterance) -> S:
        """Plan an utterance: text to phonemes to prosody."""
        ...

    def step(self, states: Sequence[S], frames: Sequence[int]) -> list[Samples]:
        """Make the next ``frames[i]`` frames (at most; fewer at the end) of each state, in one batch.

        The samples do not depend on how an utterance is cut into chunks, nor on its neighbours.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a stream before it is heard.

    Attributes:
        language: code the model lists; empty: the model is to find out, if it hears more than one.
        keyterms: words and phrases that are likely to be said.
    """

    language: str = ""
    keyterms: tuple[str, ...] = ()


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class Passage:
    """Some of what an STT model wrote, a sentence as a rule, and what speaks for it.

    Attributes:
        text: as it stands in the transcript, with the blank before it; all passages joined are its text.
        start, end: where the model heard it, in samples from the start of the window; equal when it found no
            place for it.
        log_probability: mean of its tokens' natural logarithms.
        words: how many of the transcript's timed words it has, when those are asked for.
        no_speech: the model's own probability that nothing was said there; 0 when it does not tell.
        doubts: of each word (parted at blanks) the least log-probability of its tokens; empty when the model
            does not tell: that of the passage stands for it.
        closed: how much likelier (natural logarithm) its last word ends a sentence than that a comma follows;
            0 when no sign ends it, None when the model does not tell.
    """

    text: str
    start: int
    end: int
    log_probability: float
    words: int = 0
    no_speech: float = 0.0
    doubts: tuple[float, ...] = ()
    closed: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What an STT model heard in one window.

    Attributes:
        text: without leading or trailing blanks; empty when nothing was said.
        words: times in samples from the start of the window; empty unless asked for.
        language: code of what was spoken; empty when the model does not tell.
        passages: the text in pieces, each of which is believed or not; empty: all of it is.
    """

    text: str
    words: tuple[Timed, ...] = ()
    language: str = ""
    passages: tuple[Passage, ...] = ()

    @property
    def closed(self) -> float | None:
        """How much likelier its end is that of a sentence than not; see `Passage`."""
        return self.passages[-1].closed if self.passages else None

    @property
    def probabilities(self) -> list[float]:
        """Of each word of the text, parted at blanks."""
        count = len(self.text.split())
        told = [
            math.exp(doubt)
            for passage in self.passages
            for doubt in passage.doubts or [passage.log_probability] * len(passage.text.split())
        ]
        return told if len(told) == count else [min(told, default=1.0)] * count


H = TypeVar("H")


class STTModel(Protocol[H]):
    """A speech recogniser that hears utterances, as far as they have come, as often as it is asked.

    Attributes:
        name, sample_rate, languages, digest: as for `TTSModel`.
        max_window_s: the longest window it hears well.
        takes_keyterms: whether the key terms of `Hints` change what it writes.
    """

    name: str
    sample_rate: int
    languages: tuple[str, ...]
    max_window_s: float
    takes_keyterms: bool
    digest: str

    def start(self, hints: Hints = NO_HINTS) -> H:
        """The state of an utterance of which nothing was heard yet."""
        ...

    def step(
        self, states: Sequence[H], windows: Sequence[Samples], *, word_timestamps: Sequence[bool]
    ) -> list[Transcript]:
        """Hear a window of each utterance in one batch.

        The windows of an utterance begin at the same sample and differ in how far they go. What the state
        keeps of the last one makes the next cheaper; the text is as if it were the first.
        ``word_timestamps[i]`` asks for the words' times of window i.
        """
        ...


class VAD(Protocol):
    """A voice activity detector over frames, batched over streams.

    Attributes:
        sample_rate: in Hz.
        frame_samples: samples a frame.
    """

    sample_rate: int
    frame_samples: int

    def initial_state(self) -> NDArray[np.float32]:
        """State of a stream that has heard nothing."""
        ...

    def step(
        self, frames: Sequence[Samples], states: Sequence[NDArray[np.float32]]
    ) -> list[tuple[float, NDArray[np.float32]]]:
        """Probability of speech in one next frame of each stream, with the stream's new state."""
        ...


class TurnModel(Protocol):
    """Judges by the sound of speech whether a turn is over, batched over streams.

    Attributes:
        name: canonical name.
        sample_rate: in Hz.
        context_s: seconds of audio, the latest, that it can make use of.
    """

    name: str
    sample_rate: int
    context_s: float

    def step(self, windows: Sequence[Samples]) -> list[float]:
        """How likely the turn that each window ends with is over, from 0 to 1.

        A window [n] ends with about 200 ms of the pause that follows the speech in it.
        """
        ...
