import tracemalloc
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from antiphon.contract.events import Word
from antiphon.errors import InternalError
from antiphon.speech.listener import (
    FRAME_SAMPLES,
    PARTIAL_GROWTH,
    SAMPLE_RATE,
    Listener,
    ListenerOptions,
)
from antiphon.speech.windows import Ended, Finalized, FinalText, Output, PartialText, Window

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Said:
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Heard:
    text: str
    words: tuple[Said, ...] = ()
    closed: float | None = None

    @property
    def probabilities(self) -> list[float]:
        return [1.0] * len(self.text.split())


WORD = 4_096
"""Samples of a word of `spell`: whole frames, so that a cut between two words is one between frames."""


def spell(samples: Samples) -> Heard:
    """Hear a stream whose samples are their own positions: one word for each 4,096 of them."""
    cells = np.where(samples != 0, (samples - 1) // WORD, -1)
    edges = np.flatnonzero(np.diff(cells, prepend=-1, append=-1))
    words = tuple(Said(f"w{cells[a]:.0f}", int(a), int(b)) for a, b in pairwise(edges) if cells[a] >= 0)
    return Heard(" ".join(word.text for word in words), words)


@dataclass
class Scene:
    """A listener with a VAD that hears every sample that isn't zero, and a recogniser that counts windows.

    Up to ``rows`` windows are heard at once; with ``spelling``, as words.
    """

    options: ListenerOptions = field(default_factory=lambda: ListenerOptions(partials=False, max_window_s=3))
    outputs: list[Output] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    partial_every_s: float = 0.5
    deaf: bool = False
    rows: int = 1
    spelling: bool = False

    def __post_init__(self) -> None:
        self.listener = Listener(self.options)

    def push(self, samples: Samples) -> None:
        self.listener.push(samples)
        self.advance()

    def finalize(self, mark: int) -> None:
        self.listener.finalize(mark)
        self.advance()

    def end(self) -> None:
        self.listener.end()
        self.advance()

    def judge(self) -> None:
        while self.listener.ready and (frame := self.listener.next_frame()) is not None:
            assert frame.shape == (FRAME_SAMPLES,)
            self.listener.judge(1.0 if frame.any() else 0.0)
        self.outputs += self.listener.poll()

    def advance(self) -> None:
        self.judge()
        while self.listener.owes_final or self.listener.partial_due(self.partial_every_s):
            lengths = self.listener.windows_s[: self.rows]
            windows = [self.listener.next_window() for _ in lengths]
            assert [window.end_s - window.start_s for window in windows] == pytest.approx(lengths)
            self.windows += windows
            for window in windows:
                self.outputs += self.listener.hear(window, self.recognise(window))
            self.judge()

    def recognise(self, window: Window) -> Heard:
        if self.deaf:
            return Heard("")
        if self.spelling:
            return spell(window.samples)
        return Heard(f"{'final' if window.final else 'partial'}{len(self.windows)}")

    def heard(self) -> Samples:
        """All samples of speech in final windows."""
        joined = np.concatenate([np.zeros(0, np.float32), *(w.samples for w in self.windows if w.final)])
        return joined[joined != 0]

    def said(self, kind: type) -> list:
        return [output for output in self.outputs if isinstance(output, kind)]


def seconds(speech: float, silence: float) -> Samples:
    return np.concatenate([np.ones(round(speech * 16_000)), np.zeros(round(silence * 16_000))]).astype(
        np.float32
    )


# Words are long enough not to be clicks; the value of each sample is its position, so that a sample
# lost or heard twice shows.
scripts = st.lists(
    st.tuples(st.integers(5 * FRAME_SAMPLES, 60_000), st.integers(1, 20_000)), min_size=1, max_size=4
)


def stream_of(script: Iterable[tuple[int, int]]) -> Samples:
    voiced = np.concatenate([np.repeat([False, True], [pause, word]) for word, pause in script])
    return np.where(voiced, np.arange(1, len(voiced) + 1), 0).astype(np.float32)


def play(scene: Scene, stream: Samples, cuts: Iterable[int], marks: Iterable[int] = ()) -> Scene:
    stops = {position % (len(stream) + 1): mark for mark, position in enumerate(marks)}
    edges = sorted({0, len(stream), *(cut % len(stream) for cut in cuts), *stops})
    if 0 in stops:
        scene.finalize(stops[0])
    for start, end in pairwise(edges):
        scene.push(stream[start:end])
        if end in stops:
            scene.finalize(stops[end])
    scene.end()
    return scene


positions = st.lists(st.integers(0, 2**20), max_size=5)

talks = st.lists(st.integers(5, 40).map(lambda words: (words * WORD, 5 * WORD)), min_size=1, max_size=3)
"""Words without a gap between them, for up to ten seconds, and long pauses."""


@settings(max_examples=60, deadline=None)
@given(talks, positions, st.integers(1, 4), st.sampled_from([0.0, 6.0]), st.booleans())
def test_no_word_is_lost_or_doubled_where_nobody_pauses(
    talk: list[tuple[int, int]], cuts: list[int], rows: int, ahead_s: float, partials: bool
) -> None:
    stream = stream_of(talk)
    options = ListenerOptions(partials=partials, max_window_s=3, ahead_s=ahead_s)
    scene = play(Scene(options, rows=rows, spelling=True), stream, cuts)
    said = "".join(final.text for final in scene.said(FinalText))
    assert said == spell(stream).text
    words = [word for final in scene.said(FinalText) for word in final.words]
    assert [word.start_s * SAMPLE_RATE for word in words] == pytest.approx(
        [word.start for word in spell(stream).words]
    )


@settings(max_examples=60, deadline=None)
@given(scripts, positions, positions, positions, st.integers(1, 4))
def test_neither_pushes_nor_batches_change_what_is_said(
    script: list[tuple[int, int]], cuts: list[int], others: list[int], marks: list[int], rows: int
) -> None:
    stream = stream_of(script)
    one = Scene(ListenerOptions(partials=False, max_window_s=3), spelling=True)
    other = Scene(ListenerOptions(partials=False, max_window_s=3, ahead_s=8), spelling=True, rows=rows)
    assert play(one, stream, cuts, marks).outputs == play(other, stream, others, marks).outputs


def test_a_stop_right_where_speech_is_torn_is_answered_after_all_of_it() -> None:
    stream = stream_of([(20 * WORD, 0)])
    end = next(window for window in play(Scene(spelling=True), stream, []).windows if window.torn).end_s
    outputs: list[list[Output]] = []
    for late in (False, True):
        scene = Scene(spelling=True)
        scene.listener.push(stream[: round(end * SAMPLE_RATE)])
        scene.judge()
        if late:
            scene.advance()
        scene.finalize(3)
        scene.push(stream[round(end * SAMPLE_RATE) :])
        scene.end()
        outputs.append(scene.outputs)
    assert outputs[0] == outputs[1]
    kinds = [type(output) for output in outputs[0]]
    assert kinds[:3] == [FinalText, FinalText, Finalized]


def test_a_torn_window_without_words_is_final_as_it_is() -> None:
    scene = play(Scene(), stream_of([(20 * WORD, 0)]), [])
    np.testing.assert_array_equal(scene.heard(), stream_of([(20 * WORD, 0)]))


@pytest.mark.parametrize("ahead_s", [0.0, 5.0])
def test_only_so_much_waits_to_be_heard(ahead_s: float) -> None:
    listener = Listener(ListenerOptions(partials=False, ahead_s=ahead_s))
    for _ in range(20):
        listener.push(seconds(1.0, 1.0))
    while listener.ready and (frame := listener.next_frame()) is not None:
        listener.judge(float(frame.any()))
    lengths = listener.windows_s
    assert len(lengths) == (1 if ahead_s == 0.0 else 2)
    assert listener.judged_s - listener.settled_s <= max(ahead_s + FRAME_SAMPLES / SAMPLE_RATE, 2.0)
    windows = [listener.next_window() for _ in lengths]
    assert listener.next_window() is None
    for i, window in enumerate(windows):
        [final] = listener.hear(window, Heard(f"{i}"))
        assert final.text.strip() == f"{i}"
    assert listener.ready


@settings(max_examples=40, deadline=None)
@given(scripts, positions, positions)
def test_every_sample_of_speech_is_heard_once_in_order(
    script: list[tuple[int, int]], cuts: list[int], marks: list[int]
) -> None:
    stream = stream_of(script)
    scene = play(Scene(), stream, cuts, marks)
    np.testing.assert_array_equal(scene.heard(), stream[stream != 0])


@settings(max_examples=40, deadline=None)
@given(scripts, positions, positions, positions)
def test_how_audio_is_cut_into_pushes_makes_no_difference(
    script: list[tuple[int, int]], cuts: list[int], others: list[int], marks: list[int]
) -> None:
    stream = stream_of(script)
    assert play(Scene(), stream, cuts, marks).outputs == play(Scene(), stream, others, marks).outputs


@settings(max_examples=40, deadline=None)
@given(scripts, positions)
def test_finals_are_ordered_disjoint_and_short_enough(
    script: list[tuple[int, int]], marks: list[int]
) -> None:
    stream = stream_of(script)
    finals = play(Scene(), stream, [], marks).said(FinalText)
    edges = [
        0.0,
        *(edge for final in finals for edge in (final.start_s, final.end_s)),
        len(stream) / SAMPLE_RATE,
    ]
    assert edges == sorted(edges)
    assert all(final.end_s - final.start_s <= 3.0 for final in finals)


@settings(max_examples=40, deadline=None)
@given(scripts, positions)
def test_each_finalize_is_answered_once_after_the_text_before_it(
    script: list[tuple[int, int]], marks: list[int]
) -> None:
    stream = stream_of(script)
    scene = play(Scene(), stream, [], marks)
    stops = {position % (len(stream) + 1): mark for mark, position in enumerate(marks)}
    assert [answer.mark for answer in scene.said(Finalized)] == [
        stops[position] for position in sorted(stops)
    ]
    for position, mark in stops.items():
        answered = scene.outputs.index(Finalized(mark))
        before = [o for o in scene.outputs[:answered] if isinstance(o, FinalText)]
        after = [o for o in scene.outputs[answered:] if isinstance(o, FinalText)]
        assert all(final.end_s <= position / SAMPLE_RATE for final in before)
        assert all(final.end_s > position / SAMPLE_RATE for final in after)


@settings(max_examples=40, deadline=None)
@given(scripts, positions, st.booleans(), st.booleans())
def test_the_end_always_comes_last_and_once(
    script: list[tuple[int, int]], marks: list[int], deaf: bool, partials: bool
) -> None:
    scene = Scene(ListenerOptions(partials=partials, max_window_s=3), deaf=deaf)
    play(scene, stream_of(script), [], marks)
    assert scene.outputs[-1] == Ended()
    assert len(scene.said(Ended)) == 1


def test_texts_join_verbatim() -> None:
    scene = Scene()
    for _ in range(3):
        scene.push(seconds(0.5, 1.0))
    assert "".join(final.text for final in scene.said(FinalText)) == "final1 final2 final3"


def test_an_empty_text_is_no_reason_for_a_blank() -> None:
    scene = Scene(deaf=True)
    scene.push(seconds(0.5, 1.0))
    scene.deaf = False
    scene.push(seconds(0.5, 1.0))
    assert [final.text for final in scene.said(FinalText)] == ["", "final2"]


def test_a_stream_that_goes_on_elsewhere_keeps_its_times_and_blanks() -> None:
    scene = Scene(ListenerOptions(partials=False, start_s=100.0))
    scene.push(seconds(0.5, 1.0))
    [final] = scene.said(FinalText)
    assert final.text == " final1"
    assert final.start_s == 100.0


def test_words_get_times_of_the_stream() -> None:
    listener = Listener(ListenerOptions(start_s=10.0))
    listener.push(np.concatenate([np.zeros(32_000, np.float32), seconds(0.5, 1.0)]))
    while (frame := listener.next_frame()) is not None:
        listener.judge(float(frame.any()))
    window = listener.next_window()
    [final] = listener.hear(window, Heard("hello", (Said("hello", 1_600, 3_200),)))
    assert final.words == (Word("hello", window.start_s + 0.1, window.start_s + 0.2),)
    assert window.start_s == pytest.approx(12.0, abs=0.3)


def test_a_window_says_where_speech_is() -> None:
    scene = Scene()
    scene.push(np.concatenate([np.zeros(1_024 * 16, np.float32), np.ones(512 * 10, np.float32)]))
    scene.end()
    assert scene.windows[0].speech == ((1.024, 1.344, 1.0),)


def test_quiet_sound_is_silence_under_a_minimum_volume() -> None:
    scene = Scene(ListenerOptions(min_volume=0.1))
    scene.push(seconds(1.0, 1.0) * np.float32(0.05))
    scene.end()
    assert scene.outputs == [Ended()]


def test_finalize_in_silence_is_answered_at_once() -> None:
    listener = Listener(ListenerOptions())
    listener.finalize(7)
    assert listener.poll() == [Finalized(7)]


def test_finalize_waits_for_the_text_before_it() -> None:
    scene = Scene()
    scene.listener.push(seconds(0.5, 0.0))
    scene.listener.finalize(1)
    scene.listener.finalize(2)
    scene.judge()
    assert scene.outputs == []
    scene.advance()
    assert [type(output) for output in scene.outputs] == [FinalText, Finalized, Finalized]


def test_partials_come_at_intervals_that_grow_and_finals_before_them() -> None:
    scene = Scene(ListenerOptions(max_window_s=20))
    for _ in range(150):
        scene.push(seconds(0.1, 0.0))
    assert scene.windows
    assert not any(window.final for window in scene.windows)
    ends = [window.end_s for window in scene.windows]
    for window, (before, after) in zip(scene.windows[1:], pairwise(ends), strict=True):
        assert after - before >= max(0.5, PARTIAL_GROWTH * (window.end_s - window.start_s)) - 1e-6
    scene.listener.push(seconds(0.0, 1.0))
    scene.listener.push(seconds(2.0, 0.0))
    scene.advance()
    # The pause was heard when it began, and that it is one when it had lasted.
    assert [window.final for window in scene.windows[-3:]] == [False, True, False]


def test_first_words_come_soon_however_seldom_partials_are() -> None:
    scene = Scene(ListenerOptions(max_window_s=20), partial_every_s=3.0)
    for _ in range(80):
        scene.push(seconds(0.1, 0.0))
    first, second, *_ = scene.windows
    assert first.end_s <= 0.6
    assert second.end_s - first.end_s >= 3.0
    scene = Scene(ListenerOptions(max_window_s=20), partial_every_s=3.0, deaf=True)
    for _ in range(80):
        scene.push(seconds(0.1, 0.0))
    ends = [window.end_s for window in scene.windows]
    assert [round(end / 0.4) for end in ends if end < 1.9] == [1, 2, 3, 4]
    assert all(after - before >= 3.0 for before, after in pairwise(end for end in ends if end > 1.9))


def test_when_a_pause_begins_the_final_is_heard_in_advance() -> None:
    scene = Scene(ListenerOptions(), partial_every_s=100.0)
    scene.push(seconds(1.0, 0.0))
    for _ in range(12):
        scene.push(seconds(0.0, 0.05))
    scene.push(seconds(0.0, 0.4))
    *_, partial, final = scene.windows
    assert (partial.final, final.final) == (False, True)
    np.testing.assert_array_equal(partial.samples, final.samples)


def test_a_partial_that_says_nothing_new_is_not_said() -> None:
    listener = Listener(ListenerOptions())
    outputs: list[Output] = []
    for text in ("", "so", "so", "so what"):
        listener.push(seconds(0.6, 0.0))
        while (frame := listener.next_frame()) is not None:
            listener.judge(float(frame.any()))
        outputs += listener.hear(listener.next_window(), Heard(text))
    assert [output.text for output in outputs] == ["so", "so what"]
    assert all(isinstance(output, PartialText) for output in outputs)


@pytest.mark.parametrize("speech", [0.0, 1.0], ids=["silence", "speech"])
def test_memory_stays_flat(speech: float) -> None:
    scene = Scene(ListenerOptions(max_window_s=5))
    second = np.full(16_000, speech, np.float32)

    def hear(count: int) -> int:
        for _ in range(count):
            scene.push(second.copy())
            assert scene.listener.judged_s - scene.listener.settled_s <= 5.0
            scene.outputs.clear()
            scene.windows.clear()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        hear(10)
        before = hear(5)
        assert hear(30) - before < 20_000
    finally:
        tracemalloc.stop()


def test_answers_without_questions_are_defects() -> None:
    listener = Listener(ListenerOptions())
    with pytest.raises(InternalError, match="next_frame"):
        listener.judge(0.5)
    window = Window(np.zeros(1, np.float32), 0.0, 1.0, final=True, torn=False, speech=())
    with pytest.raises(InternalError, match="next_window"):
        listener.hear(window, Heard(""))
    listener.end()
    with pytest.raises(InternalError, match="end"):
        listener.push(np.zeros(1, np.float32))
