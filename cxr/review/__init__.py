"""Readers' verdicts on cases: what they are, how they are kept, and what is made of them.

``entries`` says what a row is, ``store`` keeps rows, ``queue`` puts cases in an order, ``folder``
finds their films, ``agreement`` compares readers, ``exchange`` and ``relabel`` let rows out and in.
No network runs here.
"""
