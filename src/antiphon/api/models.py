"""The model names that clients give."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.errors import LanguageNotSupported, ModelNotFound
from antiphon.settings import Settings


class ModelNames:
    """Resolves a client's model name to the canonical name of a model that is served.

    Args:
        settings: its ``model_aliases`` say which names stand for ``tts`` or ``stt`` (the default of the kind)
            or for a model by its own name.
    """

    def __init__(self, settings: Settings) -> None:
        self._aliases = settings.model_aliases
        self._defaults: dict[Kind, str] = {"tts": settings.tts_model, "stt": settings.stt_model}

    def resolve(self, name: str, kind: Kind, offerings: Sequence[Presence]) -> str:
        """Find the model that a name stands for.

        Args:
            name: as the client gave it.
            kind: what the client wants to do with it.
            offerings: the workers of that kind.

        Raises:
            ModelNotFound: the name stands for no model of this kind.
        """
        default = self._defaults[kind]
        local = {default, *(presence.model for presence in offerings)}
        if name in local:
            return name
        for pattern, target in self._aliases.items():
            if fnmatchcase(name, pattern):
                if target == kind:
                    return default
                if target in local:
                    return target
        raise ModelNotFound(f"{name[:64]!r} is not a model that is served here for {kind.upper()}.")


def check_language(language: str, model: str, offerings: Sequence[Presence]) -> None:
    """Refuse a language that no worker with this model has; without such a worker there is nothing to say.

    Raises:
        LanguageNotSupported: naming the languages there are.
    """
    known = {code for presence in offerings if presence.model == model for code in presence.languages}
    if known and language not in known:
        listed = ", ".join(sorted(known))
        raise LanguageNotSupported(f"The model {model!r} knows not {language[:16]!r}, but: {listed}.")
