"""What a recipe is worth elsewhere: trained without sites, in folds, with other values, and runs
held against each other in the ledger.

Whatever trains more than once, or compares what was trained, belongs here. One training is
``fit``; measuring a bundle that is there is ``evaluation``.
"""
