"""When a turn is over: at each pause, or where the speaker seems to have finished."""

from antiphon.api.stt.turns import HESITATION_S
from antiphon.contract.events import Ending, Final, Partial, Voice
from antiphon.speech.turns import TurnEnd, Turns, TurnSettings, TurnStart


class TurnEnds:
    """Takes what is heard, in order, and says where turns end.

    Args:
        settings: when a speaker has finished; None: at every pause that ends an utterance.
    """

    def __init__(self, settings: TurnSettings | None) -> None:
        self._turns = Turns(settings, pause_s=HESITATION_S) if settings else None
        self._speaking = False

    def over(self, event: Partial | Final | Voice | Ending) -> bool:
        """Whether the turn is over with this event."""
        if self._turns is None:
            return isinstance(event, Final)
        ended = False
        for turn_event in self._turns.take(event):
            ended = ended or isinstance(turn_event, TurnEnd)
            if isinstance(turn_event, TurnStart | TurnEnd):
                self._speaking = isinstance(turn_event, TurnStart)
        # Sound that was no turn is over with its utterance.
        return ended or (isinstance(event, Final) and not self._speaking)
