"""From batches to a run folder: training, losses, history, several devices."""
