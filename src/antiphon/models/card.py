"""What a model's files don't tell of it, and its maker or operator may."""

from typing import Annotated

import msgspec

Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}$")]
"""An ISO 639 code."""


class Traits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be told of a model beside its files.

    Attributes:
        languages: that it serves; without any, those that its files tell of, else English.
        max_window_s: seconds of audio it hears well at once; without it, what its family does.
        alignment_heads: (layer, head) of the attention that looks at the word being written, for the times of
            words; without any, what its files tell of or its family does.
    """

    languages: tuple[Language, ...] = ()
    max_window_s: Annotated[float, msgspec.Meta(gt=0, le=60)] | None = None
    alignment_heads: tuple[tuple[int, int], ...] = ()


class Card(Traits, frozen=True, forbid_unknown_fields=True):
    """A model's traits and the name that clients call it by."""

    name: str
