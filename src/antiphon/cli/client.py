"""A client of a running API server, for the commands that talk to one."""

import ssl
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import httpx
import msgspec
import typer
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from antiphon.errors import OperatorError
from antiphon.settings import load_settings

VERSION = "2026-08-14"
_CONNECT_S = 5.0
_UNAUTHORIZED = 401

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Address of the API.", show_default="http://127.0.0.1:5000"),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        metavar="KEY",
        help="API key; else ANTIPHON_API_KEY, else the one that `antiphon up` keeps.",
    ),
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file (TOML); also ANTIPHON_CONFIG.")
]


class Voice(msgspec.Struct, frozen=True):
    """A voice as ``GET /voices`` lists it."""

    id: str
    name: str
    language: str
    description: str


class Word(msgspec.Struct, frozen=True):
    """A word and its times in seconds."""

    word: str
    start: float
    end: float


class Transcript(msgspec.Struct, frozen=True):
    """A transcription of a file, or a message of a stream."""

    text: str
    duration: float = 0.0
    is_final: bool = True
    words: tuple[Word, ...] = ()


class Refused(OperatorError):
    """The server does not do this, which it might do another time or for another file.

    Args:
        message: why.
        status: of HTTP.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.http_status = status


class _Page(msgspec.Struct):
    data: list[Voice]


class _Refusal(msgspec.Struct):
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Server:
    """Where an API server is, and the key for it (None: none was found)."""

    url: str
    key: str | None

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        key = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return {"Cartesia-Version": VERSION, **key}

    def voices(self) -> list[Voice]:
        """Every voice, page after page."""
        found: list[Voice] = []
        with self._http() as http:
            while True:
                after = {"starting_after": found[-1].id} if found else {}
                response = http.get("/voices", params={"limit": "100", **after})
                page = msgspec.json.decode(self._accepted(response).content, type=_Page).data
                if not page:
                    return found
                found += page

    @contextmanager
    def upload(
        self, path: str, file: BinaryIO, name: str, fields: Mapping[str, str | Sequence[str]]
    ) -> Generator[httpx.Response]:
        """Send a form with a file; the answer may be read as it comes, while the context is open.

        Args:
            path: of the server's.
            file: read while it is sent.
            name: of the file.
            fields: of the form beside it.
        """
        form: dict[str, Any] = dict(fields)
        with (
            self._http() as http,
            http.stream("POST", path, files={"file": (name, file)}, data=form) as response,
        ):
            if response.is_error:
                response.read()
            yield self._accepted(response)

    def speech_file(self, request: Mapping[str, Any]) -> Generator[bytes]:
        """The pieces of an audio file, as they are made."""
        with self._http() as http, http.stream("POST", "/tts/bytes", json=request) as response:
            if response.is_error:
                response.read()
            yield from self._accepted(response).iter_bytes()

    @contextmanager
    def socket(
        self, path: str, query: Mapping[str, str | Sequence[str]] | None = None
    ) -> Generator[ClientConnection]:
        """A WebSocket to one of the server's paths."""
        url = httpx.URL(self.url.rstrip("/") + path, params=dict(query or {}))
        url = url.copy_with(scheme="wss" if url.scheme == "https" else "ws")
        with (
            self._telling(),
            connect(
                str(url),
                additional_headers=self.headers,
                open_timeout=_CONNECT_S,
                compression=None,
                max_size=None,
                ping_interval=None,
            ) as socket,
        ):
            yield socket

    @contextmanager
    def _http(self) -> Generator[httpx.Client]:
        timeout = httpx.Timeout(None, connect=_CONNECT_S)
        with (
            self._telling(),
            httpx.Client(base_url=self.url, headers=self.headers, timeout=timeout) as http,
        ):
            yield http

    def _accepted(self, response: httpx.Response) -> httpx.Response:
        if response.is_error:
            raise self._refused(response.status_code, response.content)
        return response

    @contextmanager
    def _telling(self) -> Generator[None]:
        """Turn what can go wrong on the way into a sentence for the person at the keyboard."""
        try:
            yield
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            ssl.SSLCertVerificationError,
            ConnectionRefusedError,
            TimeoutError,
        ) as error:
            raise self._unreached(error) from None
        except InvalidStatus as error:
            raise self._refused(error.response.status_code, error.response.body or b"") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, InvalidURI):
            raise OperatorError(
                f"--url {self.url} is no address; it looks like http://127.0.0.1:5000."
            ) from None
        except (httpx.TransportError, InvalidHandshake, ConnectionClosed, OSError) as error:
            raise OperatorError(
                f"The connection to {self.url} failed: {error or type(error).__name__}."
            ) from None
        except msgspec.DecodeError:
            raise OperatorError(f"What answers at {self.url} is no Antiphon server.") from None

    def _unreached(self, error: Exception) -> OperatorError:
        # httpx keeps no more of OpenSSL's error than its text.
        _, untrusted, reason = str(error).partition("certificate verify failed: ")
        if untrusted:
            return OperatorError(
                f"The certificate of {self.url} is not trusted here ({reason.partition(' (_ssl')[0]}): "
                "set SSL_CERT_FILE to the file of its CA."
            )
        return OperatorError(
            f"Nothing answers at {self.url}: start it with `antiphon up`, or name another with --url."
        )

    def _refused(self, status: int, body: bytes | bytearray) -> OperatorError:
        if status == _UNAUTHORIZED:
            problem = "does not know this API key" if self.key else "wants an API key"
            return OperatorError(f"{self.url} {problem}: give it with --api-key or ANTIPHON_API_KEY.")
        try:
            refusal = msgspec.json.decode(body, type=_Refusal)
        except msgspec.DecodeError:
            return OperatorError(f"{self.url} answered with status {status}; is this an Antiphon server?")
        return Refused(f"{refusal.title}: {refusal.message}", status)


def find_server(url: str | None, key: str | None, config: Path | None) -> Server:
    """The server that flags and settings mean; the key may lie in the state folder of `antiphon up`.

    Raises:
        SettingsError: the settings can't be read.
    """
    settings = load_settings(config=config)
    wildcard = settings.api_host in {"0.0.0.0", "::", ""}
    host = "127.0.0.1" if wildcard else settings.api_host
    here = f"http://[{host}]:{settings.api_port}" if ":" in host else f"http://{host}:{settings.api_port}"
    if key is None and settings.api_key is not None:
        key = settings.api_key.get_secret_value()
    return Server((url or here).rstrip("/"), key or _kept_key(settings.state_dir / "api_key"))


def _kept_key(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
