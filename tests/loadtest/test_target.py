import pytest

from antiphon.errors import OperatorError
from antiphon.loadtest.target import Target


@pytest.mark.parametrize("url", ["", "127.0.0.1:5000", "ws://127.0.0.1:5000", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(OperatorError, match="http://127"):
        Target(url)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://127.0.0.1:5000", "127.0.0.1", 5000, "/tts/sse?a=b+c"),
        ("http://host/v1/", "host", 80, "/v1/tts/sse?a=b+c"),
        ("https://[::1]", "::1", 443, "/tts/sse?a=b+c"),
    ],
)
def test_addresses_are_taken_apart(url: str, host: str, port: int, path: str) -> None:
    target = Target(url)
    assert (target.host, target.port, target.path("/tts/sse", {"a": "b c"})) == (host, port, path)
    assert (target.tls is not None) == url.startswith("https")


def test_requests_say_who_asks_and_for_what() -> None:
    target = Target("http://host:5000", "secret", voice="v", language=None)
    assert target.headers == {
        "Host": "host:5000",
        "Cartesia-Version": "2026-03-01",
        "Authorization": "Bearer secret",
    }
    assert "Authorization" not in Target("http://host").headers
    assert "language" not in target.request("text")
    assert Target("http://host", language="de").request("text")["language"] == "de"
    assert "secret" not in repr(Target("http://host", "secret"))
