"""From located text to the parts of a specification: characteristics, relationships, plans, and what they share."""
