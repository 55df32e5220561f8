"""What the features of agent execution alone need."""
