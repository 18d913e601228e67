"""What a client asked for and won't get: told in the header ``Antiphon-Ignored`` of the answer."""

from collections.abc import Iterable

HEADER = "Antiphon-Ignored"


def ignored_header(names: Iterable[str]) -> dict[str, str]:
    """The header that lists these fields; nothing for none."""
    listed = ", ".join(sorted(set(names)))
    return {HEADER: listed} if listed else {}
