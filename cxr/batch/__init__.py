"""Screening: all films of a source become one table.

`run` lists the films (``cxr.sources``), `state` keeps what is done already, `engine` hands films to
workers, which are processes (`local`) or actors (`cluster`) that do as `scorer` says, `table_rows`
makes a row of an answer, `parquet` writes the rows, `timings` how long each film took, `scores`
holds the rows against known ones. How one film is judged does not belong here
(:func:`cxr.assess`), nor how the table is looked through (``cxr.worklist``).
"""
