"""What a licence allows: its terms, and which licence a text is."""
