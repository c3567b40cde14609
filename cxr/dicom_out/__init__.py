"""What is said of a film as DICOM, for its study: a structured report, a picture of it, its window.

An assessment goes in and files come out. What is said was decided in ``cxr.screening``; sending the
files to a PACS belongs to ``cxr.pacs``.

>>> from cxr.dicom_out.results import results
>>> for each in results(data, found, model):
...     Path(f"{each.kind}.dcm").write_bytes(each.data)
"""
