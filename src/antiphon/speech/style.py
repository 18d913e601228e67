"""How a context is to be spoken: pace and loudness, which may change on the way."""

from dataclasses import dataclass

MIN_SPEED, MAX_SPEED = 0.6, 2.0
MIN_VOLUME, MAX_VOLUME = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Manner:
    """What one input says of how to speak; None says nothing.

    Attributes:
        speed: factor of the pace, 1.0 = the voice's own.
        volume: factor of the amplitude.
        duration_s: how long this input's text is to last.
    """

    speed: float | None = None
    volume: float | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How a segment is spoken.

    Attributes:
        speed, volume: as in `Manner`.
        pace_s: seconds that a character of the text is to take; None where the voice decides.
    """

    speed: float = 1.0
    volume: float = 1.0
    pace_s: float | None = None

    def with_speed(self, speed: float) -> "Style":
        """At another pace, brought into what voices can do."""
        return Style(_within(speed, MIN_SPEED, MAX_SPEED), self.volume, self.pace_s)

    def with_volume(self, volume: float) -> "Style":
        """Louder or softer, within limits."""
        return Style(self.speed, _within(volume, MIN_VOLUME, MAX_VOLUME), self.pace_s)

    def changed(self, before: Manner, now: Manner, length: int) -> "Style":
        """As an input of so many characters asks for, where it differs from the one before it.

        What every input repeats doesn't undo a change that came in the text.
        """
        speed, volume = self.speed, self.volume
        if now.speed is not None and now.speed != before.speed:
            speed = _within(now.speed, MIN_SPEED, MAX_SPEED)
        if now.volume is not None and now.volume != before.volume:
            volume = _within(now.volume, MIN_VOLUME, MAX_VOLUME)
        return Style(speed, volume, now.duration_s / length if now.duration_s and length else None)


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


UNCHANGED = Manner()
"""An input that says nothing of how to speak."""

USUAL = Style()
"""As the voice speaks by itself."""
