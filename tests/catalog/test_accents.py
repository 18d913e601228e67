from typing import get_args

import pytest
from cartesia.types import attach_voice_accent, supported_language, voice_accent

from antiphon.catalog.accents import ACCENTS, LANGUAGES, accent_for, accent_of_dialect, find_accent
from antiphon.errors import BadRequest


def test_the_catalogue_is_that_of_the_sdk() -> None:
    assert [accent.id for accent in ACCENTS] == sorted(get_args(voice_accent.VoiceAccent))
    targets = {accent.id for accent in ACCENTS if accent.is_target}
    assert targets == set(get_args(attach_voice_accent.AttachVoiceAccent))
    assert set(get_args(supported_language._SupportedLanguage)) == LANGUAGES


def test_one_accent_stands_for_each_locale() -> None:
    locales = [accent.locale for accent in ACCENTS if accent.is_locale_default]
    assert sorted(locales) == sorted({accent.locale for accent in ACCENTS})


def test_an_accent_is_found_by_id_and_by_name() -> None:
    for accent in ACCENTS:
        assert find_accent(accent.id) is find_accent(accent.name) is accent
        assert accent_for(accent.language, accent.id) is accent
    assert accent_for("en", None).id == "general-american"
    assert accent_of_dialect("pt", "eu").locale == "pt-PT"


@pytest.mark.parametrize(
    ("language", "accent"), [("en", "parisian"), ("en", "nowhere"), ("xx", None), ("xx", "british")]
)
def test_what_does_not_fit_is_refused(language: str, accent: str | None) -> None:
    with pytest.raises(BadRequest):
        accent_for(language, accent)


def test_a_dialect_is_of_its_language() -> None:
    with pytest.raises(BadRequest, match="mx, pe"):
        accent_of_dialect("es", "au")
    with pytest.raises(BadRequest, match="none"):
        accent_of_dialect("de", "au")
