"""What is spoken under load: everyday English of mixed length, 40 to 160 characters."""

from pathlib import Path

from antiphon.errors import OperatorError

SENTENCES = (
    "Please hold the line, I will be right back.",
    "Your table for four is ready by the window now.",
    "I am sorry, that number is no longer in service.",
    "The blue folder is the one you are looking for.",
    "Shall I send the receipt to the same address?",
    "Nobody had told the pilot about the fog.",
    "Turn left at the bakery and walk up to the church.",
    "She laughed so loudly that the waiter turned around.",
    "We close at six, but you can still reach us by phone.",
    "The kettle was still warm when he came home last night.",
    "Could you spell your last name for me one more time, please?",
    "There is a small charge for luggage that weighs more than that.",
    "My brother keeps three hens and a very old goat behind his house.",
    "That appointment is taken, but I could offer you Tuesday at noon.",
    "The lights went out, and for a moment the whole street was silent.",
    "Thank you for calling; how can I make your day a little easier?",
    "If you would like to hear the options again, just say repeat.",
    "The train to the coast leaves at half past seven, so don't be late.",
    "He wrote the last page on a ferry, with cold hands and a borrowed pen.",
    "Your parcel left the warehouse this morning and should arrive tomorrow.",
    "I have checked your account, and the payment went through without trouble.",
    "Between the two hills lies a lake that freezes over almost every winter.",
    "You can change your password at any time on the second page of the settings.",
    "The museum is free on the first Sunday of the month, but expect a long queue.",
    "Put the dough in a warm place, cover it with a cloth, and leave it for an hour.",
    "When the rain finally stopped, the children ran outside to look for puddles.",
    "Let me read that back to you: two tickets, one return, travelling on Friday.",
    "The doctor can see you at ten, or a little earlier if somebody else cancels.",
    "Most of the work is done at night, when the machines can run undisturbed by us.",
    "If the light on the front turns red, unplug the device, wait, and plug it in again.",
    "The old bridge was built of stone by hand, and it still carries people over the river.",
    "Could you tell me the name of the street and the number of the house, one after the other?",
    "Our office is open from Monday to Friday, and someone will call you before the day is over.",
    "She put the letter on the kitchen table, made a cup of strong coffee, and read it very slowly.",
    "I can move your flight to the evening, but there would be a change of planes on the way home.",
    "The committee met four times before the summer, and each time it put the decision off a little longer.",
    (
        "Before we begin, I should tell you that this call may be recorded so that we can train our new "
        "colleagues."
    ),
    (
        "Far out on the water a single boat was heading for the harbour, slowly, as if it had all the "
        "time in the world."
    ),
    (
        "The museum's oldest map shows the town as it was before the fire, with its crooked lanes, its "
        "seven mills and a wall that nobody remembers."
    ),
    (
        "If you have already tried to restart it and the message is still there, stay on the line and I "
        "will connect you with a colleague right away."
    ),
)
"""Spoken in an order that the seed of a load gives."""


def read_sentences(path: Path) -> tuple[str, ...]:
    """Sentences of a text file, one a line; blank lines don't count.

    Raises:
        OperatorError: the file can't be read, is no text or has none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise OperatorError(f"Can't read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{path} is not text in UTF-8.") from None
    sentences = tuple(line.strip() for line in lines if line.strip())
    if not sentences:
        raise OperatorError(f"{path} holds no sentence; write one a line.")
    return sentences
