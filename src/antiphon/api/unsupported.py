"""Paths of the hosted service that this platform does without, and what to use in their place."""

from antiphon.errors import AntiphonError, NotFound, NotOffered

_INSTEAD: dict[str, str] = {
    "datasets": (
        "There are no datasets here, as no model is trained. For a voice of your own use POST /voices/clone; "
        "for words that are misspoken, POST /pronunciation-dicts."
    ),
    "fine-tunes": (
        "There are no fine-tunes here: the models are those of the operator. For a voice of your own use "
        "POST /voices/clone or POST /voices/localize."
    ),
    "agents": (
        "There are no agents here. Run one with a framework such as LiveKit Agents or Pipecat, and give it "
        "this server for speech: WS /stt/turns/websocket and WS /tts/websocket."
    ),
    "usage": (
        "Usage is not counted per account here. The operator finds requests and streams in the metrics of "
        "the API server."
    ),
    "api-keys": (
        "Keys are the operator's here (setting api_key). To give out a part of what a key may do use POST "
        "/access-token."
    ),
    "files": ("No files are kept here: POST /tts/bytes answers the audio itself, and `save` has no effect."),
}


def refusal(path: str) -> AntiphonError:
    """The error for a path that no route has."""
    first = path.removeprefix("/v1/").strip("/").partition("/")[0]
    if first not in _INSTEAD:
        return NotFound("There is no such path here.")
    # Clients of agents know a 404.
    return (NotFound if first == "agents" else NotOffered)(_INSTEAD[first])
