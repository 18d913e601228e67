"""Hibari behind the protocol: sentences planned whole, heard in chunks."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import LanguageNotSupported, VoiceNotFound
from antiphon.models.digests import Digests
from antiphon.models.hibari import graphs
from antiphon.models.hibari.g2p import PAUSES, Phonemizer, Reading
from antiphon.models.hibari.pulses import FRAME, SAMPLE_RATE, Float32
from antiphon.models.hibari.stacks import Stack, Strand
from antiphon.models.hibari.synthesis import Synthesis, Turn, advance
from antiphon.models.hibari.waves import Spectra
from antiphon.models.prepared import prepared
from antiphon.models.protocols import Samples, Timed, Utterance
from antiphon.models.sessions import open_session

MIN_SPEED, MAX_SPEED = 0.5, 2.0
MAX_SYMBOLS = 400
"""Phoneme symbols the encoder sees at once; a longer segment is encoded in pieces and decoded as one."""

_PROSODY_AHEAD = 48
"""Frames of 25 ms planned at once after the first chunk, so that not every chunk pays for a call."""
_EARLIEST_ONSET, _EARLIEST_ONSET_FRAMES = 0.55, 9
"""Sound begins before the first phoneme does by the durations, but never earlier than this share of them,
nor than so many frames before. Measured to -50 dBFS on 126 texts at speeds 0.6, 1, 1.5 and 2: 0.62 and 7.8 at
speed 1, 0.62 and 16.5 at 0.6, 0.2 and 8 at 2."""
_PLAN_FRAME = 2
"""Frames of 12.5 ms in one of 25 ms."""
_WARM_COMPANY = 4
_ENCODED = (graphs.TEXT_CHANNELS, graphs.PLAN_CHANNELS, 1)
_STRESS = frozenset("ˈˌ")


class HibariState:
    """An utterance on its way; see `antiphon.models.protocols.TTSState`.

    Args:
        text: [F, 128] text features by frame.
        plan: [F / 2, 192] prosody features by frame of 25 ms.
    """

    def __init__(
        self,
        text: Float32,
        plan: Float32,
        synthesis: Synthesis,
        *,
        onset_frame: int,
        words: Sequence[Timed],
        phonemes: Sequence[Timed],
    ) -> None:
        frames = len(text)
        around = np.zeros((frames + 2 * graphs.FRAME_MARGIN, graphs.FRAME_CHANNELS), np.float32)
        self._features = around[graphs.FRAME_MARGIN : graphs.FRAME_MARGIN + frames]
        self._features[:, : graphs.TEXT_CHANNELS] = text
        self.rows = _windows(around, frames)
        self.plan = plan
        self._f0 = np.zeros(frames, np.float32)
        self.synthesis = synthesis
        self.planned, self.decoded = Strand(len(plan)), Strand(frames)
        self.onset_frame = onset_frame
        self.words = words
        self.phonemes = phonemes

    @property
    def total_frames(self) -> int:
        """Frames of the whole utterance."""
        return self.synthesis.total

    @property
    def done_frames(self) -> int:
        """Frames made or skipped so far."""
        return self.synthesis.done

    @property
    def silent_frames(self) -> int:
        """Frames at the start that are certainly silent."""
        earliest = min(_EARLIEST_ONSET * self.onset_frame, self.onset_frame - _EARLIEST_ONSET_FRAMES)
        return max(0, int(earliest))

    def skip_to(self, frame: int) -> None:
        """Leave out the frames before ``frame``: later samples stay the same."""
        self.synthesis.skip_to(frame)
        self.decoded.skip_to(self.synthesis.decoded)

    @property
    def known_f0(self) -> Float32:
        """F0 in Hz of the frames that have been planned."""
        return self._f0[: _PLAN_FRAME * self.planned.done]

    def set_prosody(self, start: int, prosody: Float32) -> None:
        """Take F0 and energy, [n, 2] by frame of 12.5 ms, of the frames from ``start`` on."""
        frames = slice(start, start + len(prosody))
        f0, energy = prosody.T
        self._f0[frames] = f0
        self._features[frames, -2] = np.log(np.maximum(f0, 0.0) + np.float32(1.0)) / np.float32(5.0)
        self._features[frames, -1] = energy


def _windows(around: Float32, frames: int) -> Float32:
    """Each frame with those on either side, [frames, 7 * 130], without a copy."""
    width = (2 * graphs.FRAME_MARGIN + 1) * graphs.FRAME_CHANNELS
    return np.lib.stride_tricks.as_strided(around, (frames, width), around.strides, writeable=False)


class HibariModel:
    """The default voice: 24 kHz English, about sixty times faster than real time on one core.

    Samples depend only on the utterance: rows that want the same number of frames are decoded in one call,
    others in calls of their own, and nothing in a call sees its neighbours.
    """

    name: str = "hibari"
    sample_rate: int = SAMPLE_RATE
    frame_samples: int = FRAME
    languages: tuple[str, ...] = ("en",)
    voices: tuple[str, ...] = ("heart",)

    def __init__(self, prepared: Path, digest: str) -> None:
        self.digest = digest
        self._phonemizer = Phonemizer()
        self._encoder, prosody, decoder = (open_session(prepared / f"{name}.onnx") for name in graphs.GRAPHS)
        self._prosody = Stack(prosody, graphs.PROSODY_MARGINS, graphs.PLAN_CHANNELS)
        self._decoder = Stack(decoder, graphs.DECODER_MARGINS, graphs.DECODER_CHANNELS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model whose ``hibari.onnx`` lies in ``folder``; ready to speak at full pace.

        Its graphs are made the first time (a third of a second) and kept in ``folder/prepared``.

        Raises:
            ModelMissing: there is no such file.
            ModelCorrupt: it is not the graph that this version knows.
            StorageError: there is no room for the graphs.
        """
        source = folder / "hibari.onnx"
        with prepared(source, graphs.RECIPE, _build) as ready:
            identity = (
                f"{Digests(folder).known(source.name)} {graphs.RECIPE} hibari-tts {version('hibari-tts')}"
            )
            model = cls(ready, hashlib.sha256(identity.encode()).hexdigest())
        model.warm()
        return model

    def warm(self) -> None:
        """Speak to nobody, alone and in company: the first runs of a graph allocate what later ones reuse."""
        words = Utterance("Warming up, one two three.", voice=self.voices[0], language=self.languages[0])
        for company in (1, _WARM_COMPANY):
            states = [self.start(words) for _ in range(company)]
            for size in (6, 12, 48, states[0].total_frames):
                self.step(states, [size] * company)

    def start(self, utterance: Utterance) -> HibariState:
        """Plan an utterance: phonemes and durations; prosody follows chunk by chunk.

        Speed is held between 0.5 and 2, also where a duration asks for more or less. A text with nothing to
        speak has no frames.

        Raises:
            VoiceNotFound: the model has no such voice.
            LanguageNotSupported: the model doesn't speak the language.
        """
        if utterance.voice not in self.voices:
            raise VoiceNotFound(
                f"The model hibari has no voice {utterance.voice!r}; it has {', '.join(self.voices)}."
            )
        if utterance.language not in self.languages:
            raise LanguageNotSupported(f"The model hibari speaks en, not {utterance.language!r}.")
        reading = self._phonemizer.read(utterance.text, utterance.tokens, normalize=utterance.normalize)
        text, plan, durations, places = self._encode(reading.symbols, utterance.speed)
        if utterance.duration_s and places:
            planned_s = float(durations.sum()) * _PLAN_FRAME * FRAME / SAMPLE_RATE
            speed = utterance.speed * planned_s / utterance.duration_s
            text, plan, durations, places = self._encode(reading.symbols, speed)
        ends = np.cumsum(durations) * (_PLAN_FRAME * FRAME)
        times = [(int(ends[place - 1]), int(ends[place])) for place in places]
        return HibariState(
            np.repeat(text, _PLAN_FRAME * durations, axis=0),
            np.repeat(plan, durations, axis=0),
            Synthesis(_PLAN_FRAME * int(durations.sum()), utterance.seed, utterance.segment),
            onset_frame=_PLAN_FRAME * int(durations[0]) if places else 0,
            words=_timed_words(reading, times),
            phonemes=_timed_phonemes(reading.symbols, times),
        )

    def step(self, states: Sequence[HibariState], frames: Sequence[int]) -> list[Samples]:
        """The next ``frames[i]`` frames of each state, fewer (or none) at its end."""
        ends = [state.synthesis.wanted(count) for state, count in zip(states, frames, strict=True)]
        self._plan_prosody(states, ends)
        rows = self._decoder.run([s.decoded for s in states], [s.rows for s in states], ends)
        return advance(
            [
                Turn(state.synthesis, count, Spectra(radius, angle), state.known_f0)
                for state, count, (radius, angle) in zip(states, frames, rows, strict=True)
            ]
        )

    def _plan_prosody(self, states: Sequence[HibariState], ends: Sequence[int]) -> None:
        """Plan what decoding up to the frames ``ends`` needs; more than that once speaking has begun."""
        short: list[HibariState] = []
        wanted: list[int] = []
        for state, end in zip(states, ends, strict=True):
            seen = min(self._decoder.sees(state.decoded, end) + graphs.FRAME_MARGIN, state.total_frames)
            start, need = state.planned.done, -(-seen // _PLAN_FRAME)
            if need > start:
                short.append(state)
                wanted.append(max(need, start + _PROSODY_AHEAD) if start else need)
        starts = [state.planned.done for state in short]
        prosody = self._prosody.run([s.planned for s in short], [s.plan for s in short], wanted)
        for state, start, (rows,) in zip(short, starts, prosody, strict=True):
            state.set_prosody(_PLAN_FRAME * start, rows)

    def _encode(self, symbols: str, speed: float) -> tuple[Float32, Float32, NDArray[np.int64], list[int]]:
        """Features, prosody features and durations (frames of 25 ms) by row, and the row of each symbol."""
        pace = np.array([min(max(speed, MIN_SPEED), MAX_SPEED)], np.float32)
        pieces: list[list[Float32]] = [[np.zeros((0, channels), np.float32) for channels in _ENCODED]]
        places: list[int] = []
        rows = 0
        for first, last in self._phonemizer.pieces(symbols, MAX_SYMBOLS):
            ids = np.array([self._phonemizer.ids(symbols[first:last])], np.int64)
            pieces.append([array[0] for array in self._encoder.run(None, {"ids": ids, "speed": pace})])
            places.extend(range(rows + 1, rows + 1 + last - first))
            rows += ids.shape[1]
        text, plan, durations = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        return text, plan, durations[:, 0].astype(np.int64), places


def _build(source: Path) -> dict[str, bytes]:
    from antiphon.models.hibari.rewriting import build  # needs onnx, which is slow to import, only once

    return build(source)


def _timed_words(reading: Reading, times: Sequence[tuple[int, int]]) -> tuple[Timed, ...]:
    words: list[Timed] = []
    for word in reading.words:
        if word.start < word.end:
            words.append(Timed(word.text, times[word.start][0], times[word.end - 1][1]))
        else:
            here = words[-1].end if words else 0
            words.append(Timed(word.text, here, here))
    return tuple(words)


def _timed_phonemes(symbols: str, times: Sequence[tuple[int, int]]) -> tuple[Timed, ...]:
    """Phonemes without pauses; a stress mark goes with the phoneme behind it."""
    phonemes: list[Timed] = []
    mark, start = "", 0
    for symbol, (begin, end) in zip(symbols, times, strict=True):
        if symbol in _STRESS:
            mark, start = symbol, begin
        elif symbol in PAUSES:
            mark = ""
        else:
            phonemes.append(Timed(mark + symbol, start if mark else begin, end))
            mark = ""
    return tuple(phonemes)
