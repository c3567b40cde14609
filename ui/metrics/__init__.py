"""The evidence page, a part a file. Each part gives blocks, HTML and charts alike, which the page
shows and the export writes down; what only a page can do, it does round them.
"""
