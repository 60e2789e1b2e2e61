"""The tea shop as a Django project."""
