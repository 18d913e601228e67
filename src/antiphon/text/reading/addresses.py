"""Addresses of the net and of files: URLs, e-mail, IP, paths, @handles, #hashtags, hex colours."""

import re

from antiphon.text.reading.letters import SIGNS, dictate, spell
from antiphon.text.reading.numbers import digits, number
from antiphon.text.reading.rule import Rule, rule
from antiphon.text.reading.wordlist import word_set

_DOMAINS = (
    "com|org|net|edu|gov|mil|int|info|biz|io|ai|dev|app|co|me|tv|fm|gg|ly|uk|de|fr|es|it|nl|eu|us|ca|au|jp|cn|"
    "ch|at|be|se|no|dk|fi|pl|br|in|nz|ie|xyz|tech|cloud|online|site|blog|news|store|shop"
)
_FILES = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|tsv|json|ya?ml|toml|xml|html?|css|jsx?|tsx?|py|rb|go|rs|cpp|hpp|java|kt|"
    "swift|sh|bat|exe|dll|so|zip|tar|gz|tgz|rar|7z|png|jpe?g|gif|svg|bmp|webp|ico|mp3|mp4|wav|flac|ogg|avi|mov|"
    "mkv|md|rst|log|ini|cfg|conf|env|sql|db|iso|dmg|apk|ipynb|lock|onnx|bin|key|pem|tex|psd|wasm"
)
_WORD_ENDINGS = word_set(
    """
    com org net be edu gov mil info biz app dev co me doc java swift bat zip tar log conf lock key
    bin tech cloud online site blog news store shop
    """
)
_LONGEST_SPELLED = 5
_SENTENCE_END = r"(?<![.,;:!?)\]}'\"*_`])"
_ENTRY = re.compile(r"^(?:https?|ftp|wss?|file)://", re.IGNORECASE)
_CAMEL = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]|\d+")


def _say_url(match: re.Match[str]) -> str:
    """Without its scheme and the slash at its end, which nobody says."""
    return _say_address(_ENTRY.sub("", match[0]).rstrip("/"))


def _say_address(text: str) -> str:
    host, slash, path = text.partition("/")
    return " ".join(filter(None, (_say_host(host), "slash" if slash else "", dictate(path))))


def _say_host(host: str) -> str:
    names, colon, port = host.partition(":")
    *first, last = names.split(".")
    said = " dot ".join([*(dictate(name) for name in first), _say_ending(last) if first else dictate(last)])
    return f"{said} colon {dictate(port)}" if colon else said


def _say_ending(name: str) -> str:
    """What stands behind the last dot: "dot com", but "dot I O" and "dot P D F"."""
    letters = re.match(r"[a-zA-Z]*", name)
    end = letters.end() if letters else 0
    if not end:
        return dictate(name)
    is_said = name[:end].lower() in _WORD_ENDINGS or end > _LONGEST_SPELLED
    said = dictate(name[:end]) if is_said else spell(name[:end])
    return f"{said} {dictate(name[end:])}".rstrip()


def _say_email(match: re.Match[str]) -> str:
    name, _, host = match[0].removeprefix("mailto:").rpartition("@")
    return f"{dictate(name)} at {_say_host(host)}"


def _say_ip(match: re.Match[str]) -> str:
    said = " dot ".join(_say_short(part) for part in match["address"].split("."))
    if match["port"]:
        said += f" port {_say_short(match['port'])}"
    return f"{said} slash {number(match['mask'])}" if match["mask"] else said


def _say_short(figures: str) -> str:
    return digits(figures) if len(figures) > 2 else number(figures)


def _say_file(match: re.Match[str]) -> str:
    name, _, ending = match[0].rpartition(".")
    return f"{dictate(name)} dot {_say_ending(ending)}"


def _say_path(match: re.Match[str]) -> str:
    path = match[0]
    folder, slash, name = path.rpartition("/" if "/" in path else "\\")
    stem, dot, ending = name.rpartition(".")
    last = (
        " ".join(filter(None, (dictate(stem), "dot", _say_ending(ending))))
        if dot and ending
        else dictate(name)
    )
    return " ".join(filter(None, (dictate(folder), dictate(slash), last)))


def _say_handle(match: re.Match[str]) -> str:
    return f"at {dictate(match['name'])}"


def _say_hashtag(match: re.Match[str]) -> str:
    return f"hashtag {' '.join(_say_part(part) for part in _CAMEL.findall(match['name']))}"


def _say_part(part: str) -> str:
    if part.isdecimal():
        return number(part)
    return spell(part) if part.isupper() else part


def _say_colour(match: re.Match[str]) -> str:
    return f"hash {' '.join(digits(c) if c.isdecimal() else spell(c) for c in match['colour'])}"


def _say_identifier(match: re.Match[str]) -> str:
    """A random id: every letter and digit."""
    return " ".join(digits(c) if c.isdecimal() else SIGNS.get(c) or spell(c) for c in match[0])


_HOST = rf"(?:[a-zA-Z0-9](?:[\w-]{{0,62}})\.){{1,8}}(?:{_DOMAINS})"
_QUAD = r"(?P<address>\d{1,3}(?:\.\d{1,3}){3})"

RULES: tuple[Rule, ...] = (
    rule(rf"(?:https?|ftp|wss?|file)://\S+{_SENTENCE_END}", _say_url),
    rule(rf"www\.\S+{_SENTENCE_END}", _say_url),
    rule(r"(?:mailto:)?[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", _say_email),
    rule(rf"{_QUAD}(?::(?P<port>\d{{1,5}}))?(?:/(?P<mask>\d{{1,2}}))?", _say_ip),
    rule(rf"localhost:\d{{2,5}}(?:/\S*)?{_SENTENCE_END}", _say_url),
    rule(rf"{_HOST}(?::\d{{1,5}})?(?:/\S*)?{_SENTENCE_END}", _say_url),
    rule(rf"(?:~?/|\.{{1,2}}/|[A-Za-z]:\\)[\w.~+-]+(?:[/\\][\w.~+-]+)*[/\\]?{_SENTENCE_END}", _say_path),
    rule(rf"[\w.-]+(?:[/\\][\w.-]+){{2,}}{_SENTENCE_END}(?<!\d)", _say_path),
    rule(rf"[\w-][\w.-]{{0,80}}\.(?:(?i:{_FILES})|[ch])", _say_file),
    rule(
        r"#(?P<colour>(?=[a-fA-F]*\d)[0-9a-fA-F]{6}|[a-fA-F]{6}|(?P<same>[a-fA-F])(?P=same){2})", _say_colour
    ),
    rule(r"@(?P<name>[\w.-]*\w)", _say_handle),
    rule(r"#(?P<name>[^\W\d]\w*|\d+[a-z]\w*)", _say_hashtag),
    rule(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", _say_identifier),
    rule(r"0x[0-9a-fA-F]+", _say_identifier),
)
