"""IPA as clients write it, in the alphabet that hibari was trained on.

Hibari hears American English in the symbols of misaki: one letter for a diphthong (``A`` for eɪ) or an
affricate (``ʧ``), no marks of length, stress right before the vowel. They are listed in
https://github.com/hexgrad/misaki/blob/main/EN_PHONES.md. The other symbols are those of the chart of the
International Phonetic Association (2020) and of the Montreal Forced Aligner's English set (``ej``, ``ow``);
each goes to the English sound nearest in place and manner (consonants), or in height and backness (vowels).
A symbol that is not in the table is dropped.
"""

import re
import unicodedata

VOWELS = frozenset("AIOWYiuæɑɔəɛɜɪʊʌᵊᵻɐ")
"""Vowels of hibari's alphabet."""

_WEAK = frozenset("əᵊᵻɐ")
_STRESSES = {"ˈ": "ˈ", "'": "ˈ", "ˌ": "ˌ"}
_SYLLABIC = "\u0329"

# Pairs of a sound and its symbols. Diphthongs are in the usual spelling and in that of the forced aligner.
_TABLE = """
    eɪ:A ei:A ej:A aɪ:I ai:I aj:I ɑɪ:I oʊ:O ou:O ow:O əʊ:O aʊ:W au:W aw:W ɑʊ:W ɔɪ:Y ɔi:Y ɔj:Y oɪ:Y oi:Y
    ɜːɹ:ɜɹ ɜːr:ɜɹ ɜː:ɜɹ ɝː:ɜɹ ɝ:ɜɹ ɚ:əɹ eə:ɛɹ ʊə:ʊɹ
    i:i u:u æ:æ ɑ:ɑ ɔ:ɔ ə:ə ɛ:ɛ ɜ:ɜ ɪ:ɪ ʊ:ʊ ʌ:ʌ ᵊ:ᵊ ᵻ:ᵻ ɐ:ɐ
    a:ɑ ɒ:ɑ e:ɛ o:O y:u ʏ:ʊ ø:ɜ œ:ɛ ɶ:æ ɨ:ɪ ʉ:u ɯ:u ɤ:ʌ ɘ:ə ɵ:ʊ ɞ:ʌ
    tʃ:ʧ ʧ:ʧ tɕ:ʧ ʨ:ʧ tʂ:ʧ dʒ:ʤ ʤ:ʤ dʑ:ʤ ʥ:ʤ ʦ:ts ʣ:dz
    b:b d:d f:f h:h j:j k:k l:l m:m n:n p:p s:s t:t v:v w:w z:z ð:ð ŋ:ŋ ɡ:ɡ ɹ:ɹ ʃ:ʃ ʒ:ʒ θ:θ
    g:ɡ r:ɹ ɻ:ɹ ɺ:ɹ ʀ:ɹ ʁ:ɹ ɽ:T ɾ:T ʔ:t ɫ:l ɬ:l ɮ:l ɭ:l ʟ:l ʎ:lj ɲ:nj ɳ:n ɱ:m ɴ:ŋ
    ʍ:w ɰ:w ɥ:w ʝ:j x:k χ:k q:k c:k ɣ:ɡ ɢ:ɡ ɟ:ɡ ʛ:ɡ ɠ:ɡ ç:ʃ ɕ:ʃ ʂ:ʃ ɧ:ʃ ʑ:ʒ ʐ:ʒ
    ʈ:t ɖ:d ɗ:d ɓ:b ʙ:b ɸ:f β:v ʋ:v ⱱ:v ħ:h ɦ:h
"""
_SOUNDS = {sound: symbols for sound, _, symbols in (pair.partition(":") for pair in _TABLE.split())}
_PAUSES = {",": ",", " ": " "}
_UNIT = re.compile("|".join(re.escape(sound) for sound in sorted(_SOUNDS, key=len, reverse=True)))


def to_symbols(ipa: str) -> str:
    """Symbols of hibari's alphabet for IPA; empty if no sound is known.

    Words are parted by blanks, and commas are pauses.
    Each word's stress goes before the vowel it falls on. A word without any gets one on its first full vowel:
    what somebody spells out is said as a word of its own.
    """
    words = (_word(word) for word in ipa.split())
    return " ".join(word for word in words if word)


def _word(ipa: str) -> str:
    symbols: list[str] = []
    stress = ""
    text = _plain(ipa)
    at = 0
    while at < len(text):
        if unit := _UNIT.match(text, at):
            sounds = _SOUNDS[unit[0]]
            if sounds[0] in VOWELS and stress:
                symbols.append(stress)
                stress = ""
            symbols.extend(sounds)
            at = unit.end()
            continue
        mark = text[at]
        if mark == _SYLLABIC and symbols and symbols[-1] not in VOWELS:
            symbols.insert(len(symbols) - 1, "ə" if symbols[-1] == "ɹ" else "ᵊ")
        stress = _STRESSES.get(mark, stress)
        symbols.append(_PAUSES.get(mark, ""))
        at += 1
    spelled = "".join(symbols)
    return spelled if any(mark in spelled for mark in "ˈˌ") else _stressed(spelled)


def _plain(ipa: str) -> str:
    """Without ties and marks of quality; the mark of a syllabic consonant stays."""
    apart = unicodedata.normalize("NFD", ipa.replace("ç", "\uffff")).replace("\uffff", "ç")
    return "".join(c for c in apart if c == _SYLLABIC or unicodedata.category(c) != "Mn")


def _stressed(symbols: str) -> str:
    vowels = [i for i, symbol in enumerate(symbols) if symbol in VOWELS]
    if not vowels:
        return symbols
    at = next((i for i in vowels if symbols[i] not in _WEAK), vowels[0])
    return f"{symbols[:at]}ˈ{symbols[at:]}"
