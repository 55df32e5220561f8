"""The published documents, tried with requests that are made from them."""
