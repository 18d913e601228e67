"""How sure the decoder is that what it wrote last ends a sentence.

It puts a full stop behind most fragments too, being trained on whole utterances; but where the speaker
goes on, a comma was hardly less probable in its place.
"""

import math

import numpy as np
from numpy.typing import NDArray

from antiphon.models.moonshine.decoder import NOTHING, Decoded
from antiphon.models.moonshine.tokens import Vocabulary

_STOPS = (".", "?", "!")
_COMMA = ","


class Closing:
    """Weighs the full stop at the end of a text against a comma.

    Attributes:
        signs: the tokens whose log-probabilities are to be told for that, sorted; none where the vocabulary
            lacks one of them.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        stops = [vocabulary.id_of(sign) for sign in _STOPS]
        comma = vocabulary.id_of(_COMMA)
        self._vocabulary = vocabulary
        self._stops = [token for token in stops if token is not None]
        self._comma = comma
        known = comma is not None and len(self._stops) == len(_STOPS)
        signs: NDArray[np.int64] = np.array(sorted([*self._stops, comma or 0]), np.int64)
        self.signs = signs if known else NOTHING

    def of(self, path: Decoded, asked: NDArray[np.int64]) -> float | None:
        """How much likelier a sentence ends with the last word than that a comma follows it.

        Args:
            path: what was decoded.
            asked: the tokens that ``path.told`` is of, sorted; ``signs`` are among them.

        Returns:
            A difference of natural logarithms; 0 where no sign ends the text; None where it ends with another
            sign, or nobody can tell.
        """
        if not len(self.signs) or not path.tokens:
            return None
        last = path.tokens[-1]
        if last == self._comma or self._vocabulary.letters([last]):
            return 0.0
        if last not in self._stops:
            return None
        told = path.told[-1]
        [comma, *stops] = told[np.searchsorted(asked, [self._comma or 0, *self._stops])].tolist()
        return math.log(sum(map(math.exp, stops))) - comma
