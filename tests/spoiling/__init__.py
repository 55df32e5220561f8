"""Answers and events that are spoiled on their way to the driver."""
