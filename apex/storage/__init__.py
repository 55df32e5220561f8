"""What services share of stored data: tables, transactions, cache, event stream."""
