"""What the features of service coordination alone need."""
