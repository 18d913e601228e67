"""Where a model of one's own lies: a folder of this machine, or a prefix of a bucket."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from antiphon.errors import ModelMissing, SettingsError
from antiphon.models.packages import SourceFailed
from antiphon.models.sources import BUCKETS


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a place.

    Attributes:
        size: in bytes.
        etag: what a store calls these contents; None in a folder.
    """

    size: int
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or prefix.

    Attributes:
        url: ``file://…``, ``s3://…``, ``gs://…`` or ``az://…``, without a slash at the end.
    """

    url: str

    @classmethod
    def parse(cls, text: str) -> "Place":
        """From what an operator writes: one of these URLs, or the path of a folder.

        Raises:
            SettingsError: it is neither.
        """
        scheme, separator, rest = text.partition("://")
        if not separator:
            return cls(Path(text).expanduser().resolve().as_uri())
        bucket = scheme in BUCKETS and re.match(r"[\w.-]+(/|$)", rest)
        if bucket or (scheme == "file" and rest.startswith("/")):
            return cls(text.rstrip("/"))
        raise SettingsError(
            f"{text!r} is no place of a model: give a folder, or file:///folder, s3://bucket/prefix, "
            "gs://bucket/prefix or az://container/prefix."
        )

    @property
    def name(self) -> str:
        """The last part of the path."""
        return unquote(self.url.rpartition("/")[2])

    def address(self, name: str) -> str:
        """Of a file in it, see `antiphon.models.sources`."""
        return f"{self.url}/{name}"

    def files(self) -> dict[str, Listed]:
        """The files directly in it, by name.

        Raises:
            ModelMissing: it can't be read, with the reason.
        """
        try:
            return self._of_bucket() if self.url.startswith(BUCKETS) else self._of_folder()
        except (SourceFailed, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ModelMissing(f"Can't read {self.url}: {reason}.") from None

    def _of_folder(self) -> dict[str, Listed]:
        folder = Path(unquote(self.url.removeprefix("file://")))
        return {path.name: Listed(path.stat().st_size) for path in folder.iterdir() if path.is_file()}

    def _of_bucket(self) -> dict[str, Listed]:
        from antiphon.models.buckets import list_objects

        return {name: Listed(size, etag) for name, (size, etag) in list_objects(self.url).items()}
