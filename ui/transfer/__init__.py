"""How films come in, and what leaves the app: files and samples, films from the PACS, tables,
pictures, reports and DICOM. What is shown of a film in between belongs to `panels`."""
