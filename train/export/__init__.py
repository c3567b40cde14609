"""From a run, or from a Keras network made elsewhere, to a calibrated bundle that the app opens.

Writing, converting, fitting temperature and limits on ``val``, and the check that the exported
network agrees with the trained one belong here. What a bundle is and how it is read belongs to
``cxr.model``.
"""
