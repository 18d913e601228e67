"""How a pull goes, for whoever shows it."""

from typing import Protocol


class Progress(Protocol):
    """Hears how a pull goes."""

    def waiting(self) -> None:
        """Another pull into the same folder is under way; this one goes on after it."""
        ...

    def received(self, what: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` bytes (None: not known) of ``what``, a file or a package, are here."""
        ...


class Silence:
    """Progress that nobody watches."""

    def waiting(self) -> None:
        """See `Progress.waiting`."""

    def received(self, what: str, done: int, total: int | None) -> None:
        """See `Progress.received`."""
