"""Adding a model of one's own: copied from a folder or bucket, its contents pinned, its entry written."""

import hashlib
import re
from collections.abc import Mapping

import msgspec

from antiphon.errors import ModelCorrupt, ModelMissing, SettingsError
from antiphon.models.card import Traits
from antiphon.models.catalog import Model, ModelFile, Name
from antiphon.models.digests import Digests
from antiphon.models.families import recognise
from antiphon.models.packages import Packages, SourceFailed
from antiphon.models.places import Listed, Place
from antiphon.models.progress import Progress, Silence
from antiphon.models.sources import parse_source
from antiphon.models.store import ModelStore
from antiphon.models.transfer import Expected, put_in_place, receive

LABEL = "model.toml"
"""What a model's maker or operator may tell of it, beside its files."""

SUMS = "SHA256SUMS"
"""Digests of its files, as ``sha256sum`` writes them."""

_SUM = re.compile(r"^([0-9a-f]{64}) [ *](?:\./)?(.+)$", re.MULTILINE)


class Label(Traits, frozen=True, forbid_unknown_fields=True):
    """The contents of `LABEL`: the model's traits, and what its entry in the catalog says.

    Attributes:
        name: that clients call it by; without it, that of its folder.
        description: a sentence for ``antiphon models list``.
        license: SPDX expression of the weights' licence.
    """

    name: Name | None = None
    description: str | None = None
    license: str = "unstated"


def add(store: ModelStore, place: Place, name: str | None = None, progress: Progress | None = None) -> Model:
    """Take a model into the store and its own catalog; again, to take what has changed in its place.

    Files with an entry in `SUMS` are held to it. All are pinned by sha256, so that whatever pulls them later
    gets the same. What an earlier call had left of a file is gone on with, if it is of the same contents.

    Args:
        store: where to.
        place: where from; the model's own folder in the store is taken as it is.
        name: that clients call it by, whatever its label says.
        progress: told of each file.

    Raises:
        ModelMissing: the place can't be read, holds no whole model of a known family or an empty file of
            one, or gives other bytes than `SUMS` says.
        ModelCorrupt: a file that lies in the store is not what `SUMS` says.
        SettingsError: the name is taken or can't be one, or the label is not valid.
        StorageError: no permission, no space, no folder.
    """
    progress = progress or Silence()
    listed = place.files()
    family = recognise(listed, place.url)
    with store.writing(progress) as packages:
        label = _label(place, listed, packages)
        name = _free_name(store, name or label.name or place.name, place)
        sums = {file: sha256 for sha256, file in _SUM.findall(_text(place, SUMS, listed, packages) or "")}
        taking = _Taking(store, place, name, packages, progress)
        chosen = {file: listed[file] for file in family.chosen(listed)}
        if empty := next((file for file, of in chosen.items() if not of.size), None):
            raise ModelMissing(f"{place.address(empty)} is empty.")
        store.require_free(taking.size_of(chosen))
        model = Model(
            name,
            kind="stt",
            description=label.description or f"{family.name}, from {place.url}.",
            license=label.license,
            default=False,
            files=tuple(taking.take(file, of, sums.get(file)) for file, of in chosen.items()),
            languages=label.languages,
            max_window_s=label.max_window_s,
            alignment_heads=label.alignment_heads,
        )
        store.keep(model)
    return model


class _Taking:
    """One model on its way from its place into the store."""

    def __init__(
        self, store: ModelStore, place: Place, name: str, packages: Packages, progress: Progress
    ) -> None:
        self._folder = store.root / name
        self._partial = store.root / ".partial"
        self._place = place
        self._name = name
        self._packages = packages
        self._progress = progress
        own = {model.name: model for model in store.own.models}
        self._before = {file.name: file for file in own[name].files} if name in own else {}

    def size_of(self, listed: Mapping[str, Listed]) -> int:
        """Bytes that are to be copied."""
        return sum(of.size for file, of in listed.items() if not self._is_here(file, of))

    def take(self, file: str, listed: Listed, expected: str | None) -> ModelFile:
        """Bring a file into its folder."""
        address = self._place.address(file)
        if self._is_here(file, listed):
            sha256 = Digests(self._folder).known(file)
            if expected not in {None, sha256}:
                raise ModelCorrupt(f"{address} has sha256 {sha256}, but {expected} in {SUMS}.")
        else:
            sha256 = self._fetch(address, file, listed, expected)
        return ModelFile(file, listed.size, sha256, (address,), listed.etag)

    def _is_here(self, file: str, listed: Listed) -> bool:
        """Whether there is nothing to copy: it lies in place, or was copied and has not changed since."""
        path = self._folder / file
        if not path.is_file() or path.stat().st_size != listed.size:
            return False
        before = self._before.get(file)
        same = before is not None and listed.etag is not None and before.etag == listed.etag
        return self._place.url == self._folder.resolve().as_uri() or (
            same and before is not None and Digests(self._folder).known(file) == before.sha256
        )

    def _fetch(self, address: str, file: str, listed: Listed, expected: str | None) -> str:
        (source,) = parse_source(address)
        # Named by what the contents are known by, so that only a part of the same is gone on with.
        known = expected or f"{address} {listed.size} {listed.etag}"
        part = self._partial / hashlib.sha256(known.encode()).hexdigest()
        if listed.etag is None:
            part.unlink(missing_ok=True)  # nothing tells whether a folder's file is still the same

        def report(done: int) -> None:
            self._progress.received(f"{self._name}/{file}", done, listed.size)

        try:
            sha256 = receive(source, Expected(listed.size, expected), part, self._packages, report)
        except SourceFailed as failure:
            raise ModelMissing(f"Can't get {address}: {failure}.") from None
        put_in_place(part, self._folder / file)
        Digests(self._folder).known(file)
        return sha256


def _free_name(store: ModelStore, name: str, place: Place) -> str:
    try:
        msgspec.convert(name, Name)
    except msgspec.ValidationError:
        raise SettingsError(
            f"{name!r} can't name a model: letters, digits, '.', '_' and '-' can; choose one with --name."
        ) from None
    taken = next((model for model in store.catalog.models if model.name == name), None)
    if taken and taken not in store.own.models:
        raise SettingsError(f"{name!r} names a model of the packaged catalog; choose another with --name.")
    if taken and (place.address(taken.files[0].name),) != taken.files[0].sources:
        raise SettingsError(
            f"There is a model {name!r} from {taken.files[0].sources[0]}; choose another name with --name, "
            f"or run first: antiphon models remove {name}"
        )
    return name


def _label(place: Place, listed: Mapping[str, Listed], packages: Packages) -> Label:
    try:
        return msgspec.toml.decode(_text(place, LABEL, listed, packages) or "", type=Label)
    except (ValueError, msgspec.DecodeError) as error:
        raise SettingsError(f"{place.address(LABEL)} is not valid: {error}.") from None


def _text(place: Place, name: str, listed: Mapping[str, Listed], packages: Packages) -> str | None:
    if name not in listed:
        return None
    address = place.address(name)
    (source,) = parse_source(address)
    try:
        return b"".join(source.read(0, packages)).decode()
    except SourceFailed as failure:
        raise ModelMissing(f"Can't get {address}: {failure}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{address} is not valid: it is not UTF-8.") from None
