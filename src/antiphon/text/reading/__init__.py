"""Reading as a person reads: what is written in figures and signs, in words."""

from antiphon.text.reading.reader import Read, read

__all__ = ["Read", "read"]
