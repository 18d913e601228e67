"""What a voice model's stages cost on this machine, measured in a few seconds."""

from dataclasses import dataclass
from typing import Any

from antiphon.engine.cost import StepCost
from antiphon.engine.learning import TEXTS, learn, plan
from antiphon.engine.pacing import FIRST_FRAMES, LARGEST_FRAMES
from antiphon.engine.speaking import USUAL_CHARS, SpeakingCosts
from antiphon.loadtest.sentences import SENTENCES
from antiphon.models.protocols import TTSModel


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds of a step: ``base_s + unit_s * units``."""

    base_s: float
    unit_s: float

    @classmethod
    def of(cls, cost: StepCost) -> "Line":
        """What was learnt, as a value."""
        return cls(cost.base_s, cost.unit_s)

    def __call__(self, units: float) -> float:
        """Seconds for so many units."""
        return self.base_s + self.unit_s * units

    def times(self, factor: float) -> "Line":
        """The line of a machine that is slower by a factor."""
        return Line(self.base_s * factor, self.unit_s * factor)


@dataclass(frozen=True, slots=True)
class Profile:
    """A voice model as the scheduler sees it.

    Attributes:
        plan: text to prosody, by characters.
        first: first chunk of a stream, by frames.
        decode: other chunks, by frames of all rows.
        frame_s: seconds of audio a frame.
        frames_per_char: how long a text becomes.
    """

    plan: Line
    first: Line
    decode: Line
    frame_s: float
    frames_per_char: float

    def slower(self, factor: float) -> "Profile":
        """The same model on a machine that is slower by a factor."""
        return Profile(
            self.plan.times(factor),
            self.first.times(factor),
            self.decode.times(factor),
            self.frame_s,
            self.frames_per_char,
        )

    def costs(self) -> SpeakingCosts:
        """What an engine would have learnt of such a model."""
        costs = SpeakingCosts()
        for _ in range(20):
            for units in (10, 40, 100):
                costs.plan.observe(units, self.plan(units))
                costs.first.observe(units, self.first(units))
                costs.decode.observe(units, self.decode(units))
        costs.length.observe(USUAL_CHARS, USUAL_CHARS * self.frames_per_char * self.frame_s)
        costs.demand.observe(1.0, self.pace(USUAL_CHARS))
        return costs

    def pace(self, chars: int) -> float:
        """Seconds of audio made in a second, one sentence of so many characters after the other."""
        frames = chars * self.frames_per_char
        steps = frames / LARGEST_FRAMES
        spent_s = self.plan(chars) + self.first(FIRST_FRAMES) + steps * self.decode(LARGEST_FRAMES)
        return frames * self.frame_s / spent_s


def measure(model: TTSModel[Any], *, rows: int = 1) -> Profile:
    """The profile of a model whose steps have so many rows; takes as long as speaking a few minutes."""
    texts = SENTENCES if model.languages[0] == "en" else TEXTS * 10
    costs = learn(model, texts=texts, rows=rows)
    frames = sum(plan(model, text).total_frames for text in texts)
    return Profile(
        Line.of(costs.plan),
        Line.of(costs.first),
        Line.of(costs.decode),
        model.frame_samples / model.sample_rate,
        frames / sum(map(len, texts)),
    )
