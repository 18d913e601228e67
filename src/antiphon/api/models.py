"""The model names that clients give."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.errors import LanguageNotSupported, ModelNotFound
from antiphon.settings import Settings


class ModelNames:
    """Resolves a client's model name to the canonical name of a model that is served.

    Args:
        settings: its ``model_aliases`` say which names stand for ``tts`` or ``stt`` (the models of the kind,
            the default first), or for models by their own names, the preferred first.
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
        return self._candidates(name, kind, offerings)[0]

    def to_hear(self, name: str, language: str, offerings: Sequence[Presence]) -> tuple[str, str]:
        """Find the model that is to hear a language, among those that a name stands for.

        Args:
            name: as the client gave it.
            language: a code; empty: one that is to be found out.
            offerings: the workers that hear.

        Returns:
            The model, and the language that it is to listen for: empty where it finds out which is spoken.

        Raises:
            ModelNotFound: the name stands for no model that hears.
            LanguageNotSupported: none of the models hears the language.
        """
        candidates = self._candidates(name, "stt", offerings)
        known = languages_of(offerings)
        served = [model for model in candidates if model in known]
        if not served:
            return candidates[0], language  # without a worker there is nothing to say
        if not language:
            model = next((model for model in served if len(known[model]) > 1), served[0])
            return model, "" if len(known[model]) > 1 else min(known[model])
        for model in served:
            if language in known[model]:
                return model, language
        if len(served) < len(candidates):
            return next(model for model in candidates if model not in known), language
        raise LanguageNotSupported(_unheard(name, language, served, known))

    def _candidates(self, name: str, kind: Kind, offerings: Sequence[Presence]) -> Sequence[str]:
        """The models that a name stands for, the preferred first; at least one."""
        default = self._defaults[kind]
        local = list(dict.fromkeys([default, *sorted(presence.model for presence in offerings)]))
        if name in local:
            return [name]
        for pattern, targets in self._aliases.items():
            if fnmatchcase(name, pattern):
                wanted = [target.strip() for target in targets.split("|")]
                found = [model for each in wanted for model in (local if each == kind else [each])]
                if models := [model for model in dict.fromkeys(found) if model in local]:
                    return models
        raise ModelNotFound(f"{name[:64]!r} is not a model that is served here for {kind.upper()}.")


def languages_of(offerings: Sequence[Presence]) -> dict[str, frozenset[str]]:
    """The languages of each model that workers serve."""
    known: dict[str, frozenset[str]] = {}
    for presence in offerings:
        known[presence.model] = known.get(presence.model, frozenset()) | frozenset(presence.languages)
    return known


def _unheard(name: str, language: str, models: Sequence[str], known: Mapping[str, frozenset[str]]) -> str:
    """What to say of a language that none of the models hears."""
    listed = "; ".join(f"{model!r} hears {', '.join(sorted(known[model]))}" for model in models)
    others = [model for model in sorted(known) if language in known[model]]
    remedy = (
        f"Ask for the model {others[0]!r}, which hears it."
        if others
        else "A worker with a model that hears it, such as 'whisper-base', is needed."
    )
    return f"{name[:64]!r} stands for no model that hears {language[:16]!r}: {listed}. {remedy}"


def check_language(language: str, model: str, offerings: Sequence[Presence]) -> None:
    """Refuse a language that no worker with this model has; without such a worker there is nothing to say.

    Raises:
        LanguageNotSupported: naming the languages there are.
    """
    known = {code for presence in offerings if presence.model == model for code in presence.languages}
    if known and language not in known:
        listed = ", ".join(sorted(known))
        raise LanguageNotSupported(f"The model {model!r} knows not {language[:16]!r}, but: {listed}.")
