"""Lists of words as they are read best: in running lines."""


def word_list(text: str) -> tuple[str, ...]:
    """The words of ``text`` in order."""
    return tuple(text.split())


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())
