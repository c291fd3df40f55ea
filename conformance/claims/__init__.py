"""The article's claims, declaring a property, and what can be said of one."""
