import base64
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect

from antiphon.api.tts import session, websocket
from antiphon.catalog.dictionaries import Item
from antiphon.contract.jobs import Token
from antiphon.errors import JobLost, Overloaded


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]


def audio_bytes(messages: list[dict[str, Any]]) -> int:
    return sum(len(base64.b64decode(m["data"])) for m in messages if m["type"] == "chunk")


async def test_a_request_gets_chunks_then_one_done(client: Any) -> None:
    await client.speak("one two three")
    messages = await client.read_until_done()
    assert kinds(messages) == ["chunk"] * 3 + ["done"]
    assert messages[0].keys() == {
        *("type", "context_id", "data", "done", "status_code", "step_time", "flush_id"),
    }
    assert (messages[0]["done"], messages[0]["status_code"], messages[0]["step_time"]) == (False, 206, 2.0)
    assert audio_bytes(messages) == 3 * 2400 * 2
    assert messages[-1] == {"type": "done", "context_id": "c", "done": True, "status_code": 206}


async def test_timestamps_come_before_their_audio_and_rise_over_the_whole_context(client: Any) -> None:
    flags = {"add_timestamps": True, "add_phoneme_timestamps": True, "max_buffer_delay_ms": 0}
    await client.speak("one two.", **flags, **{"continue": True})
    await client.speak(" three", **flags)
    messages = await client.read_until_done()
    assert kinds(messages) == ["timestamps", "phoneme_timestamps", "chunk"] * 3 + ["done"]
    words = [m["word_timestamps"] for m in messages if m["type"] == "timestamps"]
    assert [times["words"] for times in words] == [["one"], ["two."], ["three"]]
    assert [times["start"] for times in words] == [[0.0], [0.1], [0.2]]
    assert [times["end"] for times in words] == [[0.1], [0.2], [0.3]]
    assert all("error" not in message for message in messages)


async def test_continuations_are_joined_verbatim_and_only_the_first_segment_is_trimmed(
    client: Any, served: Any
) -> None:
    for piece in ("Hel", "lo there. How ", "are you?"):
        await client.speak(piece, **{"continue": True})
    await client.send({"context_id": "c", "transcript": ""})
    await client.read_until_done()
    jobs = served.bus.jobs
    assert "".join(job.text for job in jobs) == "Hello there. How are you?"
    assert [job.trim_lead for job in jobs] == [True] + [False] * (len(jobs) - 1)
    assert [job.segment for job in jobs] == list(range(len(jobs)))
    assert {(job.model, job.voice, job.language) for job in jobs} == {("hibari", "heart", "en")}
    assert all(stream.closed for stream in served.bus.streams)


async def test_flushes_are_numbered_and_answered_in_order(client: Any) -> None:
    await client.speak("one", **{"continue": True, "flush": True})
    await client.speak(" two", **{"continue": True})
    await client.speak("", **{"continue": True, "flush": True})
    await client.speak(" three")
    messages = await client.read_until_done()
    assert kinds(messages) == ["chunk", "flush_done", "chunk", "flush_done", "chunk", "done"]
    assert [message.get("flush_id") for message in messages] == [1, 1, 2, 2, 3, None]
    assert messages[1] == {
        "type": "flush_done",
        "context_id": "c",
        "done": False,
        "flush_done": True,
        "flush_id": 1,
        "status_code": 206,
    }


async def test_contexts_run_side_by_side_and_keep_their_own_order(client: Any, served: Any) -> None:
    served.bus.gate.clear()
    await client.speak("a b c", "one")
    await client.speak("a b c d", "two")
    await served.until(lambda: len(served.bus.streams) == 2)
    served.bus.gate.set()
    messages = await client.read_until_done(contexts=2)
    for context_id, words in (("one", 3), ("two", 4)):
        own = [message for message in messages if message["context_id"] == context_id]
        assert kinds(own) == ["chunk"] * words + ["done"]


async def test_speed_and_volume_may_change_between_inputs(client: Any, served: Any) -> None:
    config = {"generation_config": {"speed": 1.5, "volume": 2.0}, "max_buffer_delay_ms": 0}
    await client.speak("soft.", **{"continue": True, "max_buffer_delay_ms": 0})
    first = await client.read()
    await client.speak(" loud.", **config)
    rest = await client.read_until_done()
    assert [job.speed for job in served.bus.jobs] == [1.0, 1.5]
    levels = [int.from_bytes(base64.b64decode(m["data"])[:2], "little") for m in (first, rest[0])]
    assert levels == [8192, 16384]


