"""Batch interfaces of vendors: many requests handed in at once, answered within a day, at half price."""
