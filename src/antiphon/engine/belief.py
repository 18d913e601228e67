"""Which of the words that a recogniser wrote were said.

Recognisers are trained on speech, and write something of whatever they are given: of laughter or a dog, of
the silence after a sentence. What they write then is improbable to themselves, or has no place in the audio.
"""

from collections.abc import Sequence
from dataclasses import replace

from antiphon.models.protocols import Passage, Timed, Transcript

LEAST_LOG_PROBABILITY = -1.2
"""Mean of a passage's tokens under which it is invented. Speech at 5 dB SNR has about -0.8."""

UNLIKELY_LOG_PROBABILITY = -1.0
MOST_NO_SPEECH = 0.6
"""A passage is also invented that is less probable than this while the model thinks nothing was said
(the two thresholds of https://github.com/openai/whisper, transcribe.py)."""

LEAST_WORD = 480
"""Samples (30 ms) of speech that a word needs at least."""

MARGIN = 3_200
"""Samples (0.2 s) on either side of what the voice activity detector takes for speech that may be so too."""

Spans = Sequence[tuple[int, int]]


def believed(transcript: Transcript, speech: Spans) -> Transcript:
    """The transcript without the passages that can't have been said.

    Args:
        transcript: of one window.
        speech: start and end of each stretch of speech, in samples from the start of the window.
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


def _believable(passage: Passage, speech: Spans) -> bool:
    doubted = passage.no_speech > MOST_NO_SPEECH and passage.log_probability < UNLIKELY_LOG_PROBABILITY
    return (
        passage.log_probability >= LEAST_LOG_PROBABILITY
        and not doubted
        and any(character.isalnum() for character in passage.text)
        and _spoken(passage, speech) >= LEAST_WORD * len(passage.text.split())
    )


def _spoken(passage: Passage, speech: Spans) -> int:
    """Samples of the passage in which somebody may have spoken."""
    total, heard_to = 0, passage.start
    for start, end in speech:
        first = max(start - MARGIN, heard_to)
        last = min(end + MARGIN, passage.end)
        total += max(last - first, 0)
        heard_to = max(heard_to, last)
    return total


def _words_of(transcript: Transcript, kept: Sequence[Passage]) -> tuple[Timed, ...]:
    """The timed words of the passages kept; none when none were asked for."""
    words: list[Timed] = []
    first = 0
    for passage in transcript.passages:
        if any(passage is other for other in kept):
            words += transcript.words[first : first + passage.words]
        first += passage.words
    return tuple(words)
