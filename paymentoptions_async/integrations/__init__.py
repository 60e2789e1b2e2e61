"""At home in async frameworks: one short module each, imported by whoever uses that framework."""
