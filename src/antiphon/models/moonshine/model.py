import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from antiphon.errors import ModelCorrupt
from antiphon.models.card import Card
from antiphon.models.digests import Digests
from antiphon.models.families import MOONSHINE
from antiphon.models.moonshine.alignment import align
from antiphon.models.moonshine.biasing import with_terms
from antiphon.models.moonshine.closing import Closing
from antiphon.models.moonshine.decoder import Decoded, Decoder
from antiphon.models.moonshine.encoder import Encoder, Stem
from antiphon.models.moonshine.keyterms import Terms, first_tokens
from antiphon.models.moonshine.passages import passages, sentences
from antiphon.models.moonshine.tokens import Vocabulary
from antiphon.models.prepared import prepared
from antiphon.models.protocols import NO_HINTS, Hints, Samples, Timed, Transcript
from antiphon.models.sessions import onnxruntime, open_session

_GRAPHS = ("stem.onnx", "encoder.onnx", "decoder.onnx")

_RECIPE = f"7 {onnxruntime.__version__}"
"""Changes whenever other graphs would be made of the same files."""

_TAIL = 4_800
"""Samples (0.3 s) of silence put after a window: without it, its last words come twice or are made up."""

_QUIETEST = 1e-4
"""RMS (-80 dBFS) under which a window holds no speech."""

_TOKENS_PER_S = 6.5
"""Most of English; other languages, in the same vocabulary, may take twice as many."""

_SPARE_TOKENS = 8

_TEXT_OF_SILENCE = "You"
"""What the model writes for short noise and tones; the spoken word gets a full stop or question mark."""

_WINDOW_S = 20.0

_LISTS_KEPT = 64
"""Lists of key terms kept as tokens: each utterance of a stream has the same."""

_LENGTH_RATIO = 2.0
"""Windows decoded together differ at most by this factor, so that padding stays bounded."""


@dataclass(slots=True)
class Hearing:
    """What is kept of an utterance between two of its windows.

    Attributes:
        stem: of the audio heard.
        samples: length of the last window.
        path: what was decoded from it.
        terms: the stream's key terms, if it has any.
        text: ``path`` with key terms in it.
        closed: how sure the end of the path is that of a sentence, see `Passage`.
    """

    stem: Stem = field(default_factory=Stem)
    samples: int = 0
    path: Decoded = field(default_factory=Decoded)
    terms: Terms | None = None
    text: Decoded = field(default_factory=Decoded)
    closed: float | None = None


