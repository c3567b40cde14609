"""What a model is worth, from its bundle's table of predictions: confusion, curves, confidence
bands, bootstrap by patient, operating points, subgroups, comparison and the model card. No film is
read here and no network runs."""
