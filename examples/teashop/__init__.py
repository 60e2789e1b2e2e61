"""A tea shop, once for each framework: the shop itself is `shop.py`, and each of the others serves it."""
