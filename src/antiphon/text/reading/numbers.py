"""Numbers in words, as Americans say them ("one hundred five", without "and")."""

from antiphon.text.reading.wordlist import word_list

_ONES = word_list(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
    """
)
_TENS = word_list("- - twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = word_list(
    """
    - thousand million billion trillion quadrillion quintillion sextillion septillion octillion
    nonillion decillion
    """
)
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MOST_DIGITS = 3 * len(_SCALES)


def cardinal(n: int) -> str:
    """``n`` in words, digit by digit from 10^36 on.

    >>> cardinal(1905)
    'one thousand nine hundred five'
    """
    if n < 0:
        return f"minus {cardinal(-n)}"
    if n >= 10**_MOST_DIGITS:
        return digits(str(n))
    if n == 0:
        return _ONES[0]
    said: list[str] = []
    for scale in range((len(str(n)) - 1) // 3, -1, -1):
        group = n // 1000**scale % 1000
        if group:
            said += _below_thousand(group)
            if scale:
                said.append(_SCALES[scale])
    return " ".join(said)


def ordinal(n: int) -> str:
    """``n`` as an ordinal.

    >>> ordinal(122)
    'one hundred twenty-second'
    """
    words = cardinal(n)
    split = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[split:]
    if last in _ORDINALS:
        return words[:split] + _ORDINALS[last]
    return words[:split] + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def year(n: int) -> str:
    """``n`` as the number of a year.

    >>> year(1905), year(2010), year(2000)
    ('nineteen oh five', 'twenty ten', 'two thousand')
    """
    century, rest = divmod(n, 100)
    if not 10 <= century < 100 or (century % 10 == 0 and rest < 10):
        return cardinal(n)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def digits(text: str) -> str:
    """The digits in ``text`` one by one; other characters are left out.

    >>> digits("4-07")
    'four zero seven'
    """
    return " ".join(_ONES[int(c)] for c in text if "0" <= c <= "9")


def number(text: str) -> str:
    """A number as written: sign, commas, decimals; digit by digit where it begins with zeros or is endless.

    >>> number("-1,905.50"), number("007")
    ('minus one thousand nine hundred five point five zero', 'zero zero seven')
    """
    if text[:1] in {"-", "−"}:
        return f"minus {number(text[1:])}"
    whole, point, decimals = text.replace(",", "").partition(".")
    if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        said = digits(whole)
    else:
        said = cardinal(int(whole)) if whole else ""
    return f"{said} point {digits(decimals)}".strip() if point else said


def plural(words: str) -> str:
    """A number in words as a plural: "nineties", "threes", "sixes"."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("x") else f"{words}s"


def is_one(text: str) -> bool:
    """Whether what is counted by the number ``text`` is in the singular."""
    return text.lstrip("-−") == "1"


def _below_thousand(n: int) -> list[str]:
    hundreds, rest = divmod(n, 100)
    words = [_ONES[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(_TENS[rest // 10] + (f"-{_ONES[rest % 10]}" if rest % 10 else ""))
    elif rest:
        words.append(_ONES[rest])
    return words
