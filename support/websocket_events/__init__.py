"""What the features of live events alone need."""
