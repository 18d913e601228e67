"""How well a server hears recordings of known text: as files, as streams, as turns."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from antiphon.loadtest.effort import LATE_S, Meter
from antiphon.loadtest.failures import Failure
from antiphon.loadtest.manifest import Clip
from antiphon.loadtest.percentiles import Spread
from antiphon.loadtest.run import Run
from antiphon.loadtest.transcribing import FileHeard, StreamHeard, Transcriber, TurnsHeard
from antiphon.loadtest.wordrate import WordErrors, word_errors

DRAWS = 2000
"""Of the bootstrap."""

H = TypeVar("H", FileHeard, StreamHeard, TurnsHeard)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a server made of one recording; None for a way that failed.

    Attributes:
        clip: the recording.
        file, stream, turns: by way.
        errors: the kinds of failure.
    """

    clip: Clip
    file: FileHeard | None
    stream: StreamHeard | None
    turns: TurnsHeard | None
    errors: tuple[str, ...]

    @property
    def streamed_s(self) -> float:
        """Seconds of audio that were sent in real time."""
        return sum(live.spoken_s for live in (self.stream, self.turns) if live)

    @property
    def file_words(self) -> WordErrors:
        """Errors in what was heard of the file."""
        return word_errors(self.clip.text, self.file.text) if self.file else WordErrors()

    @property
    def stream_words(self) -> WordErrors:
        """Errors in what was heard of the stream."""
        return word_errors(self.clip.text, self.stream.text) if self.stream else WordErrors()

    @property
    def turns_words(self) -> WordErrors:
        """Errors in what was heard of the turns."""
        return word_errors(self.clip.text, self.turns.text) if self.turns else WordErrors()


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of some recordings. Shares are of one, times in seconds; None is what was not measured.

    Attributes:
        recordings, words, audio_s: how many there are.
        wer: word error rate of files; ``wer_low`` and ``wer_high`` hold it in 95 of 100 draws of recordings.
        replaced, dropped, inserted: the errors in files.
        stream_wer: word error rate of streams; ``stream_loss``: that less the one of the same files.
        turns_wer: word error rate of turns.
        first_partial: speech began → a text.
        final: ``finalize`` → the final text.
        turn_end: speech ended → the turn was over.
        turns_cut: share of the recordings in which a turn was over before the speech was.
        rtf: time to hear a file / its length.
        errors: failures by kind.
        generator_late_s: lateness of the event loop here, p95.
    """

    recordings: int
    words: int
    audio_s: float
    wer: float | None
    wer_low: float | None
    wer_high: float | None
    replaced: int
    dropped: int
    inserted: int
    stream_wer: float | None
    stream_loss: float | None
    turns_wer: float | None
    first_partial: Spread
    final: Spread
    turn_end: Spread
    turns_cut: float | None
    rtf: Spread
    errors: dict[str, int]
    generator_late_s: float

    @property
    def reliable(self) -> bool:
        """Whether the times are the server's and not of what measures them."""
        return self.generator_late_s <= LATE_S


async def hear_files(
    transcriber: Transcriber, clips: Sequence[Clip], stop: asyncio.Event, tell: Callable[[str], None]
) -> list[Heard]:
    """Have recordings heard as files, one after the other.

    Args:
        transcriber: who has them heard.
        clips: the recordings.
        stop: when it is set, the one under way is the last.
        tell: called with how far it is.
    """
    heard: list[Heard] = []
    for clip in clips:
        if stop.is_set():
            break
        tell(f"file {len(heard) + 1} of {len(clips)}")
        file, error = await _attempt(transcriber.file(clip))
        heard.append(Heard(clip, file, None, None, (error,) if error else ()))
    return heard


async def hear_streams(
    transcriber: Transcriber,
    files: Sequence[Heard],
    *,
    streams: int,
    stop: asyncio.Event,
    tell: Callable[[str], None],
) -> Run[Heard]:
    """Have the same recordings heard in real time: each as a stream, then as turns.

    Args:
        transcriber: who has them heard.
        files: what was heard of the files.
        streams: at once.
        stop: when it is set, those under way are the last; the others are not given back.
        tell: called with how far it is.
    """
    meter = Meter()
    waiting = list(enumerate(files))[::-1]
    heard: dict[int, Heard] = {}

    async def speak() -> None:
        while waiting and not stop.is_set():
            number, known = waiting.pop()
            tell(f"stream {number + 1} of {len(files)}")
            stream, stream_error = await _attempt(transcriber.stream(known.clip))
            turns, turns_error = await _attempt(transcriber.turns(known.clip))
            errors = (*known.errors, *filter(None, (stream_error, turns_error)))
            heard[number] = replace(known, stream=stream, turns=turns, errors=errors)

    async with asyncio.TaskGroup() as group:
        for _ in range(streams):
            group.create_task(speak())
    effort = meter.effort()
    return Run([heard[number] for number in sorted(heard)], effort.wall_s, effort)


async def _attempt(hearing: Awaitable[H]) -> tuple[H | None, str | None]:
    try:
        return await hearing, None
    except Failure as failure:
        return None, failure.kind
    except TimeoutError:
        return None, "timeout"


def summarise_quality(heard: Sequence[Heard] = (), late_s: float = 0.0) -> Quality:
    """The figures of some recordings.

    Args:
        heard: what was made of them.
        late_s: lateness of the event loop meanwhile, p95.
    """
    file_words = sum((h.file_words for h in heard), WordErrors())
    both = [h for h in heard if h.file and h.stream]
    loss = _rate(h.stream_words for h in both), _rate(h.file_words for h in both)
    streams = [h.stream for h in heard if h.stream]
    turns = [h.turns for h in heard if h.turns]
    low, high = _interval([h.file_words for h in heard if h.file])
    return Quality(
        recordings=len(heard),
        words=file_words.words,
        audio_s=sum(h.clip.seconds for h in heard),
        wer=file_words.rate,
        wer_low=low,
        wer_high=high,
        replaced=file_words.replaced,
        dropped=file_words.dropped,
        inserted=file_words.inserted,
        stream_wer=_rate(h.stream_words for h in heard),
        stream_loss=None if loss[0] is None or loss[1] is None else loss[0] - loss[1],
        turns_wer=_rate(h.turns_words for h in heard),
        first_partial=Spread.of(s.first_partial_s for s in streams if s.first_partial_s is not None),
        final=Spread.of(s.final_s for s in streams),
        turn_end=Spread.of(t.end_s for t in turns if t.end_s is not None),
        turns_cut=sum(t.cuts > 0 for t in turns) / len(turns) if turns else None,
        rtf=Spread.of(h.file.took_s / h.clip.seconds for h in heard if h.file),
        errors=dict(Counter(error for h in heard for error in h.errors)),
        generator_late_s=late_s,
    )


def _rate(words: Iterable[WordErrors]) -> float | None:
    return sum(words, WordErrors()).rate


def _interval(words: Sequence[WordErrors]) -> tuple[float | None, float | None]:
    """Bounds of the error rate at 95 %: the percentiles of a bootstrap over recordings.

    Source: M. Bisani and H. Ney, "Bootstrap estimates for confidence intervals in ASR performance
    evaluation", ICASSP 2004.
    """
    if not words:
        return None, None
    counts = np.array([(w.errors, w.words) for w in words], np.float64)
    drawn = np.random.default_rng(1).integers(len(counts), size=(DRAWS, len(counts)))
    totals = counts[drawn].sum(axis=1)
    low, high = np.percentile(totals[:, 0] / totals[:, 1], [2.5, 97.5])
    return float(low), float(high)
