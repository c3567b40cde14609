"""A bundle's input checks: how they are fitted, and what they are worth.

What a check measures, and what is said of it, belongs to ``cxr.input_checks``; nothing here is
asked when a film is read.
"""
