"""An hour of audio through the engine and the real voice activity detector, in flat memory."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from antiphon.audio.files import decode_file
from antiphon.contract.events import Done, Event, Final, Heard
from antiphon.contract.jobs import AudioIn, EndOfAudio, RecognitionJob
from antiphon.engine.attention import STEP_AUDIO_S
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.models.protocols import VAD, Samples, Transcript
from antiphon.models.registry import load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from support.hearing import RATE, LevelRecogniser

SPEECH = Path(__file__).parents[1] / "data/speech"


class OneWord(LevelRecogniser):
    """Hears a word in whatever it is given."""

    def step(
        self, states: Sequence[None], windows: Sequence[Samples], *, word_timestamps: Sequence[bool]
    ) -> list[Transcript]:
        return [Transcript("word") for _ in windows]


class Hour:
    """What an hour of a stream leaves behind."""

    def __init__(self, vad: VAD, *, partials: bool) -> None:
        self.finals = 0
        self.end_s = self.settled_s = 0.0
        self.done = False
        self.engine = HearingEngine(
            OneWord(), vad, limits=Limits(4), emit=self._emit, released=lambda _: None
        )
        job = RecognitionJob(job="a", api="", model="levels", language="en", partials=partials)
        self.engine.add(job)

    def _emit(self, event: Event) -> None:
        match event:
            case Final():
                assert event.start_s >= self.end_s  # in order, none twice
                self.end_s = event.end_s
                self.finals += 1
            case Heard():
                self.settled_s = event.settled_s
            case Done():
                self.done = True
            case _:
                pass

    def run(self) -> None:
        while self.engine.busy:
            self.engine.step()


@pytest.fixture(scope="module")
def vad() -> VAD:
    return load_vad(ModelStore(load_settings().models_dir))


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.parametrize("partials", [True, False], ids=["live", "file"])
def test_an_hour_is_heard_in_flat_memory(vad: VAD, speech_minute: np.ndarray, partials: bool) -> None:
    hour = Hour(vad, partials=partials)
    blocks = [block.tobytes() for block in np.split(speech_minute, 60)]
    held: list[int] = []
    for second in range(3600):
        hour.engine.tell("a", AudioIn(0, second, blocks[second % 60]))
        hour.run()
        assert second + 1 - hour.settled_s <= STEP_AUDIO_S + LevelRecogniser.max_window_s + 2
        if second % 600 == 599:
            held.append(resident_bytes())
    hour.engine.tell("a", EndOfAudio(0, 3600))
    hour.run()
    assert hour.done
    assert hour.finals >= 300
    # Fifty minutes of samples would be 192 MB.
    assert held[-1] - held[0] < 20_000_000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def speech_minute() -> np.ndarray:
    """A minute of people, again and again, with pauses as they come."""
    once = np.concatenate(
        [s for path in sorted(SPEECH.glob("*.wav")) for s in decode_file(path, target_rate=RATE)]
    )
    return np.resize(once, 60 * RATE).astype(np.float32)
