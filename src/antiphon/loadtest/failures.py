"""What can become of a request but success; counted by kind, never raised out of a load."""


class Failure(Exception):
    """A request that did not get what it asked for.

    Attributes:
        kind: what it is counted as.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Refused(Failure):
    """The server said no.

    Args:
        status: of HTTP, or of the error message on a socket.
        code: the server's name of the error, if it gave one.
    """

    def __init__(self, status: int, code: str | None = None) -> None:
        super().__init__(f"{status} {code}" if code else str(status))
        self.status = status


class Cut(Failure):
    """The connection ended before the answer did."""

    def __init__(self) -> None:
        super().__init__("cut")


class Unreachable(Failure):
    """No connection could be made."""

    def __init__(self) -> None:
        super().__init__("unreachable")


class Garbled(Failure):
    """The server sent something that is not of the protocol."""

    def __init__(self) -> None:
        super().__init__("garbled")
