"""A table of results once it is there: looked through page by page, handed out to readers, and what
they give back beside it.

The rows and the file itself are made in ``cxr.batch``; nothing here scores a film.
"""