class MoonshineModel:
    """A Moonshine. See `STTModel`.

    The encoder runs window by window: on a CPU a batch of windows costs as much as its windows do one by one,
    and padding would come on top. The decoder's steps are shared by the rows of a batch. A row does not
    depend on its neighbours, but for rounding.

    An utterance that is heard again while it grows costs less than the first time: the decoder checks the
    last text in one run and only writes what is new, convolutions are kept, and a window that did not grow
    costs nothing. The text is the same as without, but for rounding.

    A window in which nothing was said gives an empty text: it is too quiet, or the text too improbable.

    Key terms are put into the text after it was decoded, see `antiphon.models.moonshine.biasing`: windows of
    streams without any cost and say the same in whatever company.
    """

    sample_rate = 16_000
    takes_keyterms = True

    def __init__(
        self, card: Card, encoder: Encoder, decoder: Decoder, vocabulary: Vocabulary, digest: str
    ) -> None:
        self.name = card.name
        self.languages = card.languages or ("en",)
        self.max_window_s = card.max_window_s or _WINDOW_S
        self._tokens_per_s = _TOKENS_PER_S * (1 if self.languages == ("en",) else 2)
        self._encoder = encoder
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._closing = Closing(vocabulary)
        self._terms = lru_cache(_LISTS_KEPT)(partial(_terms, vocabulary))
        self.digest = digest

    @classmethod
    def load(cls, folder: Path, card: Card) -> "MoonshineModel":
        """Read a folder of the encoder, the decoder (merged: with and without a past) and the tokenizer.

        Any Moonshine of the first generation will do: tiny, base, or another of that architecture, as
        ``.ort`` or ``.onnx``, of floats or 8-bit integers.

        Args:
            folder: of the files that `MOONSHINE` needs.
            card: what the files don't tell.

        Raises:
            ModelMissing: a file is not there.
            ModelCorrupt: a file is not what its name says.
        """
        encoder, decoder, tokenizer = files = MOONSHINE.files(folder)
        digests = [Digests(folder).known(path.name) for path in files]
        recipe = f"{_RECIPE} {digests[0]} {card.alignment_heads}"
        with prepared(decoder, recipe, lambda path: _graphs(encoder, path, card)) as graphs:
            stem, encoding, decoding = (open_session(graphs / name) for name in _GRAPHS)
        vocabulary = Vocabulary.load(tokenizer)
        digest = hashlib.sha256(" ".join(digests).encode()).hexdigest()
        return cls(card, Encoder(stem, encoding), Decoder(decoding), vocabulary, digest)

    def start(self, hints: Hints = NO_HINTS) -> Hearing:
        """The state of an utterance of which nothing was heard; see `STTModel.start`."""
        return Hearing(terms=self._terms(hints.keyterms) if hints.keyterms else None)

    def step(
        self, states: Sequence[Hearing], windows: Sequence[Samples], *, word_timestamps: Sequence[bool]
    ) -> list[Transcript]:
        """Hear several windows; see `STTModel.step`."""
        audible = {i: window for i, window in enumerate(windows) if _rms(window) >= _QUIETEST}
        grown = {i: window for i, window in audible.items() if len(window) != states[i].samples}
        for group in _of_like_length(grown):
            memories = [self._encoder.encode(windows[i], _TAIL, states[i].stem) for i in group]
            asked = np.union1d(first_tokens(states[i].terms for i in group), self._closing.signs)
            decoded = self._decoder.decode(
                memories,
                [self._most_tokens(windows[i]) for i in group],
                [states[i].path.tokens[: self._most_tokens(windows[i]) - 1] for i in group],
                asked,
            )
            for i, memory, path in zip(group, memories, decoded, strict=True):
                state = states[i]
                state.samples, state.path, state.text = len(windows[i]), path, path
                state.closed = self._closing.of(path, asked)
                if state.terms:
                    state.text = with_terms(path, state.terms, asked, self._decoder.session, memory)
        return [
            self._transcript(states[i].text, states[i].closed, window, timed=word_timestamps[i])
            if i in audible
            else Transcript("")
            for i, window in enumerate(windows)
        ]

    def _most_tokens(self, window: Samples) -> int:
        return math.ceil((len(window) + _TAIL) / self.sample_rate * self._tokens_per_s) + _SPARE_TOKENS

    def _transcript(self, path: Decoded, closed: float | None, window: Samples, *, timed: bool) -> Transcript:
        text = self._vocabulary.text(path.tokens)
        if not text or text == _TEXT_OF_SILENCE:
            return Transcript("")
        words = self._vocabulary.words(path.tokens)
        alone = len(sentences(words)) == 1  # it is where the speech is: its place needs no alignment
        spans = whole = [(0, len(window))] * len(words)
        if timed or not alone:
            spans = align(np.stack(path.looks), [word.tokens for word in words], window)
        times = tuple(Timed(word.text, *span) for word, span in zip(words, spans, strict=True))
        said = passages(words, whole if alone else spans, path.log_probabilities, closed)
        return Transcript(text, times if timed else (), passages=said)


def _graphs(encoder: Path, decoder: Path, card: Card) -> Mapping[str, bytes]:
    from antiphon.models.moonshine import graphs, weights  # later starts need not import onnx

    heard, written = weights.Parameters(encoder), weights.Parameters(decoder)
    shape = weights.shape_of(heard, written)
    for layer, head in card.alignment_heads:
        if not (0 <= layer < shape.decoder_layers and 0 <= head < shape.heads):
            raise ModelCorrupt(
                f"The alignment_heads of {card.name} name head {head} of layer {layer}: "
                f"{decoder} has {shape.decoder_layers} layers of {shape.heads} heads, counted from 0."
            )
    made = (
        graphs.stem(heard),
        graphs.encoder(shape, heard, written),
        graphs.decoder(shape, written, card.alignment_heads),
    )
    return dict(zip(_GRAPHS, made, strict=True))


def _terms(vocabulary: Vocabulary, keyterms: tuple[str, ...]) -> Terms:
    return Terms(keyterms, vocabulary)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def _of_like_length(windows: dict[int, Samples]) -> Iterator[list[int]]:
    """The indices of the windows, shortest first, in groups of like length."""
    group: list[int] = []
    for i in sorted(windows, key=lambda i: len(windows[i])):
        if group and len(windows[i]) > _LENGTH_RATIO * len(windows[group[0]]):
            yield group
            group = []
        group.append(i)
    if group:
        yield group
