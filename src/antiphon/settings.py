"""Every setting of every process: one frozen object.

A value comes from, strongest first: a command-line flag, the settings file (TOML; ``--config`` or
``ANTIPHON_CONFIG``), a variable ``ANTIPHON_<NAME>``, the default here. An unknown name in the file or among
the variables is an error: a typing mistake must not pass as a default. ``docs/configuration.md`` lists all of
them, and a test holds it to this file.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from antiphon.errors import SettingsError

ENV_PREFIX = "ANTIPHON_"
CONFIG_VARIABLE = "ANTIPHON_CONFIG"


def _xdg(variable: str, fallback: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / fallback) / "antiphon"


Rows = Annotated[int, Field(ge=1, le=1024)] | Literal["auto"]
Streams = Annotated[int, Field(ge=1, le=65536)] | Literal["auto"]


class Settings(BaseModel):
    """The resolved settings of one process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state_dir: Path = Field(
        default_factory=lambda: _xdg("XDG_STATE_HOME", ".local/state"),
        description="Folder for NATS data, the API key and logs of child processes.",
    )
    catalog_dir: Path | None = Field(
        default=None,
        description="Folder of voices and dictionaries that clients made; default: `catalog` in `state_dir`.",
    )
    models_dir: Path = Field(
        default_factory=lambda: _xdg("XDG_DATA_HOME", ".local/share") / "models",
        description="Folder of the pulled model files.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="`console` for people, `json` (one object a line) for collectors."
    )

    api_host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(default=5000, ge=0, le=65535, description="Port of HTTP and WebSocket.")
    api_tls_port: int = Field(
        default=5443, ge=0, le=65535, description="Port of HTTPS and WSS, open when a certificate is given."
    )
    tls_cert: Path | None = Field(default=None, description="PEM file of the certificate (and its chain).")
    tls_key: Path | None = Field(default=None, description="PEM file of the certificate's private key.")
    api_key: SecretStr | None = Field(
        default=None,
        description="Key that clients send. Without it `antiphon up` makes one and keeps it in `state_dir`.",
    )
    token_secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Secret that signs access tokens, alike on all API servers; default: one in the catalog.",
    )
    tts_contexts_per_key: int = Field(
        default=0,
        ge=0,
        description="TTS contexts a key may have at once on an API server, and tenfold sockets; 0: no limit.",
    )
    stt_streams_per_key: int = Field(
        default=0, ge=0, description="STT streams that a key may have at once on an API server; 0: no limit."
    )
    cors_origins: str = Field(
        default="*",
        description="Origins whose web pages may use the API, with commas between them; `*`: all.",
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address that serves the metrics.")
    metrics_port: int = Field(
        default=8080,
        ge=0,
        le=65535,
        description="Port of metrics and probes; `antiphon up` gives its workers the ports after it.",
    )
    nats_url: str = Field(
        default="nats://127.0.0.1:4222", description="NATS server of a process started alone."
    )
    nats_port: int = Field(
        default=4222, ge=1, le=65535, description="Port of the NATS server that `antiphon up` starts."
    )
    nats_monitoring_port: int = Field(
        default=8222, ge=1, le=65535, description="Monitoring port of that NATS server."
    )

    transport: Literal["nats", "direct"] = Field(
        default="nats",
        description="How events come to an API server: by NATS, or from each worker over its own connection.",
    )
    direct_host: str = Field(
        default="127.0.0.1", description="Address of the API server for workers that connect directly."
    )
    direct_port: int = Field(default=0, ge=0, le=65535, description="Its port; 0: any that is free.")

    tts_workers: int = Field(default=1, ge=0, le=64, description="TTS workers that `antiphon up` starts.")
    stt_workers: int = Field(default=1, ge=0, le=64, description="STT workers that `antiphon up` starts.")
    tts_model: str = Field(default="hibari", description="Model that TTS workers serve.")
    stt_model: str = Field(default="moonshine-tiny-en", description="Model that STT workers serve.")
    extra_stt_models: str = Field(
        default="",
        description="More STT models, with commas between them, that `antiphon up` starts a worker each of.",
    )
    batch_size: Rows = Field(
        default="auto",
        description="Most rows a step, the dial between latency and throughput; `auto` takes as many as pay.",
    )
    max_streams: Streams = Field(
        default="auto",
        description="Streams a worker holds at once, its advertised capacity; `auto` measures how many.",
    )
    queue_size: int = Field(
        default=256, ge=0, description="Requests that may wait for a place before others get 429."
    )
    queue_timeout_s: float = Field(
        default=1.0, gt=0, description="Seconds a request waits for a place before it gets 429."
    )
    worker_timeout_s: float = Field(
        default=10.0,
        gt=0,
        description="Seconds a request waits for a worker when none is there, or when its own was lost.",
    )
    shutdown_grace_s: float = Field(
        default=10.0, ge=0, description="Seconds that running streams get to finish after SIGTERM."
    )
    max_message_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="Largest JSON body and WebSocket message."
    )
    max_upload_bytes: int = Field(
        default=2 * 1024**3, ge=1024, description="Largest audio file of a transcription."
    )
    max_audio_s: int = Field(
        default=6 * 60 * 60, ge=1, description="Longest audio of a transcription, in seconds once decoded."
    )
    max_clip_bytes: int = Field(
        default=128 * 1024**2,
        ge=1024,
        description="Largest clip of a new voice, upload of an infill (both files) or of a voice change.",
    )
    max_clip_s: int = Field(
        default=300,
        ge=1,
        description="Longest clip, audio of an infill or of a voice change, in seconds once decoded.",
    )
    model_aliases: dict[str, str] = Field(
        default={
            "sonic*": "tts",
            "tts-1*": "tts",
            "gpt-*-tts*": "tts",
            "*[kK]okoro*": "tts",
            "ink-*": "stt",
            "*whisper*": "stt",
            "gpt-*-transcribe*": "stt",
        },
        description="Names clients give (`*` matches any rest) to `tts` or `stt` (what the workers serve) or "
        "to models by name, the preferred first, with a bar between them.",
    )
    voice_aliases: dict[str, str] = Field(
        default={}, description="Voice ids of clients to local voices, before the built-in table."
    )
    default_voice: str = Field(
        default="heart", description="Local voice that known ids of the hosted service stand for."
    )

    @field_validator("state_dir", "catalog_dir", "models_dir", "tls_cert", "tls_key")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return path and Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises for an unknown user

    @model_validator(mode="after")
    def _check_tls(self) -> "Settings":
        if (self.tls_cert is None) != (self.tls_key is None):
            msg = "tls_cert and tls_key belong together: give both or neither"
            raise ValueError(msg)
        return self


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Resolve the settings.

    Args:
        flags: values from the command line; None means "not given".
        config: the settings file; without it ``ANTIPHON_CONFIG``, else none.
        environ: the environment, by default the process's.

    Raises:
        SettingsError: naming the setting, where it came from and what is wrong with it.
    """
    environ = os.environ if environ is None else environ
    if config is None and environ.get(CONFIG_VARIABLE):
        config = Path(environ[CONFIG_VARIABLE])
    from_environment = _read_environment(environ)
    from_file = _read_file(config) if config else {}
    from_flags = {name: value for name, value in (flags or {}).items() if value is not None}
    origin = {
        **dict.fromkeys(from_environment, "the environment"),
        **dict.fromkeys(from_file, str(config)),
        **dict.fromkeys(from_flags, "the command line"),
    }
    try:
        return Settings.model_validate({**from_environment, **from_file, **from_flags})
    except ValidationError as error:
        raise SettingsError(_explain(error, origin)) from None


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables from which `load_settings` makes the same settings in another process."""
    variables: dict[str, str] = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        elif isinstance(value, dict):
            pairs = cast("dict[str, str]", value).items()
            value = ",".join(f"{alias}={target}" for alias, target in pairs)
        if value is not None:
            variables[f"{ENV_PREFIX}{name.upper()}"] = str(value)
    return variables


