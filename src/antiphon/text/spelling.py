"""Text read out character by character, as codes and telephone numbers are."""

import re
import unicodedata
from dataclasses import dataclass

# Characters, their names in English, and how these are pronounced in General American: a voice would read a
# lone "a" as the article.
_TABLE = """
    a A eɪ; b B biː; c C siː; d D diː; e E iː; f F ɛf; g G dʒiː; h H eɪtʃ; i I aɪ; j J dʒeɪ; k K keɪ;
    l L ɛl; m M ɛm; n N ɛn; o O oʊ; p P piː; q Q kjuː; r R ɑːɹ; s S ɛs; t T tiː; u U juː; v V viː;
    w W ˈdʌbəljuː; x X ɛks; y Y waɪ; z Z ziː; 0 zero ˈzɪɹoʊ; 1 one wʌn; 2 two tuː; 3 three θɹiː;
    4 four fɔːɹ; 5 five faɪv; 6 six sɪks; 7 seven ˈsɛvən; 8 eight eɪt; 9 nine naɪn; . dot dɑːt; @ at æt;
    / slash slæʃ; \\ backslash ˈbækslæʃ; - dash dæʃ; _ underscore ˈʌndəɹskɔːɹ; # hash hæʃ; + plus plʌs;
    * star stɑːɹ; & and ænd; % percent pəɹˈsɛnt; = equals ˈiːkwəlz; : colon ˈkoʊlən; $ dollar ˈdɑːləɹ;
    £ pound paʊnd; € euro ˈjʊɹoʊ; ~ tilde ˈtɪldə; | bar bɑːɹ; < less lɛs; > greater ˈɡɹeɪtəɹ;
    ? question_mark ˈkwɛstʃən_mɑːɹk; ! exclamation_mark ˌɛkskləˈmeɪʃən_mɑːɹk
"""
_NAMES: dict[str, tuple[str, str]] = {
    character: (name.replace("_", " "), phonemes.replace("_", " "))
    for character, name, phonemes in (row.split() for row in _TABLE.split(";"))
}
_DASH_IN_NUMBER = re.compile(r"(?<=\d)[-–—](?=\d)")


@dataclass(frozen=True, slots=True)
class Sign:
    """One character as it is said.

    Attributes:
        name: its word or words.
        phonemes: IPA; empty where the voice has to know.
        pause: whether a pause follows.
    """

    name: str
    phonemes: str
    pause: bool = False


def spell(word: str, language: str) -> tuple[Sign, ...]:
    """The characters of a word without blanks, as they are said one by one.

    Brackets, commas, and dashes between digits are pauses. What has no name is left out; in other languages
    than English, all that is neither letter nor digit.
    """
    english = language.partition("-")[0] == "en"
    signs: list[Sign] = []
    for character in _DASH_IN_NUMBER.sub(",", unicodedata.normalize("NFKD", word)):
        if english and (named := _NAMES.get(character.lower())):
            signs.append(Sign(*named))
        elif character.isalnum():
            signs.append(Sign(character.upper(), ""))
        elif signs and unicodedata.category(character) != "Mn":
            signs[-1] = Sign(signs[-1].name, signs[-1].phonemes, pause=True)
    return tuple(signs)
