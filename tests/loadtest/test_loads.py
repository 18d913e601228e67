import asyncio
import time
from itertools import pairwise

import pytest

from antiphon.loadtest.failures import Refused
from antiphon.loadtest.loads import closed_loop, listening_loop, open_loop
from antiphon.loadtest.request import Listener
from antiphon.loadtest.target import Target

TONE = b"\0\x20" * 2400


class Speaker:
    """Speaks a tenth of a second after a while; refuses while it is told to."""

    target = Target()

    def __init__(self, takes_s: float = 0.01, *, refuses: bool = False) -> None:
        self.takes_s = takes_s
        self.refuses = refuses
        self.speaking = self.most = 0
        self.texts: list[str] = []

    async def speak(self, text: str, listener: Listener) -> None:
        self.texts.append(text)
        if self.refuses:
            raise Refused(429)
        self.speaking += 1
        self.most = max(self.most, self.speaking)
        try:
            await asyncio.sleep(self.takes_s)
            listener.hear(TONE)
        finally:
            self.speaking -= 1

    async def aclose(self) -> None:
        pass


async def test_an_open_loop_waits_for_nobody() -> None:
    speaker = Speaker(takes_s=0.3)
    run = await open_loop(speaker, rps=40, duration_s=0.3, seed=3)
    assert speaker.most > 3
    assert speaker.speaking == 0
    assert [r.due_s for r in run.requests] == sorted(r.due_s for r in run.requests)
    assert all(0 < r.due_s < 0.3 and r.late_s >= 0 and r.error is None for r in run.requests)
    assert run.window_s == 0.3


async def test_latency_counts_from_when_a_request_was_due() -> None:
    class Busy(Speaker):
        async def speak(self, text: str, listener: Listener) -> None:
            time.sleep(0.05)  # noqa: ASYNC251 - a generator that can't keep up
            listener.hear(TONE)

    run = await open_loop(Busy(), rps=60, duration_s=0.3, seed=1)
    assert max(r.late_s for r in run.requests) > 0.05
    for request in run.requests:
        assert request.audible_s is not None
        assert request.audible_s >= request.late_s + 0.05


async def test_the_same_seed_asks_for_the_same() -> None:
    speakers = Speaker(), Speaker(), Speaker()
    for speaker, seed in zip(speakers, (7, 7, 8), strict=True):
        await open_loop(speaker, rps=100, duration_s=0.1, seed=seed)
    assert speakers[0].texts == speakers[1].texts != speakers[2].texts


async def test_a_closed_loop_has_so_many_at_a_time() -> None:
    speaker = Speaker()
    run = await closed_loop(speaker, concurrency=3, duration_s=0.2)
    assert speaker.most == 3
    assert len(run.requests) >= 3


async def test_who_is_refused_waits_before_the_next_request() -> None:
    speaker = Speaker(refuses=True)
    run = await closed_loop(speaker, concurrency=3, duration_s=0.2)
    assert [r.error for r in run.requests] == ["429"] * 3


async def test_listeners_ask_again_when_they_have_heard_it_all() -> None:
    speaker = Speaker()
    run = await listening_loop(speaker, listeners=1, duration_s=1.0, seed=2)
    for earlier, later in pairwise(run.requests):
        assert earlier.played_s is not None
        assert later.due_s == pytest.approx(earlier.due_s + earlier.played_s)
    assert len(run.requests) >= 2


async def test_a_load_ends_at_once_when_it_is_stopped() -> None:
    speaker, stop = Speaker(takes_s=30.0), asyncio.Event()
    load = asyncio.create_task(open_loop(speaker, rps=100, duration_s=60, stop=stop))
    while not speaker.speaking:
        await asyncio.sleep(0.01)
    stop.set()
    run = await load
    assert (run.requests, speaker.speaking) == ([], 0)
    assert 0 < run.window_s < 60


async def test_a_defect_is_no_figure() -> None:
    class Broken(Speaker):
        async def speak(self, text: str, listener: Listener) -> None:
            raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await closed_loop(Broken(), concurrency=1, duration_s=0.1)
