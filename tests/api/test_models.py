import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.models import ModelNames
from antiphon.contract.presence import Presence
from antiphon.errors import LanguageNotSupported, ModelNotFound
from antiphon.settings import Settings

SPOKEN = {"moonshine-tiny-en": ("en",), "whisper-base": ("de", "en", "es"), "whisper-tiny-en": ("en",)}
NAMES = ModelNames(Settings())


def serving(*models: str) -> list[Presence]:
    return [
        Presence(worker=m, kind="stt", model=m, languages=SPOKEN[m], version="1", digest="") for m in models
    ]


BOTH = serving("moonshine-tiny-en", "whisper-base")


@pytest.mark.parametrize("name", ["ink-2", "ink-whisper", "whisper-1", "gpt-4o-transcribe"])
def test_a_language_goes_to_the_first_model_that_hears_it(name: str) -> None:
    assert NAMES.to_hear(name, "en", BOTH) == ("moonshine-tiny-en", "en")
    assert NAMES.to_hear(name, "de", BOTH) == ("whisper-base", "de")


def test_what_is_spoken_is_found_out_where_a_model_can() -> None:
    assert NAMES.to_hear("whisper-1", "", BOTH) == ("whisper-base", "")
    assert NAMES.to_hear("whisper-1", "", serving("moonshine-tiny-en")) == ("moonshine-tiny-en", "en")
    assert NAMES.to_hear("moonshine-tiny-en", "", BOTH) == ("moonshine-tiny-en", "en")


def test_a_model_asked_for_by_its_own_name_is_taken_or_refused() -> None:
    assert NAMES.to_hear("whisper-base", "en", BOTH) == ("whisper-base", "en")
    with pytest.raises(
        LanguageNotSupported, match=r"'moonshine-tiny-en' hears en\. .*'whisper-base', which hears it"
    ):
        NAMES.to_hear("moonshine-tiny-en", "de", BOTH)


def test_a_language_that_nobody_hears() -> None:
    with pytest.raises(LanguageNotSupported, match=r"hears 'de': 'moonshine-tiny-en' hears en\. A worker"):
        NAMES.to_hear("ink-whisper", "de", serving("moonshine-tiny-en"))
    # The default has no worker yet, and may hear it.
    assert NAMES.to_hear("ink-2", "xx", serving("whisper-base")) == ("moonshine-tiny-en", "xx")
    assert NAMES.to_hear("ink-2", "", []) == ("moonshine-tiny-en", "")


def test_aliases_may_name_several_models_the_preferred_first() -> None:
    names = ModelNames(Settings(model_aliases={"ink-2": "whisper-tiny-en | whisper-base", "ink-*": "stt"}))
    everything = serving(*SPOKEN)
    assert names.to_hear("ink-2", "en", everything) == ("whisper-tiny-en", "en")
    assert names.to_hear("ink-2", "es", everything) == ("whisper-base", "es")
    assert names.to_hear("ink-2", "en", BOTH) == ("whisper-base", "en")
    assert names.to_hear("ink-2", "en", serving("moonshine-tiny-en")) == ("moonshine-tiny-en", "en")
    with pytest.raises(ModelNotFound):
        names.to_hear("other", "en", everything)


@given(
    st.lists(st.sampled_from(sorted(SPOKEN)), unique=True, min_size=1), st.sampled_from(["en", "de", "es"])
)
def test_whoever_is_chosen_hears_the_language(models: list[str], language: str) -> None:
    try:
        model, listened = NAMES.to_hear("ink-whisper", language, serving(*models))
    except LanguageNotSupported:
        assert not any(language in SPOKEN[model] for model in models)
    else:
        assert listened == language
        assert model not in models or language in SPOKEN[model]
