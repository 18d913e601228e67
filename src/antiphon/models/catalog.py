"""The catalog: which models there are, under which licence, and what their files must hash to."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from antiphon.errors import ModelMissing, SettingsError
from antiphon.models.card import Card, Traits
from antiphon.models.sources import Address, parse_source

PACKAGED_CATALOG = Path(__file__).with_name("catalog.toml")

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A model's or file's name; it becomes part of a path, so it can't climb out of the models folder."""


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model.

    Attributes:
        name: its name in the model's folder.
        size: in bytes.
        sha256: of its contents, in hexadecimal.
        sources: addresses to try in order, see `antiphon.models.sources`.
        etag: what the bucket they were taken from called these contents, if it was one.
    """

    name: Name
    size: Annotated[int, msgspec.Meta(gt=0)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    sources: Annotated[tuple[Address, ...], msgspec.Meta(min_length=1)]
    etag: str | None = None


class Model(Traits, frozen=True, forbid_unknown_fields=True):
    """One model: what it does and the files it is made of.

    Attributes:
        name: canonical name, also its folder's.
        kind: text-to-speech, speech-to-text, voice activity detection or ends of turns.
        description: a sentence for ``antiphon models list``.
        license: SPDX expression of the weights' licence.
        default: whether ``antiphon models pull`` without names fetches it.
        files: at least one.

    The rest are its `Traits`.
    """

    name: Name
    kind: Literal["tts", "stt", "vad", "turn"]
    description: str
    license: str
    default: bool
    files: Annotated[tuple[ModelFile, ...], msgspec.Meta(min_length=1)]

    @property
    def card(self) -> Card:
        """What the model's class is told beside its files."""
        return Card(
            self.name,
            languages=self.languages,
            max_window_s=self.max_window_s,
            alignment_heads=self.alignment_heads,
        )

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def file(self, name: str) -> ModelFile:
        """The file of that name.

        Raises:
            ModelMissing: the model has no such file.
        """
        for file in self.files:
            if file.name == name:
                return file
        known = ", ".join(file.name for file in self.files)
        raise ModelMissing(f"The model {self.name} has no file {name!r}; it has: {known}.")


class Catalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All models, in the order in which they are listed."""

    models: tuple[Model, ...] = ()

    @property
    def defaults(self) -> tuple[str, ...]:
        """Names of the models that are pulled when none is named."""
        return tuple(model.name for model in self.models if model.default)

    def find(self, name: str) -> Model:
        """The model of that name.

        Raises:
            ModelMissing: the catalog has no such model.
        """
        for model in self.models:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.models)
        raise ModelMissing(f"There is no model {name!r} in the catalog; it has: {known}.")


def load_catalog(path: Path = PACKAGED_CATALOG) -> Catalog:
    """Read a catalog strictly: an unknown key, a doubled name or an address of no known scheme is an error.

    Raises:
        SettingsError: naming the file and what is wrong in it.
    """
    try:
        catalog = msgspec.toml.decode(path.read_bytes(), type=Catalog)
        _check(catalog)
    except OSError as error:
        raise SettingsError(f"Can't read the model catalog {path}: {error.strerror}.") from None
    except (ValueError, msgspec.DecodeError) as error:
        raise SettingsError(f"The model catalog {path} is not valid: {error}.") from None
    return catalog


def _check(catalog: Catalog) -> None:
    _check_unique("model", [model.name for model in catalog.models])
    for model in catalog.models:
        _check_unique(f"file of {model.name}", [file.name for file in model.files])
        for file in model.files:
            for address in file.sources:
                parse_source(address)


def _check_unique(what: str, names: list[str]) -> None:
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise ValueError(f"{what} {doubled[0]!r} is listed twice")
