import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from antiphon.api.tts import session as session_module
from antiphon.api.tts.output import Chunk, Words
from antiphon.api.tts.plan import Plan
from antiphon.api.tts.request import TextInput
from antiphon.api.tts.session import MAX_WAITING_CHARS, Session
from antiphon.audio.formats import OutputFormat
from antiphon.contract.jobs import SynthesisJob, Token
from antiphon.errors import BadRequest, FileTooLarge, Overloaded
from antiphon.speech.context import End
from antiphon.speech.style import Manner
from antiphon.speech.wording import Wording
from antiphon.telemetry.metrics import REGISTRY


def text(transcript: str, *, more: bool = False, **manner: float) -> TextInput:
    return TextInput(transcript, more=more, flush=False, manner=Manner(**manner))


PLAIN = OutputFormat("raw", "pcm_s16le", 24000)


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
        wording=Wording("en"),
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


async def samples(session: Session) -> np.ndarray:
    """All audio of a session, pcm_s16le."""
    chunks = [output.data async for output in session.outputs() if isinstance(output, Chunk)]
    return np.frombuffer(b"".join(chunks), "<i2")


async def test_a_break_is_silence_of_its_length_and_time_goes_on(plan: Plan, bus: Any) -> None:
    session = Session(replace(plan, output_format=PLAIN, word_timestamps=True), bus, "someone")
    session.push(text('one<break time="250ms"/>two <break time="3s"/>'))
    outputs = [output async for output in session.outputs()]
    audio = np.frombuffer(b"".join(o.data for o in outputs if isinstance(o, Chunk)), "<i2")
    assert np.flatnonzero(np.diff(audio != 0)).tolist() == [2399, 8399, 10799]
    assert len(audio) == 24000 * (0.1 + 0.25 + 0.1 + 3)
    words = [word for o in outputs if isinstance(o, Words) for word in o.words]
    assert [(word.text, round(word.start_s, 3)) for word in words] == [("one", 0.0), ("two", 0.35)]
    assert [job.text for job in bus.jobs] == ["one", "two "]


async def test_a_break_before_any_speech_comes_first(plan: Plan, bus: Any) -> None:
    session = Session(replace(plan, output_format=PLAIN, word_timestamps=True), bus, "someone")
    session.push(text('<break time="1s"/>one'))
    outputs = [output async for output in session.outputs()]
    audio = np.frombuffer(b"".join(o.data for o in outputs if isinstance(o, Chunk)), "<i2")
    assert np.flatnonzero(audio)[0] == 24000
    [words] = [output for output in outputs if isinstance(output, Words)]
    assert words.words[0].start_s == 1.0
    assert outputs.index(words) > 0


async def test_breaks_alone_are_silence(plan: Plan, bus: Any) -> None:
    session = Session(plan, bus, "someone")
    session.push(text('<break time="1s"/> '))
    audio = await samples(session)
    assert len(audio) == 8000
    assert not audio.any()
    assert not bus.jobs


async def test_a_break_keeps_the_listener_supplied(plan: Plan, bus: Any) -> None:
    session = Session(plan, bus, "someone")
    session.push(text('one <break time="5s"/> two'))
    await samples(session)
    assert 4.5 < bus.jobs[1].lead_s <= 5.1


async def test_tags_change_the_segments_behind_them(plan: Plan, bus: Any) -> None:
    session = Session(replace(plan, output_format=PLAIN), bus, "someone")
    session.push(
        text('one <speed ratio="1.5"/>two <volume ratio="2"/>three <speed ratio="9"/>four', speed=0.8)
    )
    audio = await samples(session)
    assert [job.speed for job in bus.jobs] == [0.8, 1.5, 1.5, 2.0]
    assert audio[::2400].tolist() == [8192, 8192, 16384, 16384]


async def test_text_is_read_before_it_is_spoken_and_told_as_written(session: Session, bus: Any) -> None:
    session.push(text("write to $5 now"))
    await samples(session)
    [job] = bus.jobs
    assert job.text == "write to five dollars now"
    assert job.tokens == (*map(Token, ("write", "to")), Token("$5", 2), Token("now"))
    assert not job.normalize  # read already


async def test_text_stays_as_it_is_where_normalization_is_off(plan: Plan, bus: Any) -> None:
    session = Session(replace(plan, wording=Wording("en", normalize=False)), bus, "someone")
    session.push(text("write to $5 now"))
    await samples(session)
    [job] = bus.jobs
    assert (job.text, job.tokens, job.normalize) == ("write to $5 now", (), False)


async def test_a_duration_is_shared_out_by_length(session: Session, bus: Any) -> None:
    session.push(text("one two. three four five.", duration_s=5.0))
    await samples(session)
    assert [round(job.duration_s, 6) for job in bus.jobs] == [1.6, 3.4]


async def test_what_the_voice_cannot_do_is_told(plan: Plan, bus: Any) -> None:
    session = Session(replace(plan, ignored=("save",)), bus, "someone")
    session.push(text('Ha [laughter]<emotion value="sad"/> ha'))
    assert sorted(session.ignored) == ["<emotion>", "[laughter]", "save"]
    await samples(session)
    assert [job.text for job in bus.jobs] == ["Ha  ha"]


async def test_a_context_that_waits_for_long_ends_without_a_word(
    session: Session, bus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "EXPIRY_S", 0.02)
    session.push(text("one.", more=True))
    outputs = [output async for output in session.outputs()]
    assert outputs
    assert all(isinstance(output, Chunk) for output in outputs)
    assert session.closed


async def test_a_context_does_not_expire_while_text_waits(
    plan: Plan, bus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "EXPIRY_S", 0.01)
    session = Session(replace(plan, output_format=PLAIN, buffer_delay_s=0.1), bus, "someone")
    session.push(text("one", more=True))
    assert len(await samples(session)) == 2400
