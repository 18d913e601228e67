import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.speech.framing import Framer

SIZE = 512

pieces = st.lists(st.integers(0, 1_500), max_size=8)


@settings(deadline=None)
@given(pieces, st.sets(st.integers(0, 8)))
def test_frames_are_the_stream_and_stop_at_marks(sizes: list[int], marked: set[int]) -> None:
    stream = np.arange(sum(sizes), dtype=np.float32)
    framer, frames, marks, position = Framer(SIZE), [], [], 0
    for i, size in enumerate(sizes):
        framer.push(stream[position : position + size])
        position += size
        if i in marked:
            marks.append(framer.mark())
    framer.mark()
    while (frame := framer.take()) is not None:
        frames.append(frame)
    assert all(1 <= len(frame.samples) <= SIZE for frame in frames)
    np.testing.assert_array_equal(np.concatenate([np.zeros(0), *(f.samples for f in frames)]), stream)
    edges = {frame.start for frame in frames} | {frame.end for frame in frames} | {0}
    assert edges.issuperset(marks)


def test_an_unfinished_frame_waits() -> None:
    framer = Framer(SIZE)
    framer.push(np.zeros(SIZE - 1, np.float32))
    assert framer.take() is None
    framer.push(np.zeros(1, np.float32))
    assert framer.take() is not None


def test_frames_do_not_keep_what_they_were_cut_from() -> None:
    framer = Framer(SIZE)
    framer.push(np.zeros(100 * SIZE, np.float32))
    frame = framer.take()
    assert frame.samples.base is None
