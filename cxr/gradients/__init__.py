"""Gradients of a network, taken by TensorFlow in a process of its own.

``worker`` starts that process, asks it and ends it; ``process`` is what runs there; ``frames`` is
how the two speak; ``tape`` takes the gradients. TensorFlow is loaded in that process alone. What is
made of a gradient does not belong here: ``explain`` makes maps of it.
"""
