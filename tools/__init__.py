"""What helps to release this package, and is no part of it."""
