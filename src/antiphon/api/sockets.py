"""The server's side of WebSockets: uvicorn's, with an end to every connection that is to end."""

from http import HTTPStatus

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSE_WITHIN_S = 1.0
"""How long a client has to take what is left for it, and to answer the last close frame."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Cuts a connection that was told to close and does not.

    Closing a transport first sends what is buffered. A client that has stopped reading never takes it: the
    socket would never be lost, and what waits to be sent would hold its places on the workers for ever.
    """

    def data_received(self, data: bytes) -> None:
        """Take in bytes; an upgrade that is none is answered (uvicorn would leave it open)."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_initiated = True
            refusal = self.conn.reject(
                HTTPStatus.BAD_REQUEST, f"Not a WebSocket: {self.conn.handshake_exc}.\n"
            )
            self.transport.write(refusal.serialize())
            self.transport.close()
            self._cut_soon()

    def eof_received(self) -> None:
        """The client sends no more, so it can't close the socket in order."""
        self._cut_soon()

    def handle_parser_exception(self) -> None:
        """The client broke the protocol."""
        super().handle_parser_exception()
        self._cut_soon()

    def keepalive_timeout(self) -> None:
        """No answer to a ping."""
        super().keepalive_timeout()
        self._cut_soon()

    def _cut_soon(self) -> None:
        self.loop.call_later(CLOSE_WITHIN_S, self.transport.abort)
