"""What the features of database management alone need."""
