"""What a model family makes of a model file: made once, kept beside it, and only read by later starts."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from antiphon.errors import ModelCorrupt, ModelMissing, StorageError
from antiphon.models.digests import Digests
from antiphon.telemetry.logs import get_logger

_STAMP = "stamp"

_log = get_logger(__name__)


@contextmanager
def prepared(source: Path, recipe: str, make: Callable[[Path], Mapping[str, bytes]]) -> Generator[Path]:
    """The folder of the files that are made of a model file, for as long as the block runs.

    It is ``prepared`` beside the file, where it stays. If that can't be written (read-only, a full disk), a
    temporary folder is filled anew at each start.

    Args:
        source: the model file.
        recipe: changes whenever ``make`` would give something else for the same file.
        make: gives the contents of the files by their names.

    Raises:
        ModelMissing: there is no such file.
        ModelCorrupt: it is not what ``make`` knows; or the block found the folder corrupt and raised this.
        StorageError: there is room neither beside the file nor for a temporary folder.
    """
    folder, stamp = source.with_name("prepared"), _stamp(source, recipe)
    with ExitStack() as stack:
        if not _is_filled(folder, stamp):
            files = {**make(source), _STAMP: stamp}  # the stamp comes last: under it, a folder is complete
            try:
                _fill(folder, files)
            except OSError as error:
                _log.info("prepared_model_not_kept", folder=str(folder), reason=error.strerror)
                folder = _fill_temporary(stack, files)
        try:
            yield folder
        except ModelCorrupt as error:
            with contextlib.suppress(OSError):
                (folder / _STAMP).unlink()
            raise ModelCorrupt(f"{error} Start again to have {folder} made anew.") from None


def _stamp(source: Path, recipe: str) -> bytes:
    try:
        sha256 = Digests(source.parent).known(source.name)
    except FileNotFoundError:
        raise ModelMissing(f"There is no {source}; run: antiphon models pull {source.parent.name}") from None
    return hashlib.sha256(f"{sha256} {recipe}".encode()).hexdigest().encode()


def _is_filled(folder: Path, stamp: bytes) -> bool:
    try:
        return (folder / _STAMP).read_bytes() == stamp
    except OSError:
        return False


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files in order; each appears whole, whoever else fills the folder at the same time."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # a loss of power must not leave a stamp without what it stands for
            Path(draft).chmod(0o644)
            Path(draft).replace(folder / name)
        except OSError:
            with contextlib.suppress(OSError):
                Path(draft).unlink()
            raise


def _fill_temporary(stack: ExitStack, files: Mapping[str, bytes]) -> Path:
    try:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="antiphon-")))
        _fill(folder, files)
    except OSError as error:
        raise StorageError(
            f"Can't write temporary files: {error.strerror}; make room, or set TMPDIR to another folder."
        ) from None
    return folder
