"""Forms of writing, and the words they are read as."""

from pathlib import Path


def _cases() -> list[tuple[str, str]]:
    table = Path(__file__).parents[1] / "text" / "reading" / "cases.tsv"
    lines = table.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("## "))
    return [(written, spoken) for written, spoken in pairs]


CASES = _cases()
"""What is written, and what is said for it as `support.said.said_words` gives it."""
