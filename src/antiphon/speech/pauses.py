"""How likely a speaker is to go on after a pause: by its length, its sound and the end of the text."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence within a turn, as long as it has lasted.

    Attributes:
        silence_s: seconds since somebody was heard.
        text: all that was said in the turn; empty when nothing was understood.
        complete: how likely the speaker has finished, by the sound alone; None when nobody can tell.
        closed: how much likelier (natural logarithm) the text ends a sentence than that a comma follows, to
            the recogniser; None when it does not tell.
        continued: whether the recogniser heard the last of the text apart from what came before it.
    """

    silence_s: float
    text: str
    complete: float | None = None
    closed: float | None = None
    continued: bool = False


Likelihood = Callable[[Pause], float]
"""From 0 (the turn is over) to 1 (it goes on). It falls as a pause lasts."""

HESITATION_S = 1.4
"""Length of the pauses of speakers who go on: few are much longer."""

WEIGHTS = (-6.5, 0.4, 1.1, 2.5, -2.5, -1.4)
"""Of `evidence`, in the log odds that the speaker has finished; ``bench/stt_turns.py --fit`` fits them."""

_SUREST = 0.003
"""A judge of sounds is never surer than this."""

_UNDECIDED = 5.0
"""What `Pause.closed` is taken for where nobody tells: between what it is after most pauses and most ends."""

FINISHED_S = 0.37
"""Without a judge of sounds: the time constant of the fall after a whole sentence: to 0.4 in 0.34 s, to 0.2
in 0.6 s …"""

OPEN_S = 1.2
"""… and after anything else: to 0.4 in 1.1 s, to 0.2 in 1.9 s."""

_QUOTES = "\"'“”‘’)]"
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPENERS = _words(
    "a although an and because but er erm hmm if its mm my nor or our than the their uh um whether while your"
)
"""Hardly an English sentence ends with these, whatever sign a recogniser puts after them."""

_LINKS = _words(
    "am are as at be been by can could did do does for from had has have he i in into is may might must not "
    "of on shall she should so that they to very was we were will with would you"
)
"""Few English sentences end with these."""


def lasting(pause: Pause) -> float:
    """The likelihood by all that is known; by `fading` where nobody judged how the pause sounds.

    Bayes' rule: the odds before the pause, times the share of hesitations that last as long
    (``exp(-(silence_s / HESITATION_S) ** 3)``, against all ends of turns, which last for ever). So who is not
    surely heard to have finished is waited for, but not much longer than anybody hesitates.
    """
    if pause.complete is None:
        return fading(pause)
    finished = sum(weight * found for weight, found in zip(WEIGHTS, evidence(pause), strict=True))
    return 1.0 / (1.0 + math.exp(min(finished + (pause.silence_s / HESITATION_S) ** 3, 700.0)))


def fading(pause: Pause) -> float:
    """A likelihood that falls exponentially, and faster when the text is a whole sentence or none."""
    return math.exp(-pause.silence_s / (FINISHED_S if _finished(pause.text) else OPEN_S))


def evidence(pause: Pause) -> tuple[float, ...]:
    """What speaks for a finished turn.

    In this order: 1; the log odds of its sound; those of a full stop against a comma; whether they are of
    the end of a sentence heard alone, which makes the recogniser less sure; whether the last word leaves a
    sentence open; whether it may. That there is a full stop says little: recognisers put one to whatever they
    hear last. How sure they are of it says most.
    """
    sure = 0.5 if pause.complete is None else min(max(pause.complete, _SUREST), 1.0 - _SUREST)
    last = pause.text.split()[-1:]
    word = _bare(last[0]) if last else ""
    closed = _UNDECIDED if pause.closed is None else pause.closed
    continued = pause.continued and pause.closed is not None
    return (
        1.0,
        math.log(sure / (1.0 - sure)),
        closed,
        float(continued),
        float(word in _OPENERS),
        float(word in _LINKS),
    )


def _finished(text: str) -> bool:
    words = text.split()
    return not words or (_ends_sentence(words[-1]) and _bare(words[-1]) not in _OPENERS)


def _ends_sentence(word: str) -> bool:
    bare = word.rstrip(_QUOTES)
    return bare.endswith(_SENTENCE_ENDS) and not bare.endswith("...")


def _bare(word: str) -> str:
    return word.strip(_QUOTES + ".,;:?!…-").casefold()
