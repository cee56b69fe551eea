"""Models spread over the machines of a cluster."""
