"""Tryghedsvandring: the server of the safety walks."""

__version__ = "0.1.0"
