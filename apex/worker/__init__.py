"""Worker processes: they lease queued runs, carry them out, and deliver the outbox."""
