"""What a recogniser costs, learnt before the first job: a new worker is not thought to hang, nor overloaded.

The sentence it hears is speech: of noise and other sounds a recogniser writes nothing, or goes in circles,
and how much it writes is most of what it costs.
"""

import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from antiphon.audio.encodings import decode
from antiphon.engine.attention import HearingCosts
from antiphon.engine.cadence import PARTIAL_EVERY_S
from antiphon.engine.ear import Reason
from antiphon.models.protocols import VAD, Samples, STTModel
from antiphon.speech.listener import SAMPLE_RATE

SPEECH_SHARE = 0.6
"""Of the time of a stream; the rest is pauses."""

SHORT_S = 1.5
NEWS_S = 0.3
"""What a final has beyond the partial before it."""


def greeting() -> Samples:
    """A sentence of 3.4 s [n] at 16 kHz, spoken by hibari's first voice.

    "Good morning, and thank you for calling. How can I help you today?"
    """
    return decode((files("antiphon.engine") / "greeting.ulaw").read_bytes(), "pcm_mulaw")


def learn_hearing(
    model: STTModel[Any], vad: VAD, *, clock: Callable[[], float] = time.perf_counter
) -> HearingCosts:
    """Run the models on speech of two lengths and learn what they cost; they are warm afterwards."""
    said = greeting()
    short = said[: round(SHORT_S * SAMPLE_RATE)]
    # The first time is slower than any after it.
    vad.step([short[: vad.frame_samples]], [vad.initial_state()])
    model.step([model.start()], [short], word_timestamps=[False])
    costs = HearingCosts()
    _judge(vad, said, costs, clock)
    _recognise(model, short, costs, clock)
    final_s = _recognise(model, said, costs, clock)
    said_s = len(said) / SAMPLE_RATE
    # On average an utterance is half as long as it will be when it is heard so far.
    partials_s = said_s / PARTIAL_EVERY_S * costs.recognise["partial"].predict(said_s / 2)
    judging_s = costs.judge.predict(SAMPLE_RATE / vad.frame_samples)
    # For a second, which the first of real streams outweigh soon.
    costs.demand.observe(judging_s + SPEECH_SHARE * (final_s + partials_s) / said_s, 1.0)
    return costs


def _judge(vad: VAD, said: Samples, costs: HearingCosts, clock: Callable[[], float]) -> None:
    state, size = vad.initial_state(), vad.frame_samples
    for begin in range(0, len(said) - size + 1, size):
        started = clock()
        ((_, state),) = vad.step([said[begin : begin + size]], [state])
        costs.judge.observe(1, clock() - started)


def _recognise(model: STTModel[Any], said: Samples, costs: HearingCosts, clock: Callable[[], float]) -> float:
    """Hear an utterance live, and again as of a file; the seconds of the live final."""
    live, begun = model.start(), said[: len(said) - round(NEWS_S * SAMPLE_RATE)]
    heard: list[tuple[Reason, Any, Samples]] = [
        ("partial", live, begun),
        ("final", live, said),
        ("file", model.start(), said),
    ]
    spent: dict[Reason, float] = {}
    for reason, state, window in heard:
        started = clock()
        model.step([state], [window], word_timestamps=[reason == "file"])
        spent[reason] = clock() - started
        costs.recognise[reason].observe(len(window) / SAMPLE_RATE, spent[reason])
    return spent["final"]
