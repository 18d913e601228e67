import json
import shlex

import pytest

from antiphon.cli.plan import make_plan
from antiphon.cli.summary import examples, print_summary
from antiphon.settings import Settings


def test_it_tells_addresses_pids_key_and_commands(capsys: pytest.CaptureFixture[str]) -> None:
    plan = make_plan(Settings())
    print_summary(plan, "ak_123", {"api": 41, "nats": 42, "tts-1": 43, "stt-1": None})
    out = capsys.readouterr().out
    assert all(address in out for _, _, address in plan.listeners())
    assert all(pid in out for pid in ("41", "42", "43"))
    assert "API key: ak_123" in out
    assert all(command in out for command in examples(plan.url, "ak_123"))


def test_the_commands_can_be_pasted_whatever_the_key() -> None:
    key = 'it\'s "a" key'
    say, listen, curl = (shlex.split(command) for command in examples("http://127.0.0.1:5001", key))
    assert f"Authorization: Bearer {key}" in curl
    assert json.loads(curl[-1])["output_format"]["container"] == "wav"
    for command in (say, listen):
        assert command[0] == f"ANTIPHON_API_KEY={key}"
        assert command[1].endswith("antiphon")
        assert command[-2:] == ["--url", "http://127.0.0.1:5001"]
