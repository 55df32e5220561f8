"""The cloud accounts of customers, and what agents must say about them."""
