"""Speech brought to the times of other speech with the same words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.audio.levels import sound_bounds
from antiphon.audio.samples import Samples
from antiphon.audio.stretch import stretch
from antiphon.contract.events import Word

STEEPEST = 1.6
"""How much faster or slower a part of a phrase may be made than it was spoken."""

MOST_LAG_S = 0.05
"""Of the default model's words: heard by a recogniser, they begin 0.04 s before the times told."""

MARGIN_S = 0.015
"""Kept before and after a phrase: soft sounds begin below any threshold. Faded in and out."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where speech is, in seconds: its beginning, the starts of its words, its end."""

    start_s: float
    words_s: tuple[float, ...]
    end_s: float

    @property
    def lasts_s(self) -> float:
        """From beginning to end."""
        return self.end_s - self.start_s


def extent_of(samples: Samples, sample_rate: int, words: Sequence[Word]) -> Extent | None:
    """Where in synthetic speech the sound is; None when there is none.

    A model may tell of its words later than they sound. The first shows by how much; the others are taken to
    begin earlier by as much, but no more than `MOST_LAG_S`.
    """
    bounds = sound_bounds(samples, sample_rate)
    if bounds is None:
        return None
    start_s, end_s = (bound / sample_rate for bound in bounds)
    lag_s = min(max(words[0].start_s - start_s, 0.0), MOST_LAG_S) if words else 0.0
    return Extent(start_s, tuple(word.start_s - lag_s for word in words), end_s)


def retime(samples: Samples, sample_rate: int, spoken: Extent, wanted: Extent) -> Samples:
    """The speech at the wanted pace, with a margin of `MARGIN_S` on either side.

    Args:
        samples: [n] the speech.
        sample_rate: in Hz.
        spoken: where it is in the samples.
        wanted: when it is to be heard.
    """
    margin = round(MARGIN_S * sample_rate)
    first, last = round(spoken.start_s * sample_rate), round(spoken.end_s * sample_rate)
    region = np.pad(samples, margin)[first : last + 2 * margin].astype(np.float32)
    inner = [
        (margin + round(heard_s * sample_rate), margin + round(own_s * sample_rate))
        for heard_s, own_s in time_map(wanted, spoken)
    ]
    length = inner[-1][0] + margin
    body = stretch(region, sample_rate, [(0, 0), *inner, (length, len(region))])
    fade = (0.5 - 0.5 * np.cos(np.pi * (np.arange(margin) + 0.5) / margin)).astype(np.float32)
    body[:margin] *= fade
    body[len(body) - margin :] *= fade[::-1]
    return body


def time_map(wanted: Extent, spoken: Extent) -> list[tuple[float, float]]:
    """Which time in the speech is to be heard at which time, both counted from the beginning.

    Words begin when they are wanted, as far as nothing has to be spoken more than `STEEPEST` times faster or
    slower than it was. Where it would, the start of that word is let go; where even the whole would, it takes
    the time nearest to the wanted one. When the words don't correspond, only beginning and end do.
    """
    said_s = spoken.lasts_s
    end = (min(max(wanted.lasts_s, said_s / STEEPEST), said_s * STEEPEST), said_s)
    anchors = [(0.0, 0.0)]
    if len(wanted.words_s) == len(spoken.words_s):
        for heard_s, own_s in zip(wanted.words_s[1:], spoken.words_s[1:], strict=True):
            anchor = (heard_s - wanted.start_s, own_s - spoken.start_s)
            if _gentle(anchors[-1], anchor) and _gentle(anchor, end):
                anchors.append(anchor)
    return [*anchors, end]


def _gentle(start: tuple[float, float], end: tuple[float, float]) -> bool:
    lasts_s, said_s = end[0] - start[0], end[1] - start[1]
    return lasts_s > 0 and said_s / STEEPEST <= lasts_s <= said_s * STEEPEST
