"""What the features of the API alone need."""
