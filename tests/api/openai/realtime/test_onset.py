import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.openai.realtime.onset import FRAME_S, Onset
from antiphon.contract.events import Voice
from antiphon.speech.framing import Frame
from antiphon.speech.utterances import PRE_ROLL, Judged, Utterances

PAUSE_FRAMES = 10
PAUSE_S = PAUSE_FRAMES * FRAME_S
SPEECH, SILENCE = b"\xff", b"\x00"


def voice(frames: bytes, before: int = 0) -> Voice:
    return Voice(job="j", attempt=0, seq=0, audio_s=(before + len(frames)) * FRAME_S, frames=frames)


def test_speech_begins_with_what_is_heard_before_it_once_it_is_no_click() -> None:
    onset = Onset(PAUSE_S)
    assert onset.hear(voice(SILENCE * 20 + SPEECH * 2)) is None
    assert onset.hear(voice(SPEECH, 22)) == pytest.approx((20 - PRE_ROLL) * FRAME_S)
    assert onset.hear(voice(SPEECH * 50, 23)) is None
    onset.ended()
    assert onset.hear(voice(SPEECH * 3, 73)) == pytest.approx((73 - PRE_ROLL) * FRAME_S)


def test_a_click_begins_nothing() -> None:
    assert Onset(PAUSE_S).hear(voice((SPEECH * 2 + SILENCE * PAUSE_FRAMES) * 5)) is None


def test_frames_that_are_told_again_begin_nothing_twice() -> None:
    onset = Onset(PAUSE_S)
    assert onset.hear(voice(SPEECH * 5)) == 0.0
    onset.ended()
    assert onset.hear(voice(SPEECH * 5)) is None


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(1, 12)), max_size=40),
    st.integers(1, 5),
)
def test_each_beginning_is_of_an_utterance_and_each_utterance_begins(
    stretches: list[tuple[int, int]], told_at_once: int
) -> None:
    onset = Onset(PAUSE_S)
    utterances = Utterances(PAUSE_FRAMES * 512, 10**9)
    frames = bytes(level for level, count in stretches for _ in range(count))
    open_, begun, ended = False, 0, 0
    untold = bytearray()
    for i, level in enumerate(frames):
        frame = Frame(i * 512, np.zeros(512, np.float32))
        over = utterances.add(Judged(frame, level / 255))
        untold.append(level)
        if over or len(untold) == told_at_once:
            start_s = onset.hear(voice(bytes(untold), i + 1 - len(untold)))
            untold.clear()
            if start_s is not None:
                assert not open_
                open_, begun = True, begun + 1
        if over:
            assert open_
            onset.ended()
            open_, ended = False, ended + 1
    assert begun - ended in (0, 1)
