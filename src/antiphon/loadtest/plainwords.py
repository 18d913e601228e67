"""A text as the words that are said, so that two spellings of the same words don't count as errors.

What others do before they count (OpenAI's normaliser for Whisper, NIST's GLM files) brings both texts to one
spelling; so does this, but numbers become words instead of figures:

- case, punctuation, accents and hyphens are dropped; apostrophes stay;
- figures, amounts and times are read out (`antiphon.text.reading`), *and* within a number is dropped;
- contractions are written out, where they stand for one thing only: *don't* is *do not*, *it's* is *it is*;
- titles are written out: *Mr.* is *mister*;
- British spellings become American;
- hesitations (*uh*, *um*, *mm*) are no words.
"""

import re
import unicodedata

from antiphon.text.reading import read

_FOLDED = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})
_FIGURES = re.compile(r"\S*\d\S*")
_BREAK = re.compile(r"[^a-z0-9' ]+")
_AND = re.compile(r"\b(hundred|thousand|million|billion) and (?=\w)")

_HESITATIONS = frozenset({"uh", "um", "uhm", "mm", "mmm", "hm", "hmm", "mhm"})

_WHOLE = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "let's": "let us",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "st": "saint",
    "ok": "okay",
    "alright": "all right",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "y'know": "you know",
    "yknow": "you know",
    "colour": "color",
    "favour": "favor",
    "flavour": "flavor",
    "harbour": "harbor",
    "honour": "honor",
    "humour": "humor",
    "labour": "labor",
    "neighbour": "neighbor",
    "neighbours": "neighbors",
    "rumour": "rumor",
    "centre": "center",
    "metre": "meter",
    "metres": "meters",
    "theatre": "theater",
    "grey": "gray",
    "travelling": "traveling",
    "travelled": "traveled",
    "cancelled": "canceled",
    "realise": "realize",
    "recognise": "recognize",
    "organise": "organize",
    "apologise": "apologize",
    "programme": "program",
    "catalogue": "catalog",
    "dialogue": "dialog",
    "cheque": "check",
}
_IS = frozenset({"it", "that", "there", "here", "he", "she", "what", "who", "where", "how"})
"""Words whose ``'s`` is *is*; after others it may tell an owner, and stays."""
_ENDINGS = (("n't", "not"), ("'re", "are"), ("'ll", "will"), ("'ve", "have"), ("'m", "am"))


def plain_words(text: str) -> list[str]:
    """The words of an English text, in lower case, spelt in one way.

    It is idempotent: the words of the words joined are the same.
    """
    folded = unicodedata.normalize("NFKD", text.translate(_FOLDED))
    said = _FIGURES.sub(_read_out, "".join(c for c in folded if not unicodedata.combining(c)))
    words = _BREAK.sub(" ", said.lower().replace(".", " ")).split()
    spelt = (_spell(word.strip("'")) for word in words)
    return _AND.sub(r"\1 ", " ".join(filter(None, spelt))).split()


def _read_out(match: re.Match[str]) -> str:
    return " ".join(word.spoken for word in read(match[0], "en"))


def _spell(word: str) -> str:
    if word in _HESITATIONS:
        return ""
    if word in _WHOLE:
        return _WHOLE[word]
    for ending, whole in _ENDINGS:
        if (stem := word.removesuffix(ending)) != word and stem:
            return f"{stem} {whole}"
    if word.endswith("'s") and (stem := word.removesuffix("'s")) in _IS:
        return f"{stem} is"
    return word
