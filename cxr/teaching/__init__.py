"""What is shown to a class: samples and drawn phantoms, stories, and the film's way to the network
in stages. How a page shows them is in `ui/lab`."""
