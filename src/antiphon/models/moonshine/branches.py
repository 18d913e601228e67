"""How probable other ways to go on are, from places of one text, for the same audio.

Ways that begin alike share what is computed of their beginnings, and a token sees the tokens on its own way
and no others: so one run of the decoder takes any number of them at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from antiphon.models.moonshine.decoder import HIDDEN
from antiphon.models.moonshine.shape import Floats
from antiphon.models.moonshine.tokens import START


class Branches:
    """A tree of tokens that grows.

    Node 0 stands before the first token; the others are numbered as they come.

    Args:
        session: of the decoder's graph, see `antiphon.models.moonshine.graphs`.
        memory: what the encoder heard, [2 · layers, heads, frames, head width].
        asked: the tokens whose log-probabilities can be told.
    """

    def __init__(self, session: Any, memory: Floats, asked: set[int]) -> None:
        parts, heads, frames, width = memory.shape
        tokens = sorted(asked)
        self._session = session
        self._column = {token: at for at, token in enumerate(tokens)}
        self._fixed = {
            "hears": np.zeros((1, 1, 1, frames), np.float32),
            "asked": np.array(tokens, np.int64),
            **{f"memory.{i}": part[None] for i, part in enumerate(memory)},
        }
        self._cache = [f"{layer}.{kind}" for layer in range(parts // 2) for kind in ("key", "value")]
        self._past = [np.zeros((1, heads, 0, width), np.float32) for _ in self._cache]
        self._tokens = [START]
        self._ways: list[list[int]] = [[0]]  # of each node, those it sees
        self._children: dict[tuple[int, int], int] = {}
        self._told: list[Floats] = []
        self._looks: list[Floats] = []

    def follow(self, node: int, tokens: Sequence[int]) -> None:
        """Go on after a node; what is new is computed by the next run."""
        for token in tokens:
            child = self._children.setdefault((node, token), len(self._tokens))
            if child == len(self._tokens):
                self._tokens.append(token)
                self._ways.append([*self._ways[node], child])
            node = child

    def run(self) -> None:
        """Compute the nodes that are new."""
        known, nodes = len(self._told), len(self._tokens)
        if known == nodes:
            return
        sees = np.full((1, 1, nodes - known, nodes), HIDDEN)
        for row, way in enumerate(self._ways[known:]):
            sees[0, 0, row, way] = 0
        told, looks, *self._past = self._session.run(
            ["told", "attention", *(f"present.{name}" for name in self._cache)],
            {
                "tokens": np.array([self._tokens[known:]], np.int64),
                "positions": np.array([[len(way) - 1 for way in self._ways[known:]]], np.int64),
                "sees": sees,
                **self._fixed,
                **{f"past.{name}": past for name, past in zip(self._cache, self._past, strict=True)},
            },
        )
        self._told += list(told[0])
        self._looks += list(looks[0])

    def log_probability(self, node: int, tokens: Sequence[int]) -> float:
        """Of tokens after a node, all but the last of which were followed and computed."""
        nodes = self._nodes(node, tokens)
        return sum(float(self._told[at][self._column[t]]) for at, t in zip(nodes, tokens, strict=True))

    def looks(self, node: int, tokens: Sequence[int]) -> list[Floats]:
        """The weights of such tokens on the encoder's frames, [frames] each."""
        return [self._looks[at] for at in self._nodes(node, tokens)]

    def _nodes(self, node: int, tokens: Sequence[int]) -> list[int]:
        nodes = [node]
        for token in tokens[:-1]:
            nodes.append(self._children[nodes[-1], token])
        return nodes
