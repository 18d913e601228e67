"""Makes ``docs/configuration.md`` from the settings (``python -m antiphon.cli.docs``)."""

from antiphon.cli.options import default_of, flag_of
from antiphon.settings import ENV_PREFIX, Settings

_HEAD = """\
# Configuration

A setting's value comes from, strongest first:

1. a flag on the command line (a command takes those that concern it; `antiphon COMMAND --help` lists them),
2. the settings file, TOML, named by `--config FILE` or `ANTIPHON_CONFIG`,
3. an environment variable,
4. the default.

An unknown name in the file, or an unknown variable that begins with `ANTIPHON_`, is an error. A variable
that is empty counts as not set. In the file, a table is a TOML table; in a variable, it is `name=value` pairs
with commas between them. Secrets and tables have no flag. `~` at the start of a path is the home folder.
`XDG_STATE_HOME` and `XDG_DATA_HOME` move the default folders. For a worker started alone, `--model` stands
for `--tts-model` or `--stt-model`.

```toml
# antiphon.toml
api_host = "0.0.0.0"
tts_workers = 2
batch_size = 16

[voice_aliases]
"694f9389-aac1-45b6-b726-9d9369183238" = "heart"
```

This page is made from `src/antiphon/settings.py` by `python -m antiphon.cli.docs`.

| setting | flag | variable | default | meaning |
|---|---|---|---|---|
"""


def configuration_page() -> str:
    """The page: how settings are resolved, and a row for each."""
    return _HEAD + "".join(_row(name) for name in Settings.model_fields)


def _row(name: str) -> str:
    cells = (name, flag_of(name) or "", f"{ENV_PREFIX}{name.upper()}", default_of(name))
    code = " | ".join(f"`{cell}`" if cell else "–" for cell in cells)
    return f"| {code} | {Settings.model_fields[name].description} |\n"


if __name__ == "__main__":
    print(configuration_page(), end="")
