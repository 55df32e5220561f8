"""Answers and events that are spoiled on their way to the driver, where a platform cannot be given defects."""
