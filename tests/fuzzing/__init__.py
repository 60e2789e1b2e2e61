"""Fuzzing: bytes that nobody promised, against everything that reads bytes from outside."""
