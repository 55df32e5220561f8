"""The commands: each module is one of the executables in bin/."""
