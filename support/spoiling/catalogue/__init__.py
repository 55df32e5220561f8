"""The catalogue of what is spoiled, by what it is about; the same for every target."""
