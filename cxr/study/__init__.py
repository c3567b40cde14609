"""A reader study: each film read without the model's call and then with it.

``plan`` says which films, in which order, and on which the call that is shown is wrong on purpose;
``answers`` keeps what readers say; ``figures`` says what the call was worth to them, and whether
they followed it where it was wrong; ``export`` lets the answers out.
No network runs here: the model's calls are given.
"""
