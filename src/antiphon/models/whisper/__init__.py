from antiphon.models.whisper.model import WhisperModel

__all__ = ["WhisperModel"]
