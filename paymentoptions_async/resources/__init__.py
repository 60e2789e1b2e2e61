"""What a client can do, a file per noun: each operation a short method."""
