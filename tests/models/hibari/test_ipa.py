from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.models.hibari.g2p import Phonemizer
from antiphon.models.hibari.ipa import VOWELS, to_symbols


@pytest.mark.parametrize(
    ("ipa", "symbols"),
    [
        ("kæt", "kˈæt"),
        ("ˈkæt", "kˈæt"),
        ("t͡ʃɜːt͡ʃ", "ʧˈɜɹʧ"),
        ("ˌɛkskləˈmeɪʃən", "ˌɛkskləmˈAʃən"),
        ("baɪ", "bˈI"),
        ("baj", "bˈI"),
        ("ɡow", "ɡˈO"),
        ("gəʊ", "ɡˈO"),
        ("naʊ̯", "nˈW"),
        ("ˈbʌtn̩", "bˈʌtᵊn"),
        ("ˈsɛntɹ̩", "sˈɛntəɹ"),
        ("ˈmʌðɚ", "mˈʌðəɹ"),
        ("lɒx", "lˈɑk"),
        ("ʁuʒ", "ɹˈuʒ"),
        ("fɑ̃", "fˈɑ"),
        ("ənə", "ˈənə"),
        ("ʃː", "ʃ"),
        ("nuː ˈjɔːk", "nˈu jˈɔk"),
        ("ˈeɪ biː, siː", "ˈA bˈi, sˈi"),
        ("ʘǁ", ""),
        ("", ""),
    ],
)
def test_sounds_go_to_the_nearest_that_the_model_knows(ipa: str, symbols: str) -> None:
    assert to_symbols(ipa) == symbols


@pytest.fixture(scope="module")
def alphabet() -> set[str]:
    return set(Phonemizer()._ids)


@given(st.text("abcdefghijklmnopqrstuvwxyzæɑɒəɚɛɜɝɪʊʌɔøœɨʉɯɤθðʃʒŋɲʎçɕʑɾʔɹʁxχɣħʕʘˈˌː.̩͡ ,", max_size=20))
def test_only_symbols_of_the_alphabet_come_and_stress_stands_before_vowels(
    alphabet: set[str], ipa: str
) -> None:
    symbols = to_symbols(ipa)
    assert set(symbols) <= alphabet
    for mark, following in pairwise(symbols + " "):
        if mark in "ˈˌ":
            assert following in VOWELS
