"""The PACS from the command line: searched, fetched from, sent to, and films received from it."""
