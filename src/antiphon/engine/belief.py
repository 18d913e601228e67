"""Which of the words that a recogniser wrote were said.

Recognisers are trained on speech, and write something of whatever they are given: of laughter or a dog, of
the silence after a sentence. What they write then is improbable to themselves, or has no place in the audio.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from antiphon.models.protocols import Passage, Timed, Transcript

LEAST_LOG_PROBABILITY = -1.2
"""Mean of a passage's tokens under which it is invented. Speech at 5 dB SNR has about -0.8."""

UNLIKELY_LOG_PROBABILITY = -1.0
MOST_NO_SPEECH = 0.6
"""A passage is also invented that is less probable than this while the model thinks nothing was said
(the two thresholds of https://github.com/openai/whisper, transcribe.py)."""

LEAST_WORD = 480
"""Samples (30 ms) that a word needs at least between the first and the last speech of its passage."""

LEAST_TRUST = 0.5
LOG_PROBABILITY_TRUST = 0.12
"""A passage is also invented whose speech has a mean probability that, with this share of its own
log-probability added, is less. Measured on 235 lone words and pairs of words at 40 to 5 dB SNR, down to
-45 dBFS (1 lost), and on 41 shouts, animals, instruments and the like that sound so much like speech that
they were recognised (18 kept)."""

MARGIN = 3_200
"""Samples (0.2 s) on either side of what the voice activity detector takes for speech that may be so too."""


class Stretch(NamedTuple):
    """Speech without a pause, as the voice activity detector thinks.

    Attributes:
        start, end: in samples from the start of the window.
        probability: mean over its frames.
    """

    start: int
    end: int
    probability: float


def believed(transcript: Transcript, speech: Sequence[Stretch]) -> Transcript:
    """The transcript without the passages that can't have been said.

    Args:
        transcript: of one window.
        speech: each stretch of speech in it, in order.
    """
    kept = [passage for passage in transcript.passages if _believable(passage, speech)]
    if len(kept) == len(transcript.passages):
        return transcript
    return replace(
        transcript,
        text="".join(passage.text for passage in kept).strip(),
        words=_words_of(transcript, kept),
        passages=tuple(kept),
    )


def _believable(passage: Passage, speech: Sequence[Stretch]) -> bool:
    improbable = passage.log_probability < LEAST_LOG_PROBABILITY
    doubted = passage.no_speech > MOST_NO_SPEECH and passage.log_probability < UNLIKELY_LOG_PROBABILITY
    if improbable or doubted or not any(character.isalnum() for character in passage.text):
        return False
    near = [
        stretch
        for stretch in speech
        if stretch.start - MARGIN < passage.end and passage.start < stretch.end + MARGIN
    ]
    if not near:
        return False
    room = min(passage.end, near[-1].end + MARGIN) - max(passage.start, near[0].start - MARGIN)
    if room < LEAST_WORD * len(passage.text.split()):
        return False
    voiced = sum(stretch.end - stretch.start for stretch in near)
    probability = sum((stretch.end - stretch.start) * stretch.probability for stretch in near) / voiced
    return probability + LOG_PROBABILITY_TRUST * passage.log_probability >= LEAST_TRUST


def _words_of(transcript: Transcript, kept: Sequence[Passage]) -> tuple[Timed, ...]:
    """The timed words of the passages kept; none when none were asked for."""
    words: list[Timed] = []
    first = 0
    for passage in transcript.passages:
        if any(passage is other for other in kept):
            words += transcript.words[first : first + passage.words]
        first += passage.words
    return tuple(words)
