"""``antiphon api``: one API server."""

import typer

from antiphon.cli.console import plain_errors
from antiphon.cli.options import takes_settings
from antiphon.settings import Settings
from antiphon.telemetry.logs import configure_logging

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: antiphon api --nats nats://nats:4222 --api-host 0.0.0.0")
@plain_errors()
@takes_settings(
    "nats_url",
    "state_dir",
    "catalog_dir",
    "api_host",
    "api_port",
    "api_tls_port",
    "tls_cert",
    "tls_key",
    "metrics_host",
    "metrics_port",
    "transport",
    "direct_host",
    "direct_port",
    "queue_size",
    "queue_timeout_s",
    "worker_timeout_s",
    "max_message_bytes",
    "max_upload_bytes",
    "max_audio_s",
    "max_clip_bytes",
    "max_clip_s",
    "tts_contexts_per_key",
    "stt_streams_per_key",
    "cors_origins",
    "default_voice",
    "shutdown_grace_s",
    "log_level",
    "log_format",
)
def api(settings: Settings) -> None:
    """Run one API server until SIGTERM or Ctrl-C.

    Every option is also a name in the settings file and, as ANTIPHON_<NAME>, a variable; the key that
    clients send is set there (ANTIPHON_API_KEY).
    """
    from antiphon.api.server import run

    configure_logging(settings.log_level, settings.log_format)
    run(settings)
