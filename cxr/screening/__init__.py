"""The spine: how a file becomes an answer, where a film stands among others, and the words for it.
A table of many answers belongs to `batch`, a document of one to `report` or `dicom_out`."""
