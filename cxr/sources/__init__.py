"""Where many films come from: a folder, a pattern, a list, an archive, a DICOMDIR, an object store,
a PACS, a folder that scanners still write to.

Which films there are, always in the same order, and the bytes of each belong here. What a film
shows (``cxr.imaging``) and how one is asked of a PACS (``cxr.dicomweb``) do not.
"""
