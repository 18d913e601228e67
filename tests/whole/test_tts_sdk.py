"""Cartesia's Python SDK 4.2.0, unmodified, speaks through the platform."""

import io
import wave
from typing import Any

import av
import numpy as np
import pytest
from cartesia import Cartesia, NotFoundError

from antiphon.audio.encodings import decode
from antiphon.engine.trimming import AUDIBLE

pytestmark = pytest.mark.models

VOICE = {"mode": "id", "id": "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"}
RAW = {"container": "raw", "encoding": "pcm_f32le", "sample_rate": 24_000}
TEXT = "The train to the coast leaves at half past seven."


def generate(sdk: Cartesia, output_format: dict[str, Any], text: str = TEXT, **more: Any) -> bytes:
    answer = sdk.tts.generate(
        model_id="sonic-3", transcript=text, voice=VOICE, output_format=output_format, **more
    )
    return answer.read()


def test_bytes_in_every_container(sdk: Cartesia) -> None:
    raw = np.frombuffer(generate(sdk, RAW), np.float32)
    with wave.open(io.BytesIO(generate(sdk, RAW | {"container": "wav", "encoding": "pcm_s16le"}))) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (1, 24_000, 2)
    mp3 = generate(sdk, {"container": "mp3", "sample_rate": 44_100, "bit_rate": 128_000})
    with av.open(io.BytesIO(mp3)) as file:
        seconds = sum(f.samples / f.sample_rate for f in file.decode(audio=0))
    assert seconds == pytest.approx(len(raw) / 24_000, abs=0.1)


@pytest.mark.parametrize("encoding", ["pcm_f32le", "pcm_s16le", "pcm_mulaw", "pcm_alaw"])
@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_every_encoding_and_rate_lasts_as_long(sdk: Cartesia, encoding: str, sample_rate: int) -> None:
    output_format = {"container": "raw", "encoding": encoding, "sample_rate": sample_rate}
    samples = decode(generate(sdk, output_format, "Good morning."), encoding)
    reference = np.frombuffer(generate(sdk, RAW, "Good morning."), np.float32)
    assert len(samples) / sample_rate == pytest.approx(len(reference) / 24_000, abs=0.002)
    level = np.sqrt(np.mean(reference**2))
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(level, rel=0.1)


@pytest.mark.parametrize("speed", [0.6, 1.0, 1.5])
@pytest.mark.parametrize("text", [TEXT, "Sun.", "Jump over it.", "Which one?", "Oil, box and church."])
def test_the_start_is_trimmed_to_20_ms_whatever_the_first_sound(
    sdk: Cartesia, text: str, speed: float
) -> None:
    audio = np.frombuffer(generate(sdk, RAW, text, generation_config={"speed": speed}), np.float32)
    assert int(np.flatnonzero(np.abs(audio) > AUDIBLE)[0]) == round(0.02 * 24_000)


def test_the_same_words_give_the_same_samples(sdk: Cartesia) -> None:
    assert generate(sdk, RAW) == generate(sdk, RAW)


def test_speed_and_volume(sdk: Cartesia) -> None:
    plain = np.frombuffer(generate(sdk, RAW), np.float32)
    fast = np.frombuffer(generate(sdk, RAW, generation_config={"speed": 1.5}), np.float32)
    quiet = np.frombuffer(generate(sdk, RAW, generation_config={"volume": 0.5}), np.float32)
    assert 0.55 < len(fast) / len(plain) < 0.8
    assert np.allclose(quiet, plain * 0.5, atol=1e-6)


def test_events(sdk: Cartesia) -> None:
    stream = sdk.tts.generate_sse(
        model_id="sonic-3", transcript=TEXT, voice=VOICE, output_format=RAW, add_timestamps=True
    )
    events = list(stream)
    audio = b"".join(e.audio for e in events if e.type == "chunk")
    assert audio == generate(sdk, RAW)
    words = [w for e in events if e.type == "timestamps" for w in e.word_timestamps.words]
    assert " ".join(words) == TEXT
    assert [e.type for e in events].count("done") == 1
    assert events[-1].type == "done"


def test_socket_with_continuations_and_timestamps(sdk: Cartesia) -> None:
    with sdk.tts.websocket_connect() as connection:
        context = connection.context(model_id="sonic-3", voice=VOICE, output_format=RAW, add_timestamps=True)
        for piece in ("The train to the ", "coast leaves at half past seven. ", "It is ", "never late."):
            context.push(piece)
        context.no_more_inputs()
        events = list(context.receive())
    words, starts, ends = [], [], []
    for event in events:
        if event.type == "timestamps":
            words += event.word_timestamps.words
            starts += event.word_timestamps.start
            ends += event.word_timestamps.end
    assert words == f"{TEXT} It is never late.".split()
    assert starts == sorted(starts)
    assert all(a <= b for a, b in zip(starts, ends, strict=True))
    seconds = sum(len(e.audio) for e in events if e.type == "chunk") / 4 / 24_000
    assert ends[-1] <= seconds
    assert events[-1].type == "done"
    assert sum(e.type == "done" for e in events) == 1


def test_several_contexts_on_one_socket_with_flush_and_cancel(sdk: Cartesia) -> None:
    with sdk.tts.websocket_connect() as connection:
        options = {"model_id": "sonic-3", "voice": VOICE, "output_format": RAW}
        spoken, flushed, cancelled = (connection.context(**options) for _ in range(3))
        cancelled.push("This is never heard to its end. " * 20)
        spoken.push("One for the first context.")
        flushed.push("Two for the second, ")
        flushed.push("", flush=True)
        cancelled.cancel()
        flushed.push("and then more.")
        spoken.no_more_inputs()
        flushed.no_more_inputs()
        first, second = list(spoken.receive()), list(flushed.receive())
    assert first[-1].type == second[-1].type == "done"
    kinds = [e.type for e in second]
    assert kinds.count("flush_done") == 1
    assert "chunk" in kinds[: kinds.index("flush_done")]
    assert "chunk" in kinds[kinds.index("flush_done") :]


def test_an_unknown_voice_is_the_sdks_not_found(sdk: Cartesia) -> None:
    with pytest.raises(NotFoundError) as refusal:
        sdk.tts.generate(
            model_id="sonic-3", transcript=TEXT, voice={"mode": "id", "id": "nobody"}, output_format=RAW
        )
    assert refusal.value.body["error_code"] == "voice_not_found"


def test_voices_are_listed_to_their_end(sdk: Cartesia) -> None:
    voices = list(sdk.voices.list())
    assert [v.name for v in voices] == ["Heart"]
    assert sdk.voices.get(voices[0].id).name == "Heart"
