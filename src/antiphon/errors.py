"""Every error this platform raises on purpose.

::

    AntiphonError                      code, title, HTTP status, whether trying again can help
    ├── RequestError                   the client's to mend (4xx); the connection and other streams go on
    │   ├── BadRequest           400   ├── ModelNotFound      400   ├── LanguageNotSupported   400
    │   ├── Unauthorized         401   ├── Forbidden          403   ├── NotFound               404
    │   ├── VoiceNotFound        404   ├── FileTooLarge       413   ├── UnsupportedAudio       415
    │   └── Overloaded           429   every place is taken; carries ``retry_after_s``
    ├── ServiceError                   ours to mend (5xx)
    │   ├── NoWorker             503   ├── JobLost            503   ├── InternalError          500
    │   └── NotOffered           501   nobody's to mend: this platform does without
    └── OperatorError                  the operator's to mend, told on the command line, exit status 1
        ├── SettingsError   ├── PortInUse   ├── StateInUse   ├── StorageError
        └── ModelMissing    └── ModelCorrupt

Messages are one sentence or two: what was wrong, where, and what would be right. They never hold a
transcript, audio or a secret.
"""

from typing import ClassVar


class AntiphonError(Exception):
    """Root of the hierarchy; ``str(error)`` is the message a person reads."""

    code: ClassVar[str | None] = None
    title: ClassVar[str] = "Error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    @property
    def message(self) -> str:
        """The sentence that tells what was wrong and what would be right."""
        return str(self)


class RequestError(AntiphonError):
    """A request that this client has to change (or, for 429, to send later)."""

    title = "Bad request"
    status = 400


class BadRequest(RequestError):
    """A malformed or contradictory request."""


class ModelNotFound(RequestError):
    """The request names a model that is not served here."""

    code = "model_not_found"
    title = "Invalid model"


class LanguageNotSupported(RequestError):
    """The model can't speak or hear the language asked for."""

    code = "language_not_supported"
    title = "Language not supported"


class Unauthorized(RequestError):
    """No key, or one that is not known."""

    title = "Unauthorized"
    status = 401


class Forbidden(RequestError):
    """A known key that may not do this."""

    title = "Forbidden"
    status = 403


class NotFound(RequestError):
    """No such path or object."""

    title = "Not found"
    status = 404


class VoiceNotFound(NotFound):
    """No such voice."""

    code = "voice_not_found"
    title = "Voice not found"


class FileTooLarge(RequestError):
    """An upload or message over the stated limit."""

    code = "file_too_large"
    title = "File too large"
    status = 413


class UnsupportedAudio(RequestError):
    """Bytes that no decoder here can read as audio."""

    code = "unsupported_audio_format"
    title = "Unsupported audio format"
    status = 415


class Overloaded(RequestError):
    """Every place is taken and the queue is full or its deadline has passed.

    Args:
        message: what is full.
        retry_after_s: seconds after which a place is likely to be free.
    """

    code = "concurrency_limited"
    title = "Too many requests"
    status = 429
    retryable = True

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ServiceError(AntiphonError):
    """Something on our side failed."""

    title = "Internal error"


class InternalError(ServiceError):
    """A defect: the log holds the cause under the request id."""


class NoWorker(ServiceError):
    """No worker is there that could serve the request."""

    title = "Service unavailable"
    status = 503
    retryable = True


class JobLost(ServiceError):
    """A job was lost on every worker it was tried on."""

    title = "Service unavailable"
    status = 503
    retryable = True


class NotOffered(ServiceError):
    """A part of the hosted service that this platform does without; the message says what to use instead."""

    code = "not_offered"
    title = "Not offered here"
    status = 501


class OperatorError(AntiphonError):
    """Something the operator has to mend; the command line prints it and exits with status 1."""

    title = "Can't start"


class SettingsError(OperatorError):
    """A setting that is unknown, malformed or in contradiction with another."""


class PortInUse(OperatorError):
    """A port that another process holds; the message names port, wanter and option."""


class StateInUse(OperatorError):
    """The state folder belongs to a platform that is running."""


class StorageError(OperatorError):
    """A folder that can't be written: permission, a full disk, a path that is no folder."""


class ModelMissing(OperatorError):
    """Model files that have not been pulled."""


class ModelCorrupt(OperatorError):
    """Model files whose size or sha256 differs from the catalog's."""
