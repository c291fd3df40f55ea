"""Whether a world's kernel keeps each program's vector registers for it: `vectors.c`, run in a world that stands."""
