"""Which class serves which model: the one place to add a model family."""

from typing import Any, TypeVar

from antiphon.errors import SettingsError
from antiphon.models.protocols import VAD, STTModel, TTSModel
from antiphon.models.store import ModelStore

VAD_MODEL = "silero-vad"

LoaderT = TypeVar("LoaderT")


def load_tts(name: str, store: ModelStore) -> TTSModel[Any]:
    """Load a text-to-speech model.

    Raises:
        SettingsError: no family serves a model of this name.
        ModelMissing, ModelCorrupt: its files are not there or not the right ones.
    """
    return _find("tts_model", name, {"hibari": _hibari})(store)


def load_stt(name: str, store: ModelStore) -> STTModel[Any]:
    """Load a speech-to-text model. Raises as `load_tts` does."""
    return _find("stt_model", name, {"moonshine-tiny-en": _moonshine})(store)


def load_vad(store: ModelStore) -> VAD:
    """Load the voice activity detector. Raises as `load_tts` does."""
    from antiphon.models.silero import SileroVAD

    return SileroVAD.load(store.folder(VAD_MODEL))


def _find(setting: str, name: str, families: dict[str, LoaderT]) -> LoaderT:
    if name not in families:
        raise SettingsError(f"{setting}: no model {name!r}; there is {', '.join(sorted(families))}.")
    return families[name]


# Each family is imported only by the process that serves it: start-up time is mostly imports.


def _hibari(store: ModelStore) -> TTSModel[Any]:
    from antiphon.models.hibari.model import HibariModel

    return HibariModel.load(store.folder("hibari"))


def _moonshine(store: ModelStore) -> STTModel[Any]:
    from antiphon.models.moonshine.model import MoonshineModel

    return MoonshineModel.load(store.folder("moonshine-tiny-en"))
