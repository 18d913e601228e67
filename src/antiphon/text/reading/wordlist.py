"""Lists of words as they are read best: in running lines."""


def word_list(text: str) -> tuple[str, ...]:
    """The words of ``text``."""
    return tuple(text.split())
