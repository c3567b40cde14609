"""What happens inside a network: the answers of its layers, the channels that speak for a class,
the films that it finds most alike. No map over a film is made here: `explain` does."""
