"""What a purchase costs, held against plain aiohttp and orjson."""
