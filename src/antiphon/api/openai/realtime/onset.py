"""When somebody begins to speak, by the voice activity that a worker tells."""

from antiphon.contract.events import Voice
from antiphon.speech.listener import FRAME_SAMPLES, SAMPLE_RATE
from antiphon.speech.utterances import KEEP, PRE_ROLL, SHORTEST, START

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE


class Onset:
    """Finds beginnings by the rules of `antiphon.speech.utterances`, so that each is of an utterance to come.

    Args:
        pause_s: silence that ends an utterance; without one before it nothing is a beginning.
    """

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._voiced = 0
        self._silent_s = 0.0
        self._start_s = 0.0
        self._heard_s = 0.0

    def hear(self, voice: Voice) -> float | None:
        """Where an utterance begins (in seconds of the stream, what is heard before it included), or None.

        It is told once, as soon as it is certain: the utterance is no click. Frames that were heard before
        are passed over: a stream that moved to another worker is replayed.
        """
        begun = None
        for i, frame in enumerate(voice.frames, start=-len(voice.frames)):
            frame_s = voice.audio_s + i * FRAME_S
            if frame_s < self._heard_s - FRAME_S / 2:
                continue
            self._heard_s = frame_s + FRAME_S
            if frame / 255 >= (KEEP if self._voiced else START):
                if not self._voiced:
                    self._start_s = max(0.0, frame_s - PRE_ROLL * FRAME_S)
                self._voiced += 1
                self._silent_s = 0.0
                if self._voiced == SHORTEST:
                    begun = self._start_s
            elif self._voiced:
                self._silent_s += FRAME_S
                if self._silent_s >= self._pause_s:
                    self.ended()
        return begun

    def ended(self) -> None:
        """The utterance is over; what follows is another."""
        self._voiced = 0
        self._silent_s = 0.0
