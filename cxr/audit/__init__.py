"""The audit log: who was shown what of which film, when, by which network, and what was said of it.

``log`` keeps rows that are only ever added, each with the hash of the one before; ``chain`` finds
whatever was changed since; ``events`` says what a row holds; ``writer`` keeps pages from waiting.
No name of a patient or of a file comes in here.
"""
