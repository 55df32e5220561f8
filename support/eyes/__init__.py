"""Eyes on what a running stack writes, past the platform; each continues where its last look ended."""
