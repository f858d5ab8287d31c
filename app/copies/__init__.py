"""Copies of what was written: a phone's, taken into its walk; and the whole installation's, kept and put back."""


class Unusable(Exception):
    """What was given, a file or a folder, is not what it should be, or may not be taken; the text is the sentence."""
