"""Starting, owning and breaking the real services that the suite runs on."""
