"""What the pages share: how things are shown. Arithmetic and file formats are the library's."""
