import time

import numpy as np
import pybase64
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.loadtest.request import Listener, Request

CUTS = st.lists(st.integers(1, 999), max_size=6).map(sorted)


def heard(pieces: list[bytes], *, base64: bool = False) -> Request:
    listener = Listener(time.perf_counter(), "pcm_s16le", 24_000)
    for piece in pieces:
        if base64:
            listener.hear_base64(memoryview(pybase64.b64encode(piece)))
        else:
            listener.hear(piece)
    return listener.request(0.0, "text", None)


def tone(samples: int, amplitude: float = 0.25) -> bytes:
    return np.full(samples, amplitude * 2**15).astype("<i2").tobytes()


@settings(deadline=None)
@given(CUTS)
def test_audio_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    audio = tone(500)
    pieces = [audio[a:b] for a, b in zip([0, *cuts], [*cuts, len(audio)], strict=True)]
    request = heard(pieces)
    assert request.audio_s == pytest.approx(500 / 24_000)
    assert request.error is None
    assert len(request.arrivals) == sum(bool(piece) for piece in pieces)


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=5))
def test_base64_counts_what_the_bytes_would(sizes: list[int]) -> None:
    pieces = [tone(size) for size in sizes]
    plain, coded = heard(pieces), heard(pieces, base64=True)
    assert [s for _, s in coded.arrivals] == pytest.approx([s for _, s in plain.arrivals])


@pytest.mark.parametrize(("amplitude", "error"), [(0.0, "silent"), (0.003, "silent"), (0.0033, None)])
def test_what_is_below_50_db_is_not_heard(amplitude: float, error: str | None) -> None:
    request = heard([tone(100, amplitude)])
    assert request.error == error
    assert request.first_byte_s is not None
    assert (request.audible_s is None) == (error == "silent")


@settings(deadline=None)
@given(st.integers(0, 3))
def test_first_audio_is_the_piece_that_can_be_heard(silent: int) -> None:
    request = heard([tone(100, 0.0)] * silent + [tone(100)] * 2)
    assert request.audible_s == request.arrivals[silent][0]


def test_no_audio_at_all_is_silence() -> None:
    request = heard([])
    assert (request.error, request.first_byte_s, request.played_s) == ("silent", None, None)


def test_a_failure_is_told_before_the_silence_that_it_causes() -> None:
    listener = Listener(time.perf_counter(), "pcm_s16le", 24_000)
    assert listener.request(0.0, "text", "cut").error == "cut"


def test_audio_within_counts_from_the_begin_of_the_load() -> None:
    request = Request(
        due_s=10.0,
        late_s=0.0,
        characters=10,
        first_byte_s=0.1,
        audible_s=0.1,
        done_s=0.5,
        arrivals=((0.1, 1.0), (0.3, 2.0), (0.5, 3.0)),
        underruns=0,
        silence_s=0.0,
        played_s=6.1,
    )
    assert [request.audio_within(end) for end in (10.0, 10.1, 10.4, 11.0)] == [0.0, 1.0, 3.0, 6.0]
    assert request.rtf == pytest.approx(0.5 / 6)
