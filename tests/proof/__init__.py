"""The parts of the proof that judge and choose."""
