"""Speech made slower or faster, each part by its own factor, at the same pitch.

Waveform similarity overlap-add (W. Verhelst, M. Roelands, "An overlap-add technique based on waveform
similarity (WSOLA) for high quality time-scale modification of speech", ICASSP 1993): the output is a row of
overlapping windows of the input. Each is taken from about where it should come from, moved so that it goes on
best from the one before.
"""

from collections.abc import Sequence

import numpy as np

from antiphon.audio.samples import SILENCE, Samples

_HOP_S = 0.015
"""Half a window: a window holds two periods of the lowest voices."""

_SEARCH_S = 0.008
"""How far a window may be moved: more than half a period of most voices."""

_QUIET = 1e-9


def stretch(samples: Samples, sample_rate: int, anchors: Sequence[tuple[int, int]]) -> Samples:
    """Change the pace of speech.

    Args:
        samples: [n].
        sample_rate: in Hz.
        anchors: which position in the output shows which position in the input; both increase. The first is
            (0, 0), and the last tells both lengths. Between them the pace is even.

    Returns:
        As many samples as the last anchor says. Where the pace is unchanged throughout, they are the input's.
    """
    length = anchors[-1][0]
    if length <= 0 or not len(samples):
        return SILENCE
    hop, search = round(_HOP_S * sample_rate), round(_SEARCH_S * sample_rate)
    margin = 2 * hop + search
    padded = np.pad(samples, (margin, margin + 3 * hop))
    taper = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    # Behind the end, too, a window's middle may lie.
    ends = (length + hop, len(samples) + hop)
    places, sources = zip(*anchors, ends, strict=True)
    centres = np.arange(0, length + hop, hop)
    wanted = np.rint(np.interp(centres, places, sources)).astype(int) + margin - hop
    out = np.zeros(len(centres) * hop + hop, np.float32)
    natural: int | None = None
    for index, start in enumerate(wanted.tolist()):
        if natural is not None and natural != start:
            start = _most_alike(padded, start, natural, width=2 * hop, search=search)  # noqa: PLW2901
        out[index * hop : index * hop + 2 * hop] += taper * padded[start : start + 2 * hop]
        natural = start + hop
    return out[hop : hop + length]


def _most_alike(samples: Samples, start: int, natural: int, *, width: int, search: int) -> int:
    """The place near ``start`` where a window looks most like the one at ``natural``."""
    region = samples[start - search : start + search + width]
    likeness = np.correlate(region, samples[natural : natural + width], mode="valid")
    energy = np.cumsum(np.square(region, dtype=np.float64))
    energy = np.concatenate(([energy[width - 1]], energy[width:] - energy[:-width]))
    return start - search + int(np.argmax(likeness / np.sqrt(np.maximum(energy, _QUIET))))
