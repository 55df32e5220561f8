"""What one scenario has: its world, users, faults, undo, waiting, budgets, evidence and verdict."""
