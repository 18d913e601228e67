"""What one listener hears, as far as the API server can tell: time to first audio, and running dry."""

import numpy as np

from antiphon.audio.playback import PlaybackClock
from antiphon.audio.samples import Samples
from antiphon.telemetry import metrics

_AUDIBLE = 10 ** (-50 / 20)
"""Amplitude above which a sample counts as heard: -50 dBFS."""


class Listener:
    """Measures one context's audio as it is taken, and counts it in the metrics.

    Args:
        model: canonical name, the label of the metrics.
        now: seconds of the clock that all times here are of.
    """

    def __init__(self, model: str, now: float) -> None:
        self._ttfa = metrics.API_TTFA.labels(model=model)
        self._underruns = metrics.API_UNDERRUNS.labels(model=model)
        self._underrun_seconds = metrics.API_UNDERRUN_SECONDS.labels(model=model)
        self._playback = PlaybackClock()
        self._asked_at = now
        self._heard = False

    def asked(self, now: float) -> None:
        """Text came; until something was sent, first audio is awaited from the latest text on."""
        if self._playback.started_s is None:
            self._asked_at = now

    def lead_s(self, now: float) -> float | None:
        """Seconds of audio the listener still has; None when it waits for the first."""
        return None if self._playback.started_s is None else max(0.0, self._playback.lead_s(now))

    def rested(self, now: float) -> None:
        """No audio was owed up to now: a listener that ran dry in a pause starts anew."""
        if self._playback.started_s is not None and self._playback.lead_s(now) <= 0:
            self._playback = PlaybackClock()

    def took(self, samples: Samples, seconds: float, now: float) -> None:
        """A chunk was sent."""
        before, self._playback = self._playback, self._playback.sent(now, seconds)
        if self._playback.underruns > before.underruns:
            self._underruns.inc()
            self._underrun_seconds.inc(self._playback.underrun_s - before.underrun_s)
        if not self._heard and np.abs(samples).max(initial=0.0) > _AUDIBLE:
            self._heard = True
            self._ttfa.observe(now - self._asked_at)
