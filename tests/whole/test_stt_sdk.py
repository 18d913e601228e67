"""Cartesia's Python SDK 4.2.0, unmodified, listens through the platform."""

import io
import json
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from cartesia import Cartesia
from cartesia.types.stt import STTManualFinalizeWebsocketResponse

from support.words import word_error_rate

pytestmark = pytest.mark.models

SPEECH = Path(__file__).parents[1] / "data" / "speech"
CLIPS: list[dict[str, Any]] = json.loads((SPEECH / "manifest.json").read_text())


def pcm(name: str) -> bytes:
    with wave.open(str(SPEECH / name)) as clip:
        assert (clip.getframerate(), clip.getnchannels()) == (16_000, 1)
        return clip.readframes(clip.getnframes())


def stream(
    sdk: Cartesia, audio: bytes, *, finalize: bool = True, chunk: int = 3200, **options: Any
) -> list[STTManualFinalizeWebsocketResponse]:
    """Send a whole recording, then read to the end, as SDK 2 did too."""
    settings = {"model": "ink-whisper", "encoding": "pcm_s16le", "sample_rate": 16_000} | options
    with sdk.stt.manual_finalize.websocket(**settings) as connection:
        for start in range(0, len(audio), chunk):
            connection.send_raw(audio[start : start + chunk])
        if finalize:
            connection.send_raw("finalize")
        connection.send_raw("close")
        return list(connection)


def finals(events: list[Any]) -> str:
    return "".join(e.text for e in events if e.type == "transcript" and e.is_final)


def test_recordings_of_people_in_a_batch(sdk: Cartesia) -> None:
    heard = [
        sdk.stt.transcribe(file=SPEECH / clip["file"], model="ink-whisper", language="en").text
        for clip in CLIPS
    ]
    assert word_error_rate([clip["text"] for clip in CLIPS], heard) <= 0.05


def test_recordings_of_people_as_streams(sdk: Cartesia) -> None:
    heard = [finals(stream(sdk, pcm(clip["file"]))) for clip in CLIPS]
    assert word_error_rate([clip["text"] for clip in CLIPS], heard) <= 0.05


def test_a_stream_ends_with_flush_done_and_done(sdk: Cartesia) -> None:
    events = stream(sdk, pcm(CLIPS[0]["file"]))
    kinds = [e.type for e in events]
    assert kinds.count("flush_done") == 1
    assert kinds[-1] == "done"
    assert kinds.count("done") == 1
    assert len({e.request_id for e in events}) == 1


@pytest.mark.parametrize("chunk", [1, 2, 4001, 10_000_000])
def test_the_size_of_messages_makes_no_difference(sdk: Cartesia, chunk: int) -> None:
    audio = pcm(CLIPS[0]["file"])[: 32_000 if chunk < 10 else None]
    expected = finals(stream(sdk, audio))
    assert expected
    assert finals(stream(sdk, audio, chunk=max(chunk, len(audio) // 20_000))) == expected


def test_words_carry_their_times_when_asked_for(sdk: Cartesia) -> None:
    answer = sdk.stt.transcribe(
        file=SPEECH / "011_jfk.wav", model="ink-whisper", timestamp_granularities=["word"]
    )
    assert answer.words
    assert " ".join(w.word for w in answer.words) == answer.text
    starts = [w.start for w in answer.words]
    assert starts == sorted(starts)
    assert 0 <= starts[0] < answer.words[-1].end <= answer.duration


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 16_000),
        ("flac", "flac", 16_000),
        ("mp3", "libmp3lame", 44_100),
        ("ogg", "libopus", 48_000),
        ("webm", "libopus", 48_000),
        ("mp4", "aac", 44_100),
    ],
)
def test_every_file_format_is_heard(sdk: Cartesia, container: str, codec: str, rate: int) -> None:
    clip = next(c for c in CLIPS if "jfk" in c["file"])
    encoded = io.BytesIO()
    with av.open(str(SPEECH / clip["file"])) as source, av.open(encoded, "w", format=container) as target:
        track = target.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(format=track.format, layout="mono", rate=rate)
        for frame in source.decode(audio=0):
            for resampled in resampler.resample(frame):
                target.mux(track.encode(resampled))
        for resampled in resampler.resample(None):
            target.mux(track.encode(resampled))
        target.mux(track.encode(None))
    answer = sdk.stt.transcribe(file=(f"clip.{container}", encoded.getvalue()), model="ink-whisper")
    assert word_error_rate([clip["text"]], [answer.text]) <= 0.1


def test_silence_and_noise_give_no_words(sdk: Cartesia) -> None:
    rng = np.random.default_rng(0)
    for level in (0.0, 0.02):
        audio = (rng.standard_normal(16_000 * 8) * level * 32767).astype("<i2").tobytes()
        assert finals(stream(sdk, audio)).strip() == ""
