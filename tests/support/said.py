"""Words as they are said, for comparing readings."""

import re

_LETTER = re.compile(r"(?<![^\W_])([^\W\d_])\.")


def said_words(spoken: str) -> str:
    """Lower-case words with blanks between; letters and parts of compounds count as words."""
    words = spoken.lower().replace("-", " ")
    while (split := _LETTER.sub(r"\1 ", words)) != words:
        words = split
    return " ".join(re.sub(r"[^\w' ]", " ", words).split())
