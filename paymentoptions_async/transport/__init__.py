"""The way to the gateway: connections, one attempt, its evidence, and whether there is another."""
