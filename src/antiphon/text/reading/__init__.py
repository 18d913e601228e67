"""Reading as a person reads: what is written in figures and signs, in words."""

from antiphon.text.reading.reader import Read, knows, read

__all__ = ["Read", "knows", "read"]
