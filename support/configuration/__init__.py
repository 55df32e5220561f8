"""What the features of configuration alone need."""
