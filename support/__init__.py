"""The acceptance suite: everything that steps, hooks and commands share."""
