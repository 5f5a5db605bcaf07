"""The catalog as a picture: offerings, specifications, what they are made of, and their plans."""
