"""One measured request, and the listener who measures it."""

import time
from dataclasses import dataclass

import numpy as np
import pybase64

from antiphon.audio.encodings import StreamDecoder, bytes_per_sample
from antiphon.audio.playback import PlaybackClock

AUDIBLE = 10 ** (-50 / 20)
"""Amplitude above which a sample counts as heard: -50 dBFS."""


@dataclass(frozen=True, slots=True)
class Request:
    """What became of one request. All times are seconds since it was due, but ``due_s``.

    Attributes:
        due_s: when it was due, since its load began.
        late_s: when the generator sent it: its own fault, and part of every latency below.
        characters: of the text.
        first_byte_s: arrival of the first audio; None if none came.
        audible_s: arrival of the piece that holds the first sample above -50 dBFS.
        done_s: its end, good or bad.
        arrivals: each piece of audio: when it came, and its seconds.
        underruns: moments at which the listener had nothing left to play before the end.
        silence_s: seconds of silence heard in them.
        played_s: when the listener has heard everything; None without audio.
        error: the kind of failure; None when all went well.
    """

    due_s: float
    late_s: float
    characters: int
    first_byte_s: float | None
    audible_s: float | None
    done_s: float
    arrivals: tuple[tuple[float, float], ...]
    underruns: int
    silence_s: float
    played_s: float | None
    error: str | None = None

    @property
    def audio_s(self) -> float:
        """Seconds of audio that came."""
        return sum(seconds for _, seconds in self.arrivals)

    @property
    def refused(self) -> bool:
        """Whether the server had no place for it (429)."""
        return self.error is not None and self.error.startswith("429")

    @property
    def rtf(self) -> float:
        """Seconds until the last audio came, for each second of audio."""
        return self.arrivals[-1][0] / self.audio_s

    def audio_within(self, end_s: float) -> float:
        """Seconds of audio that came up to a time since the load began."""
        return sum(seconds for at, seconds in self.arrivals if self.due_s + at <= end_s)


class Listener:
    """Takes a request's audio as it comes and plays it at once: no buffer is built up before.

    Args:
        due: clock time (`time.perf_counter`) at which the request was due.
        encoding, sample_rate: of the audio.
    """

    def __init__(self, due: float, encoding: str, sample_rate: int) -> None:
        self._due = due
        self._sent = time.perf_counter()
        self._bytes_per_s = bytes_per_sample(encoding) * sample_rate
        self._decoder = StreamDecoder(encoding)
        self._arrivals: list[tuple[float, float]] = []
        self._playback = PlaybackClock()
        self._audible_s: float | None = None

    def hear(self, data: bytes) -> None:
        """Audio came, cut anywhere."""
        now_s = time.perf_counter() - self._due
        if self._audible_s is None and (np.abs(self._decoder.push(data)) > AUDIBLE).any():
            self._audible_s = now_s
        self._arrived(now_s, len(data))

    def hear_base64(self, data: memoryview) -> None:
        """Whole samples came in base64; once something was heard, only their number matters."""
        if self._audible_s is None:
            self.hear(pybase64.b64decode(data))
        else:
            padding = bytes(data[-2:]).count(b"=")
            self._arrived(time.perf_counter() - self._due, len(data) * 3 // 4 - padding)

    def _arrived(self, now_s: float, size: int) -> None:
        seconds = size / self._bytes_per_s
        if seconds:
            self._arrivals.append((now_s, seconds))
            self._playback = self._playback.sent(now_s, seconds)

    def request(self, began: float, text: str, error: str | None) -> Request:
        """What was measured, now that the answer has ended.

        Args:
            began: clock time at which the load began.
            text: that was to be spoken.
            error: the kind of failure, if it failed. An answer without anything audible is one.
        """
        if error is None and self._audible_s is None:
            error = "silent"
        return Request(
            due_s=self._due - began,
            late_s=self._sent - self._due,
            characters=len(text),
            first_byte_s=self._arrivals[0][0] if self._arrivals else None,
            audible_s=self._audible_s,
            done_s=time.perf_counter() - self._due,
            arrivals=tuple(self._arrivals),
            underruns=self._playback.underruns,
            silence_s=self._playback.underrun_s,
            played_s=self._playback.dry_at_s,
            error=error,
        )