async def test_what_every_input_repeats_does_not_undo_a_tag(client: Any, served: Any) -> None:
    config = {"generation_config": {"speed": 0.8}, "continue": True}
    await client.speak('one. <speed ratio="1.4"/>two. ', **config)
    await client.speak("three. ", **config)
    await client.send({"context_id": "c", "transcript": ""})
    await client.read_until_done()
    assert [job.speed for job in served.bus.jobs] == [0.8, 1.4, 1.4]


@pytest.mark.parametrize("delay_ms", [0, 3000])
async def test_a_tag_may_arrive_in_pieces(client: Any, served: Any, delay_ms: int) -> None:
    for piece in (
        "one <",
        "bre",
        'ak time="0',
        '.5s"',
        "/>two <<k|",
        "æ|t>",
        "> and",
        " <spell>AB</",
        "spell>",
    ):
        await client.speak(piece, **{"continue": True, "max_buffer_delay_ms": delay_ms})
    await client.send({"context_id": "c", "transcript": ""})
    messages = await client.read_until_done()
    assert " ".join(job.text for job in served.bus.jobs).split() == [
        *("one", "two", "kæt", "and", "A", "B"),
    ]
    silence = 24000 // 2
    assert audio_bytes(messages) == 2 * (6 * 2400 + silence)


async def test_a_dictionary_is_applied_and_words_are_told_as_written(client: Any, served: Any) -> None:
    items = [Item("Cartesia", "<<k|ɑː>>", case_sensitive=True), Item("api", "A P I")]
    made = await served.services.dictionaries.create(name="d", items=items, owner="o")
    await client.speak("The Cartesia API.", pronunciation_dict_id=made.id)
    await client.read_until_done()
    [job] = served.bus.jobs
    assert job.text == "The Cartesia A P I."
    assert job.tokens == (Token("The"), Token("Cartesia", 1, "kɑː"), Token("API.", 3))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"use_normalized_timestamps": False}, ["For", "$5", "a", "day"]),
        ({"use_normalized_timestamps": True}, []),
        ({"use_original_timestamps": False}, []),
    ],
)
async def test_words_are_told_as_written_or_as_spoken(
    client: Any, served: Any, fields: dict[str, Any], words: list[str]
) -> None:
    await client.speak("For $5 a day", **fields)
    await client.read_until_done()
    [job] = served.bus.jobs
    assert job.text == "For five dollars a day"
    assert [token.text for token in job.tokens] == words


async def test_text_goes_to_the_model_as_it_is_where_normalization_is_off(client: Any, served: Any) -> None:
    await client.speak("For $5 a day", normalization="off")
    await client.read_until_done()
    [job] = served.bus.jobs
    assert (job.text, job.tokens, job.normalize) == ("For $5 a day", (), False)


async def test_a_context_that_waited_too_long_starts_afresh(
    client: Any, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "EXPIRY_S", 0.02)
    request = {"continue": True, "max_buffer_delay_ms": 0, "add_timestamps": True}
    for _ in range(2):
        await client.speak("one", **request)
        assert [(await client.read())["type"] for _ in range(2)] == ["timestamps", "chunk"]
        await served.until(lambda: not served.services.limits.used("TTS contexts", served.bus.tenants[0]))
    assert [job.segment for job in served.bus.jobs] == [0, 0]


async def test_the_end_of_a_context_that_expired_is_no_error(
    client: Any, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "EXPIRY_S", 0.02)
    await client.speak("one", **{"continue": True, "max_buffer_delay_ms": 0})
    assert (await client.read())["type"] == "chunk"
    await served.until(lambda: not served.services.limits.used("TTS contexts", served.bus.tenants[0]))
    await client.speak(" ")
    assert await client.read() == {"type": "done", "context_id": "c", "done": True, "status_code": 206}
    await client.speak(" ")
    assert (await client.read())["status_code"] == 400


