"""From batches to a run folder: the training loop, losses, history, pretrained weights, several
devices.

A run folder holds everything that its training needs to go on after a kill. What films go in is
decided in ``data`` and by the recipe; nothing here looks at ``test`` or ``external``.
"""
