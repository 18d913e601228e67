import asyncio
from typing import Any

import pytest

from antiphon.api.tts import session as session_module
from antiphon.api.tts.output import Chunk
from antiphon.api.tts.plan import Plan
from antiphon.api.tts.request import TextInput
from antiphon.api.tts.session import MAX_WAITING_CHARS, Session
from antiphon.audio.formats import OutputFormat
from antiphon.contract.jobs import SynthesisJob
from antiphon.errors import BadRequest, FileTooLarge, Overloaded
from antiphon.speech.context import End
from antiphon.telemetry.metrics import REGISTRY


def text(transcript: str, *, more: bool = False) -> TextInput:
    return TextInput(transcript, more=more, flush=False, speed=1.0, volume=1.0)


@pytest.fixture
def plan() -> Plan:
    return Plan(
        model="hibari",
        voice="heart",
        language="en",
        output_format=OutputFormat("raw", "pcm_s16le", 8000),
        word_timestamps=False,
        phoneme_timestamps=False,
        buffer_delay_s=0.0,
    )


@pytest.fixture
async def session(plan: Plan, bus: Any) -> Session:
    return Session(plan, bus, "someone")


async def test_the_audio_of_all_segments_is_one_seamless_stream(session: Session) -> None:
    session.push(text("one two. three four. five."))
    outputs = [output async for output in session.outputs()]
    # Resampled from 24 to 8 kHz: one resampler over all segments gives the exact sum.
    assert sum(len(output.data) for output in outputs if isinstance(output, Chunk)) == 5 * 800 * 2
    assert isinstance(outputs[-1], End)


async def test_a_worker_is_no_further_ahead_than_the_credit(
    session: Session, bus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "AHEAD_S", 1.0)
    session.push(text("a " * 60))
    taken_s = 0.0
    async for output in session.outputs():
        [stream] = bus.streams
        # The resampler holds 5 ms back.
        assert stream.granted_s <= taken_s + 1.0 + 0.005
        if isinstance(output, Chunk):
            taken_s += len(output.data) / 2 / 8000
    # Without further credit the worker would have stopped after the first second.
    assert taken_s == pytest.approx(6.0)


async def test_closing_the_outputs_cancels_the_job(session: Session, bus: Any) -> None:
    session.push(text("one two three"))
    outputs = session.outputs()
    await anext(outputs)
    assert not bus.streams[0].closed
    await outputs.aclose()
    assert bus.streams[0].closed


async def test_later_segments_tell_how_long_the_listener_can_wait(session: Session, bus: Any) -> None:
    session.push(text("one two. three."))
    assert [output async for output in session.outputs()]
    first, second = bus.jobs
    assert first.lead_s is None
    assert 0.0 < second.lead_s <= 0.2


async def test_a_pause_without_text_is_no_underrun(session: Session, bus: Any) -> None:
    def underruns() -> float:
        return REGISTRY.get_sample_value("antiphon_api_underruns_total", {"model": "hibari"}) or 0.0

    session.push(text("one.", more=True))
    outputs = session.outputs()
    await anext(outputs)
    before = underruns()
    following = asyncio.create_task(anext(outputs))
    await asyncio.sleep(0.15)
    assert session.resting
    session.push(text(" two."))
    await following
    await outputs.aclose()
    assert underruns() == before
    assert bus.jobs[1].lead_s is None


async def test_text_may_not_pile_up_without_end(session: Session) -> None:
    session.push(text("x" * MAX_WAITING_CHARS, more=True))
    with pytest.raises(Overloaded):
        session.push(text("x", more=True))


async def test_a_closed_session_takes_no_more_text(session: Session) -> None:
    session.push(text("one"))
    assert session.closed
    with pytest.raises(BadRequest):
        session.push(text("two"))


async def test_text_of_which_the_model_speaks_nothing_is_refused(
    session: Session, bus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        session_module, "SynthesisJob", lambda **fields: SynthesisJob(**fields | {"text": ""})
    )
    session.push(text("你好。"))
    with pytest.raises(BadRequest, match="nothing to speak"):
        await anext(session.outputs())
    assert len(bus.jobs) == 1


async def test_a_text_that_could_never_wait_is_refused_for_good(session: Session) -> None:
    with pytest.raises(FileTooLarge):
        session.push(text("x" * (MAX_WAITING_CHARS + 1)))
