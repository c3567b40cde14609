"""Recipes, one TOML file each, and what they may hold.

A recipe says which network learns what from which films, and how long; `checked` refuses values
that cannot be meant, `plan` tells which of them decide what comes of a training. No code of a
network or of an augmentation belongs here.
"""
