import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.engine.trimming import AUDIBLE, LeadTrimmer

RATE = 24_000
KEPT = 480

chunks = st.lists(st.integers(0, 3000), min_size=1, max_size=20)


@settings(deadline=None)
@given(silence=st.integers(0, 20_000), sizes=chunks)
def test_20_ms_of_silence_stay_however_the_audio_is_cut(silence: int, sizes: list[int]) -> None:
    audio = np.concatenate((np.full(silence, AUDIBLE / 2), np.full(1000, 0.5))).astype(np.float32)
    trimmer, out, position = LeadTrimmer(RATE), [], 0
    while position < len(audio):
        for size in sizes:
            out.append(trimmer.push(audio[position : position + size + 1]))
            position += size + 1
    expected = audio[max(0, silence - KEPT) :]
    assert np.array_equal(np.concatenate(out), expected)
    assert trimmer.dropped == len(audio) - len(expected)


@given(sizes=chunks)
def test_nothing_comes_of_silence(sizes: list[int]) -> None:
    trimmer = LeadTrimmer(RATE)
    assert sum(len(trimmer.push(np.zeros(size, np.float32))) for size in sizes) == 0
    assert not trimmer.done
