"""From what sources publish, or one's own films, to a data folder with its manifest.

Reading tables and archives, finding films, patients, views and duplicates belong here. How a
manifest is checked and cut for a training belongs to ``data``.
"""