async def test_cancel_stops_at_once_and_frees_the_worker_and_the_id(client: Any, served: Any) -> None:
    served.bus.gate.clear()
    await client.speak("never heard")
    await served.until(lambda: served.bus.streams)
    await client.send({"context_id": "c", "cancel": True})
    await client.send({"context_id": "unknown", "cancel": True})
    await served.until(lambda: served.bus.streams[0].closed)
    served.bus.gate.set()
    await client.speak("anew")
    messages = await client.read_until_done()
    assert kinds(messages) == ["chunk", "done"]


async def test_a_context_id_is_free_again_after_done(client: Any) -> None:
    for _ in range(2):
        await client.speak("one", add_timestamps=True)
        messages = await client.read_until_done()
        assert messages[0]["word_timestamps"]["start"] == [0.0]


@pytest.mark.parametrize(
    ("fields", "status", "title"),
    [
        ({"transcript": ""}, 400, "Bad request"),
        ({"transcript": " "}, 400, "Bad request"),
        ({"transcript": 7}, 400, "Bad request"),
        ({"output_format": None}, 400, "Bad request"),
        (
            {"output_format": {"container": "wav", "encoding": "pcm_s16le", "sample_rate": 8000}},
            400,
            "Bad request",
        ),
        ({"model_id": "no-such-model"}, 400, "Invalid model"),
        ({"model_id": "ink-whisper"}, 400, "Invalid model"),
        ({"voice": {"id": "no-such-voice"}}, 404, "Voice not found"),
        ({"language": "xx"}, 400, "Language not supported"),
        ({"language": "en", "locale": "en-GB"}, 400, "Bad request"),
        ({"voice": {"embedding": [0.0] * 192}}, 400, "Bad request"),
        ({"pronunciation_dict_id": "nope"}, 404, "Not found"),
    ],
)
async def test_a_bad_request_gets_an_error_and_the_socket_stays_open(
    client: Any, fields: dict[str, Any], status: int, title: str
) -> None:
    await client.speak(**{"transcript": "Hello.", **fields})
    [error] = await client.read_until_done()
    assert error["type"] == "error"
    assert (error["status_code"], error["code"], error["title"]) == (status, status, title)
    assert (error["context_id"], error["done"]) == ("c", True)
    assert error["error"] == f"{title}: {error['message']}"
    assert error["request_id"] == client.socket.response.headers["X-Request-ID"]
    assert error.keys() >= {"error_code"}
    await client.speak("still here")
    assert kinds(await client.read_until_done()) == ["chunk", "chunk", "done"]


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ('{"transcript": "\u00e9', "byte"),
        ("[]", "object"),
        ("finalize", "JSON"),
        (b"\x00\x01", "binary"),
        ('{"transcript": "no id"}', "context_id"),
        ('{"context_id": 5, "cancel": true}', "context_id"),
    ],
)
async def test_a_broken_message_gets_an_error_without_context(
    client: Any, frame: str | bytes, told: str
) -> None:
    await client.socket.send(frame)
    error = await client.read()
    assert error["type"] == "error"
    assert "context_id" not in error
    assert told in error["message"]
    assert "no id" not in error["message"]
    await client.speak("still here")
    assert kinds(await client.read_until_done())[-1] == "done"


async def test_a_bad_continuation_ends_its_context_alone(client: Any, served: Any) -> None:
    served.bus.gate.clear()
    await client.speak("lost.", "bad", **{"continue": True, "max_buffer_delay_ms": 0})
    await client.speak("kept", "good")
    await served.until(lambda: len(served.bus.streams) == 2)
    await client.send({"context_id": "bad", "transcript": None, "continue": True})
    assert (await client.read())["context_id"] == "bad"
    served.bus.gate.set()
    assert [m["context_id"] for m in await client.read_until_done()] == ["good", "good"]
    assert served.bus.streams[0].closed


async def test_text_after_the_last_input_is_refused_but_a_second_end_is_not(client: Any, served: Any) -> None:
    served.bus.gate.clear()
    await client.speak("one")
    await client.speak("", **{"continue": False})
    await client.speak(" ", **{"continue": True, "flush": True})
    served.bus.gate.set()
    assert kinds(await client.read_until_done()) == ["chunk", "done"]


