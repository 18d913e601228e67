"""The catalog of an operator's own models, ``catalog.toml`` in the models folder, beside the packaged one."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from antiphon.errors import SettingsError
from antiphon.models.catalog import Catalog, Model, load_catalog

_HEAD = (
    "# Models of one's own, written by `antiphon models add`. Copy it to other machines to pull them there.\n"
)


def own_catalog_path(root: Path) -> Path:
    """Where the catalog of a models folder is, if there are models of one's own."""
    return root / "catalog.toml"


def load_own_catalog(root: Path, packaged: Catalog) -> Catalog:
    """The models of one's own in a models folder.

    Raises:
        SettingsError: the catalog is not valid, or has a name of the packaged one.
    """
    path = own_catalog_path(root)
    if not path.exists():
        return Catalog(())
    own = load_catalog(path)
    for name in {model.name for model in own.models} & {model.name for model in packaged.models}:
        raise SettingsError(f"{path} has a model {name!r}, as the packaged catalog does; name it otherwise.")
    return own


def write_own_catalog(root: Path, models: Iterable[Model]) -> None:
    """Put the catalog in place, at once.

    Raises:
        OSError: it can't be written.
    """
    path = own_catalog_path(root)
    draft = path.with_name(f".catalog-{uuid4().hex}")
    with draft.open("w", encoding="utf-8") as file:
        file.write("\n".join([_HEAD, *map(_entry, models)]))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _entry(model: Model) -> str:
    told = msgspec.to_builtins(model)
    files = told.pop("files")
    return _table("models", told) + "".join("\n" + _table("models.files", file) for file in files)


def _table(name: str, values: dict[str, Any]) -> str:
    """Texts, numbers and lists of them read the same in TOML and JSON."""
    lines = (
        f"{key} = {msgspec.json.encode(value).decode()}\n"
        for key, value in values.items()
        if value is not None and value != ()
    )
    return f"[[{name}]]\n{''.join(lines)}"
