"""Words and their times as both STT routes write them."""

from collections.abc import Iterable
from typing import Any

from antiphon.contract.events import Word


def word_fields(words: Iterable[Word]) -> list[dict[str, Any]]:
    """``[{"word", "start", "end"}, …]``, times in seconds of the whole stream."""
    return [
        {"word": word.text, "start": round(word.start_s, 3), "end": round(word.end_s, 3)} for word in words
    ]
