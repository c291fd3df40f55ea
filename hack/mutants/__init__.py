"""Mutation of the instrument: deliberate weakenings, each of which a final observation of recorded evidence must tell."""
