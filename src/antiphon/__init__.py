"""Antiphon: a self-hosted, real-time speech platform."""

__version__ = "0.1.0"
