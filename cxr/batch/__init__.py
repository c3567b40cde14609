"""Screening: all films of a folder, a list or an archive become one table.

`source` says which films there are and fetches their bytes, `state` keeps what is done already,
`engine` hands films to workers, which are processes (`local`) or actors (`cluster`) that do as
`scorer` says, `table_rows` makes a row of an answer, `parquet` writes the rows, `results` opens
such a table and looks through it. How one film is judged does not belong here (:func:`cxr.assess`).
"""
