"""What is checked after every scenario, whatever it was about."""
