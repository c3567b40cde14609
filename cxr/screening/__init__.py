"""The spine: how a file becomes an answer, where a film stands among others, and the words for it.

A table of many answers belongs to ``cxr.batch``, a document of one to ``cxr.report`` or
``cxr.dicom_out``; what a film shows to ``cxr.imaging``, what a network answers to ``cxr.model``.
"""
