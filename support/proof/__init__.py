"""The proof that every check can fail: run its scenario against a platform with a seeded defect."""
