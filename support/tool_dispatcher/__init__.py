"""What the features of the tool dispatcher alone need."""
