"""Tests of the benchmarks: what is judged, shown and listed, fed with good and bad input."""
