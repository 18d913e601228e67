"""How a context is to be spoken: pace and loudness, which may change on the way."""

from dataclasses import dataclass, replace

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
        return replace(self, speed=min(max(speed, MIN_SPEED), MAX_SPEED))

    def with_volume(self, volume: float) -> "Style":
        """Louder or softer, within limits."""
        return replace(self, volume=min(max(volume, MIN_VOLUME), MAX_VOLUME))

    def changed(self, before: Manner, now: Manner) -> "Style":
        """As an input asks for that differs from the one before it.

        What every input repeats doesn't undo a change that came in the text.
        """
        style = self
        if now.speed is not None and now.speed != before.speed:
            style = style.with_speed(now.speed)
        if now.volume is not None and now.volume != before.volume:
            style = style.with_volume(now.volume)
        return style


UNCHANGED = Manner()
"""An input that says nothing of how to speak."""

USUAL = Style()
"""As the voice speaks by itself."""
