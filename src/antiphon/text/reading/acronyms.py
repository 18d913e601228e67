"""Words in capitals: initialisms are spelled ("FBI"), acronyms and shouting are words ("NASA", "STOP")."""

import re

from antiphon.text.reading.letters import is_word, spell
from antiphon.text.reading.rule import Rule, rule, word_after, word_before
from antiphon.text.reading.wordlist import word_set

_SAID_AS_WORDS = word_set(
    """
    NASA NATO UNESCO UNICEF AIDS COVID OPEC FIFA UEFA NAFTA ASEAN SARS MERS RAM ROM LAN WAN SIM PIN
    GIF LASER RADAR SONAR SCUBA SWAT YOLO NORAD FEMA OSHA HIPAA MIDI JPEG CAPTCHA REST SOAP CRUD
    AJAX LIDAR DARPA CERN BASIC COBOL FORTRAN BIOS DOS LED NIMBY POTUS SCOTUS FLOTUS DEFCON SAT NAS
    RAID FOMO GUI ZIP TED VAT MOMA SALT START FAFSA NASDAQ NASCAR INTERPOL IKEA LEGO VISA OK BART
    CAD JSON YAML
    """
)
_SPELLED = word_set(
    """
    US USA UK EU UN IT AI ML TV PC CD DVD ATM ID UFO VIP CEO CFO CTO COO CIO FAQ API URL URI USB GPU
    CPU TPU SSD UI UX OS IP IQ EQ HR PR PM AM AC DC ER OR ICU GPA RSVP ETA DIY MIA IOU IRA IRS FBI
    CIA NSA DOJ EPA FDA FAA FTC FCC SEC NBA NFL NHL MLB UFC WWE BBC CNN ABC NBC CBS HBO ESPN AOL IBM
    AMD ARM BMW GMC UPS USPS DHL HIV DNA RNA MRI ECG EKG PTSD ADHD OCD STD IVF BMI ASAP TBA
    TBD LOL OMG DM QR AR VR XR IOT SAAS LLM NLP TTS STT ASR OCR RPG FPS NPC UAE UAV EV LA NY DC
    LPG GPS NGO IPO ROI KPI CRM ERP ETF IMF GDP VAR AOC JFK MLK FDR LBJ MIT UCLA USC NYU EST EDT
    PST PDT CET UTC GMT MST CST ISO ANSI IEC UEA OECD OED AWS SDK IDE SVG SMS MMS HDR OLED UHD DIN
    ASL ESL EFL HVAC YMCA ACLU AARP UCSF NCIS LGBTQIA
    """
)
_COMMON = word_set(
    """
    the and for are but not you all any can had her was one our out day get has him his how man new
    now old see two way who boy did its let put say she too use yes why ask big car cat dog eat end
    far few fun god got hot job key law lot low may men mom dad nor off oil own pay per ran red run
    sad sea sex sit six sky son sun ten top try war wet win won yet stop huh wow hey bye please hit
    cut bad add age ago air bag ban bar bed bet bit box bus buy cup die dry due ear egg eye fit fix
    fly gas gun guy hat ice ill kid leg lie lip map mad mix net nut odd pan pen pet pie pig pin pop
    pot rat raw rib rid row rub sir sum tax tea tie tip toe toy van via vow web wig zip zoo arm art
    bee bid bow cow cry
    """
)
_SPECIAL = {
    "IEEE": "I triple E",
    "PhD": "P.H.D.",
    "PhDs": "P H D's",
    "NAACP": "N double A. C.P.",
    "NCAA": "N.C. double A.",
    "AAA": "triple A.",
    "WWW": "W.W.W.",
    "IIRC": "if I recall correctly",
    "BTW": "by the way",
    "FYI": "for your information",
    "IMO": "in my opinion",
    "AKA": "also known as",
    "JSON": "jason",
    "YAML": "yammel",
}


def _say_capitals(match: re.Match[str]) -> str | None:
    letters, ending = match["letters"], match["ending"] or ""
    if letters in _SPECIAL:
        return _SPECIAL[letters] + ending
    if letters in _SAID_AS_WORDS or not _is_spelled(match, letters):
        return letters + ending
    return _spell_with(letters, ending)


def _is_shouted(word: str) -> bool:
    """Whether a word in capitals is one like any other."""
    if word in _SPELLED or word in _SAID_AS_WORDS or not is_word(word):
        return False
    return len(word) == 2 or len(word) > 3 or word.lower() in _COMMON


def _is_spelled(match: re.Match[str], letters: str) -> bool:
    beside = (word_before(match), word_after(match))
    shouting = any(word.isalpha() and word.isupper() and _is_shouted(word) for word in beside)
    if letters in _SPELLED:
        return not (shouting and letters in {"US", "IT", "OR", "AM", "ID", "ARM", "IRA", "AC", "LA"})
    return not is_word(letters) or (len(letters) == 3 and not shouting and letters.lower() not in _COMMON)


def _spell_with(letters: str, ending: str) -> str:
    """Letters with an s behind them, which only the last of them carries."""
    if not ending:
        return spell(letters)
    return f"{' '.join(letters)}'s" if "s" in ending else spell(letters) + ending


def _say_dotted(match: re.Match[str]) -> str:
    ending = match["ending"] or ""
    return _spell_with(match["letters"].replace(".", "").upper(), ending)


DOTTED: tuple[Rule, ...] = (
    rule(r"(?P<letters>(?:[A-Za-z]\.){2,}[A-Z]?|Ph\.D\.?)(?P<ending>'s|s)?", _say_dotted),
)
"""Letters with periods, before addresses: "D.C." is no file of C."""

RULES: tuple[Rule, ...] = (
    rule(r"PhDs?", lambda match: _SPECIAL[match[0]]),
    rule(r"(?P<letters>[A-Z]{2,6})(?P<ending>'s|s'|s)?", _say_capitals),
)
