import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import numpy as np

from antiphon.bus.dispatcher import Dispatcher
from antiphon.bus.recognition import HEARING_WINDOW_S, RecognitionStream
from antiphon.contract.events import Done, Final, Finalized, Voice
from antiphon.contract.jobs import AudioIn, RecognitionJob
from antiphon.speech.turns import TurnEvent, Turns, TurnSettings
from support.hearing import RATE, say
from support.nats import dispatcher, level_worker, until


def job(**more: Any) -> RecognitionJob:
    return RecognitionJob(job=uuid4().hex, api="", model="levels", language="en", partials=False, **more)


async def present(api: Dispatcher, count: int = 1) -> None:
    await until(lambda: len(api.offerings("stt")) == count)


async def collect(stream: RecognitionStream) -> list[Any]:
    return [event async for event in stream]


def text(events: list[Any]) -> str:
    return "".join(e.text for e in events if isinstance(e, Final))


async def test_a_stream_is_heard_over_the_bus(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, level_worker(nats_url):
        await present(api)
        stream = await api.recognize(job())
        await stream.send(say(1, 2))
        await stream.finalize(1)
        await stream.finalize(2)
        await stream.send(say(3))
        await stream.end()
        events = await collect(stream)
        assert text(events) == "w1 w2 w3"
        assert [e.mark for e in events if isinstance(e, Finalized)] == [1, 2]
        assert isinstance(events[-1], Done)


async def test_audio_is_sent_no_further_ahead_than_the_window(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, level_worker(nats_url) as worker:
        await present(api)
        stream = await api.recognize(job())
        tell, told = worker._engine.tell, []
        worker._engine.tell = lambda name, message: told.append((name, message))  # it takes nothing in
        sending = asyncio.create_task(stream.send(np.zeros(round(4 * HEARING_WINDOW_S * RATE), np.float32)))
        await asyncio.sleep(0.5)
        assert not sending.done()
        worker._engine.tell = tell
        for name, message in told:
            worker._engine_loop.submit(partial(tell, name, message))
        reading = asyncio.create_task(collect(stream))
        await sending
        await stream.end()
        assert isinstance((await reading)[-1], Done)
        assert stream.job.attempt == 0


async def test_one_broken_stream_leaves_the_others_of_its_worker_alone(nats_url: str) -> None:
    async with dispatcher(nats_url, timeout_s=5) as api, level_worker(nats_url) as worker:
        await present(api)
        broken, sound = await api.recognize(job()), await api.recognize(job())
        broken._tell(AudioIn(0, 0, b"123"))  # no whole sample
        await sound.send(say(1, 2))
        await sound.end()
        assert text(await collect(sound)) == "w1 w2"
        assert not worker._died.is_set()
        await broken.send(say(3))
        await broken.end()
        assert text(await collect(broken)) == "w3"
        assert broken.job.attempt > 0


async def test_silence_is_not_kept(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, level_worker(nats_url):
        await present(api)
        stream = await api.recognize(job())
        reading = asyncio.create_task(collect(stream))
        for _ in range(60):
            await stream.send(np.zeros(5 * RATE, np.float32))
        await stream.end()
        await reading
        kept = sum(len(item) for item in stream._replay if isinstance(item, np.ndarray))
        assert kept < 35 * RATE


async def test_a_stream_goes_on_when_its_worker_vanishes(nats_url: str) -> None:
    async with dispatcher(nats_url, timeout_s=5) as api, level_worker(nats_url) as first:
        await present(api)
        stream = await api.recognize(job(word_timestamps=True))
        await stream.send(say(1, 2))
        seen = [await anext(stream), await anext(stream)]
        async with level_worker(nats_url):
            await present(api, 2)
            await stream.send(say(3, pause_s=0.1))
            first._publisher.send = lambda *_: None  # silent from now on, as if it were stopped
            await stream.send(say(4))
            await stream.finalize(9)
            await stream.end()
            rest = await collect(stream)
    assert text([*seen, *rest]) == "w1 w2 w3 w4"
    assert [e.mark for e in rest if isinstance(e, Finalized)] == [9]
    starts = [w.start_s for e in [*seen, *rest] if isinstance(e, Final) for w in e.words]
    assert np.allclose(starts, [0.0, 1.4, 2.8, 3.3], atol=0.02)


async def test_closing_a_stream_frees_its_place_and_whoever_sends(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, level_worker(nats_url, capacity=1):
        await present(api)
        stream = await api.recognize(job())
        sending = asyncio.create_task(stream.send(np.zeros(round(4 * HEARING_WINDOW_S * RATE), np.float32)))
        await asyncio.sleep(0.1)
        await stream.aclose()
        await asyncio.wait_for(sending, 30)
        again = await api.recognize(job())
        await again.aclose()


async def test_voice_activity_goes_on_where_it_was_when_a_worker_vanishes(nats_url: str) -> None:
    def turns_of(events: list[Any]) -> list[TurnEvent]:
        turns = Turns(TurnSettings(), pause_s=0.32)
        told: list[TurnEvent] = []
        for event in events:
            match event:
                case Voice():
                    told += turns.voice(event.audio_s, event.frames)
                case Final():
                    told += turns.final(event.text, event.end_s)
                case _:
                    pass
        return told + turns.end()

    async with dispatcher(nats_url, timeout_s=5) as api, level_worker(nats_url) as first:
        await present(api)
        asked = job(voice_activity=True, max_silence_s=0.32)
        stream = await api.recognize(asked)
        await stream.send(say(1, pause_s=1.5))
        await stream.send(say(2, pause_s=0.1))
        events = [await anext(stream)]
        while not any(isinstance(event, Final) for event in events):
            events.append(await anext(stream))
        async with level_worker(nats_url):
            await present(api, 2)
            first._publisher.send = lambda *_: None  # silent from now on, as if it were stopped
            await stream.send(say(3, pause_s=3.0))
            await stream.send(say(4))
            await stream.end()
            events += await collect(stream)
            assert stream.job.attempt > 0
            undisturbed = await api.recognize(job(voice_activity=True, max_silence_s=0.32))
            for audio in (say(1, pause_s=1.5), say(2, pause_s=0.1), say(3, pause_s=3.0), say(4)):
                await undisturbed.send(audio)
            await undisturbed.end()
            assert turns_of(events) == turns_of(await collect(undisturbed))
    assert text(events) == "w1 w2 w3 w4"
