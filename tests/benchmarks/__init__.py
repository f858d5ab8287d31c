"""Figures, each beside the raw limit measured in the same run: `make bench` prints them and fails where one is missed."""
