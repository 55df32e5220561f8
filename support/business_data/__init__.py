"""What the features of business data alone need."""
