"""What happens inside a network: the answers of its layers, the channels that speak for a class,
the films that it finds most alike."""
