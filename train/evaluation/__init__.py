"""What a bundle or a run is worth: figures, calls, hospitals, robustness, the shortcut audit, input
checks and lungs.

Each module measures, and returns what a document's table is printed from. Choosing among recipes
belongs to ``experiments``; nothing here trains.
"""
