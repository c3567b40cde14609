"""Scoring and explaining from the command line. Other rooms have their commands in a module
``command`` of their own; these two need the whole library below. Nothing is worked out here that
the library does not offer.
"""