def _read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, value in environ.items():
        if not variable.startswith(ENV_PREFIX) or variable == CONFIG_VARIABLE:
            continue
        name = variable.removeprefix(ENV_PREFIX).lower()
        field = Settings.model_fields.get(name)
        if field is None:
            raise SettingsError(f"{variable} is not a setting; docs/configuration.md lists them.")
        if field.annotation == dict[str, str]:
            values[name] = _parse_table(variable, value)
        elif value:  # an empty variable is how compose files and shells say "not set"
            values[name] = value
    return values


def _parse_table(variable: str, value: str) -> dict[str, str]:
    table: dict[str, str] = {}
    for pair in filter(None, map(str.strip, value.split(","))):
        name, equals, target = pair.partition("=")
        if not equals:
            raise SettingsError(f"{variable} wants name=value pairs with commas between them.")
        table[name.strip()] = target.strip()
    return table


def _read_file(config: Path) -> dict[str, Any]:
    try:
        with config.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"Can't read the settings file {config}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {config} is not TOML: {error}.") from None


def _explain(error: ValidationError, origin: Mapping[str, str]) -> str:
    lines: list[str] = []
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        place = f" (from {origin[name]})" if name in origin else ""
        if problem["type"] == "extra_forbidden":
            lines.append(f"{name}{place} is not a setting; docs/configuration.md lists them.")
        else:
            wrong = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}{place}: {wrong}." if name else f"{wrong}.")
    return "\n".join(lines)
