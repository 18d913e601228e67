"""Which files make a model of which family: how a folder or bucket is recognised."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from antiphon.errors import ModelMissing


@dataclass(frozen=True, slots=True)
class Family:
    """The files of a kind of model.

    Attributes:
        name: as messages call it.
        needs: the files it can't do without; each has one of several names.
        takes: names of files that it reads where they are.
    """

    name: str
    needs: tuple[tuple[str, ...], ...]
    takes: tuple[str, ...] = ()

    def lacking(self, names: Collection[str]) -> list[str]:
        """What is not among the names, each under the first of its names."""
        return [either[0] for either in self.needs if not any(name in names for name in either)]

    def chosen(self, names: Collection[str]) -> list[str]:
        """Those of the names that the family reads, the needed ones first."""
        needed = [next(name for name in either if name in names) for either in self.needs]
        return needed + [name for name in self.takes if name in names]

    def files(self, folder: Path) -> list[Path]:
        """The needed files of a folder, in the order of `needs`.

        Raises:
            ModelMissing: one is not there.
        """
        names = _names(folder)
        if lacking := self.lacking(names):
            raise ModelMissing(f"There is no {folder / lacking[0]}; run: antiphon models pull {folder.name}")
        return [folder / name for name in self.chosen(names)[: len(self.needs)]]


MOONSHINE = Family(
    "Moonshine in ONNX form",
    needs=(
        ("encoder_model.ort", "encoder_model.onnx"),
        ("decoder_model_merged.ort", "decoder_model_merged.onnx"),
        ("tokenizer.json",),
    ),
)
WHISPER = Family(
    "Whisper in CTranslate2 form",
    needs=(("model.bin",), ("config.json",), ("vocabulary.json", "vocabulary.txt")),
    takes=("tokenizer.json", "preprocessor_config.json"),
)

FAMILIES = (MOONSHINE, WHISPER)


def recognise(names: Collection[str], place: str) -> Family:
    """The family of the model that these files are.

    Args:
        names: of the files.
        place: where they are, for messages.

    Raises:
        ModelMissing: there is no model of a known family, or a file of it is not there.
    """
    nearest = min(FAMILIES, key=lambda family: len(family.lacking(names)) / len(family.needs))
    lacking = nearest.lacking(names)
    if len(lacking) == len(nearest.needs):
        known = "; ".join(f"{family.name}: {', '.join(family.lacking(()))}" for family in FAMILIES)
        raise ModelMissing(
            f"There is no model in {place} that can be served. These files would be ({known})."
        )
    if lacking:
        raise ModelMissing(f"{place} is no whole {nearest.name}: it lacks {', '.join(lacking)}.")
    return nearest


def family_of(folder: Path) -> Family:
    """The family of the model in a folder. Raises as `recognise` does."""
    return recognise(_names(folder), str(folder))


def _names(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir() if path.is_file()}
    except OSError:
        return set()
