"""The accents that clients can name, with the language and locale of each.

Ids are those of the hosted service's catalogue (https://docs.cartesia.ai/api-reference/accents/list).
"""

from dataclasses import dataclass

from antiphon.errors import BadRequest

_TABLE = """
ar modern-standard-arabic* ar-001 Modern Standard Arabic
ar middle-eastern-arabic ar-LB Middle Eastern Arabic
ar khaleeji ar-AE Khaleeji Arabic
bg bulgarian bg-BG Bulgarian
bn jessore bn-BD Jessore Bengali
cs czech cs-CZ Czech
da danish da-DK Danish
de high-german* de-DE High German
de swiss-standard de-CH Swiss Standard German
el thessaloniki el-GR Thessaloniki Greek
en general-american* en-US General American English
en african-american en-US African American English
en arabic en-US Arabic English
en arabic-english en-AE Gulf Arabic English
en australian* en-AU Australian English
en british* en-GB British English
en california en-US Californian English
en canadian-english en-CA Canadian English
en indian-english en-IN Indian English
en irish en-IE Irish English
en midwestern-american en-US Midwestern American English
en new-york en-US New York English
en new-zealand en-NZ New Zealand English
en singaporean en-SG Singaporean English
en south-african en-ZA South African English
en southern-us* en-US Southern US English
es mexican* es-MX Mexican Spanish
es camba es-BO Camba Spanish
es castilian* es-ES Castilian Spanish
es chilean es-CL Chilean Spanish
es colombian es-CO Colombian Spanish
es peruvian es-PE Peruvian Spanish
fi finnish fi-FI Finnish
fr parisian* fr-FR Parisian French
fr african-french fr-SN African French
fr belgian-french fr-BE Belgian French
fr canadian-french* fr-CA Canadian French
gu parsi gu-IN Parsi Gujarati
he israeli* he-IL Israeli Hebrew
hi hindi* hi-IN Hindi
hi bagheli hi-IN Bagheli Hindi
hr zagreb hr-HR Zagreb Croatian
hu budapest hu-HU Budapest Hungarian
id jakarta id-ID Jakarta Indonesian
it italian* it-IT Italian
it abruzzo-italian it-IT Abruzzo Italian
it campania it-IT Campanian Italian
ja japanese* ja-JP Japanese
ja standard-japanese ja-JP Standard Japanese
ka tbilisi ka-GE Tbilisi Georgian
kn southern-karnataka kn-IN Southern Karnataka Kannada
ko korean* ko-KR Korean
ml north-kerala ml-IN North Kerala Malayalam
mr konkani mr-IN Konkani Marathi
ms malay ms-MY Malay
nl randstad* nl-NL Randstad Dutch
no oslo nb-NO Oslo Norwegian
or odia or-IN Odia
pa powadhi pa-IN Powadhi Punjabi
pl polish* pl-PL Polish
pt brazilian-portuguese* pt-BR Brazilian Portuguese
pt european-portuguese pt-PT European Portuguese
ro romanian ro-RO Romanian
ro moldovan ro-MD Moldovan Romanian
ru russian* ru-RU Russian
sk slovak sk-SK Slovak
sv stockholm* sv-SE Stockholm Swedish
ta central-tamil* ta-IN Central Tamil
te telangana* te-IN Telangana Telugu
th central-thai* th-TH Central Thai
tl manila fil-PH Manila Tagalog
tr istanbul* tr-TR Istanbul Turkish
uk kyiv uk-UA Kyiv Ukrainian
ur urdu ur-PK Urdu
ur indian-urdu ur-IN Indian Urdu
vi central-vietnamese vi-VN Central Vietnamese
vi southern-vietnamese vi-VN Southern Vietnamese
zh mandarin* zh-CN Mandarin
zh taiwanese-mandarin zh-TW Taiwanese Mandarin
"""
"""Language, id, locale, name; the first of a language is its default, the first of a locale that one's.

A star marks those that a voice can be brought to."""

_DIALECTS = {
    ("en", "au"): "australian",
    ("en", "in"): "indian-english",
    ("en", "so"): "southern-us",
    ("en", "uk"): "british",
    ("en", "us"): "general-american",
    ("es", "mx"): "mexican",
    ("es", "pe"): "peruvian",
    ("fr", "ca"): "canadian-french",
    ("fr", "eu"): "parisian",
    ("pt", "br"): "brazilian-portuguese",
    ("pt", "eu"): "european-portuguese",
}


@dataclass(frozen=True, slots=True)
class Accent:
    """An accent.

    Attributes:
        id: as clients name it.
        language: code of the language it is an accent of.
        locale: the region it is at home in, as a BCP 47 tag.
        is_locale_default: it stands for its locale.
        is_target: a voice can be localized to it, and it can be added to a voice.
    """

    id: str
    name: str
    language: str
    locale: str
    is_locale_default: bool
    is_target: bool


def _read(table: str) -> dict[str, Accent]:
    accents: dict[str, Accent] = {}
    locales: set[str] = set()
    for language, accent, locale, name in (row.split(maxsplit=3) for row in table.strip().splitlines()):
        accent_id = accent.rstrip("*")
        accents[accent_id] = Accent(
            id=accent_id,
            name=name,
            language=language,
            locale=locale,
            is_locale_default=locale not in locales,
            is_target=accent != accent_id,
        )
        locales.add(locale)
    return accents


_ACCENTS = _read(_TABLE)

ACCENTS: tuple[Accent, ...] = tuple(sorted(_ACCENTS.values(), key=lambda accent: accent.id))
"""Every accent, in the order of their ids."""

LANGUAGES: frozenset[str] = frozenset(accent.language for accent in ACCENTS)
"""Codes of the languages that a voice may have."""


def find_accent(name: str) -> Accent:
    """The accent of an id; older clients give its name.

    Raises:
        BadRequest: there is no such accent.
    """
    for accent in ACCENTS:
        if name in (accent.id, accent.name):
            return accent
    raise BadRequest(f"{name[:64]!r} is not an accent; GET /accents lists them.")


def default_accent(language: str) -> Accent:
    """The accent of a voice that has this language and names none.

    Raises:
        BadRequest: there is no such language.
    """
    for accent in _ACCENTS.values():
        if accent.language == language:
            return accent
    listed = ", ".join(sorted(LANGUAGES))
    raise BadRequest(f"{language[:16]!r} is not a language that a voice can have; these are: {listed}.")


def accent_for(language: str, name: str | None) -> Accent:
    """The accent of a voice: of this name, or the default of its language.

    Raises:
        BadRequest: there is no such language or accent, or the accent is of another language.
    """
    accent = default_accent(language) if name is None else find_accent(name)
    if accent.language != language:
        raise BadRequest(f"accent: {accent.id} is an accent of {accent.language}, not of {language[:16]!r}.")
    return accent


def accent_of_dialect(language: str, dialect: str) -> Accent:
    """The accent that an older client's ``dialect`` of a language stands for.

    Raises:
        BadRequest: the language has no such dialect.
    """
    accent = _DIALECTS.get((language, dialect))
    if accent is None:
        known = ", ".join(name for code, name in _DIALECTS if code == language) or "none"
        raise BadRequest(f"dialect: {dialect[:16]!r} is not a dialect of {language[:16]!r}; it has: {known}.")
    return _ACCENTS[accent]
