"""One manifest an approach, in kubectl's own language; catalogue.yaml beside them."""
