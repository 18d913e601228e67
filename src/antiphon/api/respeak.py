"""A clip spoken again by another voice, phrase by phrase, each when it was said."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from antiphon.api.tts.request import MAX_SPEED, MIN_SPEED
from antiphon.api.tts.whole import Speaker, Spoken
from antiphon.audio.loudness import gain_to, loudness
from antiphon.audio.samples import SILENCE, Samples
from antiphon.speech.phrases import Phrase
from antiphon.speech.retiming import MARGIN_S, Extent, extent_of, retime

RATE_HZ = 24_000
"""Of what is spoken."""

EVEN = 1.2
"""Speech that lasts too long or too short by no more than this is stretched; else it is spoken once more."""

MOST_GAIN_DB = 20.0
_PEAK = 10 ** (-1 / 20)

_STEADY_S = 1.0
"""A phrase this long tells something of a speaker's pace, which the next is tried at first."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What is to be spoken again.

    Attributes:
        samples: [n] of the whole clip.
        sample_rate: theirs, in Hz.
        phrases: what was said in it, at least one.
    """

    samples: Samples
    sample_rate: int
    phrases: Sequence[Phrase]

    @property
    def seconds(self) -> float:
        """The length of the clip."""
        return len(self.samples) / self.sample_rate

    def loudness_of(self, phrase: Phrase) -> float:
        """How loud a phrase was said, in LUFS."""
        first, last = (round(time_s * self.sample_rate) for time_s in (phrase.start_s, phrase.end_s))
        return loudness(self.samples[first:last], self.sample_rate)


@dataclass(frozen=True, slots=True)
class Piece:
    """A pause and the phrase after it, or the last pause; ``step_ms`` is the engine time it took."""

    samples: Samples
    step_ms: float


class Respeaker:
    """Speaks the phrases of a clip anew.

    Args:
        speaker: at `RATE_HZ`.
        fields: of a request to speak: the voice and its model.
        clip: what is to be said when.
    """

    def __init__(self, speaker: Speaker, fields: Mapping[str, Any], clip: Clip) -> None:
        self._speaker = speaker
        self._fields = fields
        self._clip = clip
        self._speed = 1.0

    async def pieces(self) -> AsyncGenerator[Piece]:
        """The new speech in order, at `RATE_HZ`; in all as long as the clip.

        Raises:
            RequestError: the request is wrong.
            Overloaded, NoWorker, JobLost, InternalError: a phrase could not be spoken.
        """
        margin, total, at = round(MARGIN_S * RATE_HZ), round(self._clip.seconds * RATE_HZ), 0
        for phrase in self._clip.phrases:
            start = max(at, round(phrase.start_s * RATE_HZ) - margin)
            wanted = _extent(phrase, not_before_s=(start + margin) / RATE_HZ)
            body, step_ms = await self._speak(phrase, wanted)
            # A last margin may stand over: it holds no more than the fading of a sound.
            body = body[: max(total - start, len(body) - margin)]
            yield Piece(np.concatenate((_silence(start - at), body)), step_ms)
            at = start + len(body)
        if at < total:
            yield Piece(_silence(total - at), 0.0)

    async def _speak(self, phrase: Phrase, wanted: Extent) -> tuple[Samples, float]:
        """A phrase in its time, and the engine time it took.

        What is spoken in about that time is stretched. Else the voice is asked once more, for another pace.
        """
        first = await self._say(phrase.text, self._speed)
        spoken, step_ms, speed = first, first.step_ms, self._speed
        extent = extent_of(spoken.samples, RATE_HZ, spoken.words)
        if extent is None:
            return SILENCE, step_ms
        excess = extent.lasts_s / max(wanted.lasts_s, 1e-3)
        if not 1 / EVEN <= excess <= EVEN:
            speed = min(max(self._speed * excess, MIN_SPEED), MAX_SPEED)
            spoken = await self._say(phrase.text, speed)
            step_ms += spoken.step_ms
            extent = extent_of(spoken.samples, RATE_HZ, spoken.words) or extent
        if wanted.lasts_s >= _STEADY_S:
            self._speed = speed
        return await asyncio.to_thread(self._fit, phrase, spoken.samples, extent, wanted), step_ms

    async def _say(self, text: str, speed: float) -> Spoken:
        return await self._speaker.speak(
            {**self._fields, "transcript": text, "generation_config": {"speed": speed}}
        )

    def _fit(self, phrase: Phrase, samples: Samples, spoken: Extent, wanted: Extent) -> Samples:
        body = retime(samples, RATE_HZ, spoken, wanted)
        target = self._clip.loudness_of(phrase)
        return body * np.float32(gain_to(target, body, RATE_HZ, most_db=MOST_GAIN_DB, peak=_PEAK))


def _extent(phrase: Phrase, *, not_before_s: float) -> Extent:
    """When a phrase is to be heard; one that begins late ends no later for it."""
    starts_s = tuple(word.start_s for word in phrase.words)
    return Extent(max(phrase.start_s, not_before_s), starts_s, phrase.end_s)


def _silence(length: int) -> Samples:
    return np.zeros(length, np.float32)
