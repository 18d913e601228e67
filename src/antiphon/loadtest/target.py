"""What is put under load: an address, and what every request to it says."""

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from antiphon.errors import OperatorError

VERSION = "2026-03-01"
VOICE = "f786b574-daa5-4673-aa0c-cbe3e8534c02"
"""A hosted id that every server of this protocol knows or has a default voice for."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """A server that speaks Cartesia's protocol.

    Attributes:
        url: its address, such as ``http://127.0.0.1:5000``; a path is put before those of the protocol.
        key: API key; None sends none.
        version: ``Cartesia-Version``.
        model, voice, language: of every request; the language may be None.
        encoding, sample_rate: of the raw audio asked for.
        tls: the usual checks of a certificate (``SSL_CERT_FILE`` trusts others); None for plain http.

    Raises:
        OperatorError: the address is none of http or https.
    """

    url: str = "http://127.0.0.1:5000"
    key: str | None = field(default=None, repr=False)
    version: str = VERSION
    model: str = "sonic-3"
    voice: str = VOICE
    language: str | None = "en"
    encoding: str = "pcm_s16le"
    sample_rate: int = 24_000
    tls: ssl.SSLContext | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Refuse an address, and read the certificates, before any load is made."""
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise OperatorError(f"{self.url} is no address; it looks like http://127.0.0.1:5000.")
        if parts.scheme == "https":
            # Once: it reads every certificate that the system trusts.
            object.__setattr__(self, "tls", ssl.create_default_context())

    @property
    def host(self) -> str:
        """Name or address to connect to."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port to connect to."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    def path(self, path: str, query: dict[str, str] | None = None) -> str:
        """The path and query of a request line."""
        whole = urlsplit(self.url).path.rstrip("/") + path
        return f"{whole}?{urlencode(query)}" if query else whole

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        key = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return {"Host": urlsplit(self.url).netloc.rpartition("@")[2], "Cartesia-Version": self.version, **key}

    def request(self, text: str) -> dict[str, Any]:
        """The body that asks for a text to be spoken."""
        return {
            "model_id": self.model,
            "transcript": text,
            "voice": {"mode": "id", "id": self.voice},
            "output_format": {
                "container": "raw",
                "encoding": self.encoding,
                "sample_rate": self.sample_rate,
            },
            **({"language": self.language} if self.language else {}),
        }
