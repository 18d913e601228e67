"""Cuts the silence before the first audible sample of a context."""

import numpy as np

from antiphon.models.protocols import Samples

AUDIBLE = 10 ** (-50 / 20)
"""Amplitude (−50 dBFS) from which a sample counts as audible."""

KEPT_S = 0.02
"""Silence that stays before the first audible sample, so that its onset is not clipped."""


class LeadTrimmer:
    """Drops leading silence from a stream of chunks, whatever their sizes.

    Args:
        sample_rate: in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.dropped = 0
        self.done = False
        self._keep = round(KEPT_S * sample_rate)
        self._held = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Samples:
        """What of the audio so far may be passed on (nothing while all is silent)."""
        if self.done:
            return samples
        audio = np.concatenate((self._held, samples))
        audible = np.flatnonzero(np.abs(audio) > AUDIBLE)
        self.done = len(audible) > 0
        cut = max(0, (int(audible[0]) if self.done else len(audio)) - self._keep)
        self.dropped += cut
        self._held = audio[:0] if self.done else audio[cut:]
        return audio[cut:] if self.done else audio[:0]
