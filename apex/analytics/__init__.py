"""Analytics: what was done for whom, in ClickHouse."""