@pytest.mark.parametrize("failure", [Overloaded("all places are taken"), JobLost("gone")])
async def test_a_context_that_fails_ends_in_one_error(client: Any, served: Any, failure: Exception) -> None:
    served.bus.refusal = failure
    await client.speak("one")
    [error] = await client.read_until_done()
    assert error["status_code"] == failure.status
    assert error["error_code"] == failure.code


async def test_a_context_that_fails_on_the_way_ends_in_one_error_after_its_audio(
    client: Any, served: Any
) -> None:
    served.bus.failure, served.bus.failure_after_words = JobLost("gone"), 1
    await client.speak("one two")
    assert kinds(await client.read_until_done()) == ["chunk", "error"]
    assert served.bus.streams[0].closed


async def test_a_defect_ends_in_an_error_that_tells_nothing_of_it(client: Any, served: Any) -> None:
    served.bus.failure = KeyError("secret detail")
    await client.speak("one")
    [error] = await client.read_until_done()
    assert error["status_code"] == 500
    assert "secret" not in orjson.dumps(error).decode()


async def test_a_client_that_vanishes_frees_its_jobs(served: Any) -> None:
    served.bus.gate.clear()
    socket = await connect(f"{served.ws}/v1/tts/websocket/", additional_headers=served.headers)
    for context_id in ("a", "b"):
        message = {
            "model_id": "sonic",
            "voice": "heart",
            "context_id": context_id,
            "transcript": "x",
            "output_format": {"container": "raw", "encoding": "pcm_f32le", "sample_rate": 44100},
        }
        await socket.send(orjson.dumps(message).decode())
    await served.until(lambda: len(served.bus.streams) == 2)
    socket.transport.abort()
    await served.until(lambda: all(stream.closed for stream in served.bus.streams))


async def test_a_client_that_stops_reading_stops_the_worker_and_no_one_else(served: Any, client: Any) -> None:
    address = f"{served.ws}/tts/websocket?api_key=test-key"
    async with connect(
        address, max_queue=1, additional_headers={"Cartesia-Version": "2025-04-16"}
    ) as stalled:
        message = {
            "model_id": "sonic",
            "voice": "heart",
            "context_id": "c",
            "output_format": {"container": "raw", "encoding": "pcm_f32le", "sample_rate": 48000},
            # Fifty minutes of speech, 780 MB on the wire.
            "transcript": "word " * 250,
            "continue": True,
        }
        text = orjson.dumps(message).decode()
        for _ in range(120):
            await stalled.send(text)

        def sent_s() -> float:
            return sum(stream.sent_s for stream in served.bus.streams if "word" in stream.job.text)

        before_s = -1.0
        while sent_s() != before_s:
            before_s = sent_s()
            await client.speak("quick")
            assert kinds(await client.read_until_done()) == ["chunk", "done"]
        assert 0 < sent_s() < 600
        stalled.transport.abort()


async def test_an_idle_socket_is_closed_and_a_waiting_context_does_not_keep_it(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "IDLE_TIMEOUT_S", 0.05)
    await client.speak("one.", **{"continue": True, "max_buffer_delay_ms": 0})
    assert (await client.read())["type"] == "chunk"
    await client.socket.wait_closed()
    assert (client.socket.close_code, client.socket.close_reason) == (1000, "connection idle timeout")


async def test_a_socket_has_a_limit_of_contexts(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_CONTEXTS", 2)
    for number in range(3):
        await client.speak("wait", f"c{number}", **{"continue": True})
    error = await client.read()
    assert (error["context_id"], error["error_code"]) == ("c2", "concurrency_limited")


async def test_a_defect_in_taking_a_message_costs_its_context_alone(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("secret detail")

    with monkeypatch.context() as broken:
        broken.setattr(websocket, "make_plan", fail)
        await client.speak("one", "a")
        [error] = await client.read_until_done()
    assert (error["status_code"], error["context_id"]) == (500, "a")
    assert "secret" not in orjson.dumps(error).decode()
    await client.speak("one", "b")
    assert kinds(await client.read_until_done()) == ["chunk", "done"]


async def test_places_are_asked_for_in_the_name_of_the_key(client: Any, served: Any) -> None:
    await client.speak("one")
    await client.read_until_done()
    grant = await served.services.authorizer.authorize(served.headers["X-API-Key"], "tts")
    assert served.bus.tenants == [grant.key_id]
