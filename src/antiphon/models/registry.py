"""Which class serves which model: the one place to add a model family."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from antiphon.errors import SettingsError
from antiphon.models.card import Card
from antiphon.models.families import MOONSHINE, WHISPER, Family, family_of
from antiphon.models.protocols import VAD, STTModel, TTSModel, TurnModel
from antiphon.models.store import ModelStore

VAD_MODEL = "silero-vad"
TURN_MODEL = "smart-turn-v3"

KnownT = TypeVar("KnownT")


def load_tts(name: str, store: ModelStore) -> TTSModel[Any]:
    """Load a text-to-speech model.

    Raises:
        SettingsError: no family serves a model of this name.
        ModelMissing, ModelCorrupt: its files are not there or not the right ones.
    """
    return _find("tts_model", name, {"hibari": _hibari})(store)


def load_stt(name: str, store: ModelStore) -> STTModel[Any]:
    """Load a speech-to-text model of the catalog, by the family that its files are of.

    Raises as `load_tts` does.
    """
    models = {model.name: model for model in store.catalog.models if model.kind == "stt"}
    model = _find("stt_model", name, models)
    folder = store.folder(name)
    return _STT_LOADERS[family_of(folder)](folder, model.card)


def load_vad(store: ModelStore) -> VAD:
    """Load the voice activity detector. Raises as `load_tts` does."""
    from antiphon.models.silero import SileroVAD

    return SileroVAD.load(store.folder(VAD_MODEL))


def load_turn(store: ModelStore) -> TurnModel:
    """Load the model that judges the ends of turns. Raises as `load_tts` does."""
    from antiphon.models.smartturn import SmartTurn

    return SmartTurn.load(store.folder(TURN_MODEL))


def _find(setting: str, name: str, known: dict[str, KnownT]) -> KnownT:
    if name not in known:
        raise SettingsError(f"{setting}: no model {name!r}; there is {', '.join(sorted(known))}.")
    return known[name]


# Each family is imported only by the process that serves it: start-up time is mostly imports.


def _hibari(store: ModelStore) -> TTSModel[Any]:
    from antiphon.models.hibari.model import HibariModel

    return HibariModel.load(store.folder("hibari"))


def _moonshine(folder: Path, card: Card) -> STTModel[Any]:
    from antiphon.models.moonshine.model import MoonshineModel

    return MoonshineModel.load(folder, card)


def _whisper(folder: Path, card: Card) -> STTModel[Any]:
    from antiphon.models.whisper.model import WhisperModel

    return WhisperModel.load(folder, card)


_STT_LOADERS: dict[Family, Callable[[Path, Card], STTModel[Any]]] = {MOONSHINE: _moonshine, WHISPER: _whisper}
