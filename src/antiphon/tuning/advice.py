"""Writes what was found into a settings file, whose other lines stay as they are."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from antiphon.errors import OperatorError


def write_settings(path: Path, settings: Mapping[str, int]) -> None:
    """Set top-level numbers of a TOML file; it is made when it is not there.

    Raises:
        OperatorError: the file is not TOML, or can't be written.
    """
    try:
        text = path.read_text() if path.exists() else ""
        tomllib.loads(text)
        path.write_text(with_settings(text, settings))
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{path} is not TOML ({error}): nothing was written.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} can't be read or written: {error}.") from None


def with_settings(text: str, settings: Mapping[str, int]) -> str:
    """A TOML text with these top-level numbers in it, the rest unchanged."""
    top, table, rest = _before_tables(text)
    for name, value in settings.items():
        line = f"{name} = {value}"
        pattern = re.compile(rf"^[ \t]*{name}[ \t]*=[^\n#]*", re.MULTILINE)
        if pattern.search(top):
            top = pattern.sub(lambda match, line=line: line + _blanks(match[0]), top, count=1)
        else:
            top += f"{'' if not top or top.endswith(chr(10)) else chr(10)}{line}\n"
    return top + table + rest


def _before_tables(text: str) -> tuple[str, str, str]:
    match = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    return (text, "", "") if not match else (text[: match.start()], match[0], text[match.end() :])


def _blanks(line: str) -> str:
    return line[len(line.rstrip(" \t")) :]
