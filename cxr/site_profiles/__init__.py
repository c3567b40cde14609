"""Hospital profiles that are there already: what one is and its file, where profiles are kept, how
a command names one, and the watch over the films that are read under it.

What a profile says, keeps or asks of later films belongs here. How one is fitted does not
(``cxr.site``, which stands above), nor what a classifier does with one (``cxr.model``).
"""
