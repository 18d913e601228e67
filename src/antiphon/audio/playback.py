"""When a listener runs dry."""

from dataclasses import dataclass

_ROUNDING_S = 1e-6
"""Gaps this short are float rounding."""


@dataclass(frozen=True, slots=True)
class PlaybackClock:
    """One listener who plays each chunk the moment it arrives, with no buffer built up before.

    A gap counts as an underrun when audio arrives after it: the silence after the last chunk is none. All
    clock times are of one monotonic clock. After a pause in which no audio was owed, take a new clock.

    Attributes:
        started_s: clock time of the first chunk; None before it.
        sent_audio_s: seconds of audio sent.
        underruns: gaps so far.
        underrun_s: their sum in seconds.
    """

    started_s: float | None = None
    sent_audio_s: float = 0.0
    underruns: int = 0
    underrun_s: float = 0.0

    @property
    def dry_at_s(self) -> float | None:
        """Clock time at which the listener has played everything; None before the first chunk."""
        if self.started_s is None:
            return None
        return self.started_s + self.sent_audio_s + self.underrun_s

    def lead_s(self, now_s: float) -> float:
        """Seconds until the listener runs dry: negative when dry already, 0 before the first chunk."""
        dry_at_s = self.dry_at_s
        return 0.0 if dry_at_s is None else dry_at_s - now_s

    def sent(self, now_s: float, seconds: float) -> "PlaybackClock":
        """The clock after ``seconds`` of audio were sent at ``now_s``; no audio changes nothing."""
        if seconds <= 0:
            return self
        if self.started_s is None:
            return PlaybackClock(now_s, seconds)
        sent_audio_s = self.sent_audio_s + seconds
        gap_s = -self.lead_s(now_s)
        if gap_s <= _ROUNDING_S:
            return PlaybackClock(self.started_s, sent_audio_s, self.underruns, self.underrun_s)
        return PlaybackClock(self.started_s, sent_audio_s, self.underruns + 1, self.underrun_s + gap_s)
